import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outlinePath } from './outline.js';

/** Fills a path by counting the vertical edges left of each pixel, as the even-odd rule does. */
function fill(path: string, width: number, height: number): number[] {
  const crossed = new Uint8Array((width + 1) * height);
  for (const loop of path.split('z').filter(Boolean)) {
    const [, x0, y0] = /^M(\d+) (\d+)/.exec(loop)!;
    let [x, y] = [Number(x0), Number(y0)];
    for (const [, axis, length] of loop.matchAll(/([hv])(-?\d+)/g)) {
      if (axis === 'h') x += Number(length);
      else {
        for (let row = Math.min(y, y + Number(length)); row < Math.max(y, y + Number(length)); row++) {
          crossed[row * (width + 1) + x]! ^= 1;
        }
        y += Number(length);
      }
    }
    expect([x, y]).toEqual([Number(x0), Number(y0)]);
  }
  return Array.from({ length: width * height }, (_, i) => {
    const row = Math.floor(i / width) * (width + 1);
    return crossed.subarray(row, row + (i % width) + 1).reduce((a, b) => a ^ b, 0);
  });
}

describe('an outline', () => {
  it('is the square around a pixel', () => {
    expect(outlinePath({ width: 3, height: 3, data: Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0) })).toBe(
      'M2 1v1h-1v-1h1z',
    );
  });

  it('joins pixels of a row and parts pixels that touch at a corner', () => {
    expect(outlinePath({ width: 3, height: 1, data: Uint8Array.of(1, 1, 0) })).toBe('M2 0v1h-2v-1h2z');
    expect(outlinePath({ width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 1) }).match(/M/g)).toHaveLength(2);
  });

  it('is empty for an empty mask', () => {
    expect(outlinePath({ width: 2, height: 2, data: new Uint8Array(4) })).toBe('');
  });

  it('encloses exactly the mask', () => {
    const size = fc.integer({ min: 1, max: 12 });
    const masks = fc
      .tuple(size, size)
      .chain(([width, height]) =>
        fc
          .array(fc.constantFrom(0, 1), { minLength: width * height, maxLength: width * height })
          .map((values) => ({ width, height, values })),
      );
    fc.assert(
      fc.property(masks, ({ width, height, values }) => {
        expect(fill(outlinePath({ width, height, data: Uint8Array.from(values) }), width, height)).toEqual(values);
      }),
    );
  });
});
