import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { squaredDistances } from './distanceTransform.js';

const maps = fc
  .record({
    width: fc.integer({ min: 1, max: 14 }),
    height: fc.integer({ min: 1, max: 14 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .chain(({ width, height, share }) =>
    fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: width * height, maxLength: width * height })
      .map((draws) => ({ width, height, marked: Uint8Array.from(draws, (draw) => (draw < share ? 1 : 0)) })),
  );

/** By looking at every pair of pixels. */
function bySearch(
  marked: Uint8Array,
  width: number,
  height: number,
  [sx, sy]: readonly [number, number],
  beyond: boolean,
): number[] {
  return Array.from(marked, (_, i) => {
    let best = Number.POSITIVE_INFINITY;
    const [x, y] = [i % width, Math.floor(i / width)];
    for (let v = -1; v <= height; v++) {
      for (let u = -1; u <= width; u++) {
        const inside = u >= 0 && v >= 0 && u < width && v < height;
        if (inside ? marked[v * width + u] === 0 : !beyond) continue;
        best = Math.min(best, ((u - x) * sx) ** 2 + ((v - y) * sy) ** 2);
      }
    }
    return best;
  });
}

describe('squared distances', () => {
  it('are those to the nearest marked pixel, in pixels exactly', () => {
    fc.assert(
      fc.property(maps, fc.boolean(), ({ width, height, marked }, beyond) => {
        const squares = squaredDistances(marked, width, height, { beyond });
        expect([...squares]).toEqual(bySearch(marked, width, height, [1, 1], beyond));
      }),
    );
  });

  it('hold for pixels that are not square', () => {
    const step = fc.double({ min: 0.01, max: 20, noNaN: true });
    fc.assert(
      fc.property(maps, fc.tuple(step, step), fc.boolean(), ({ width, height, marked }, spacing, beyond) => {
        const squares = squaredDistances(marked, width, height, { spacing, beyond });
        for (const [i, expected] of bySearch(marked, width, height, spacing, beyond).entries()) {
          if (expected === Number.POSITIVE_INFINITY) expect(squares[i]).toBe(expected);
          else expect(Math.abs(squares[i]! - expected)).toBeLessThanOrEqual(1e-12 * expected);
        }
      }),
    );
  });

  it('are infinite where nothing is marked', () => {
    expect([...squaredDistances(new Uint8Array(6), 3, 2)]).toEqual(new Array(6).fill(Number.POSITIVE_INFINITY));
  });
});
