import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceOutlines } from './outline.js';
import { maskToPolygons, polygonsToMask } from './polygons.js';

/** A mask of rows of text, `#` inside. */
function drawn(...rows: string[]): { mask: Uint8Array; width: number; height: number } {
  const mask = Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0));
  return { mask, width: rows[0]!.length, height: rows.length };
}

/** Twice the area by the shoelace formula; positive is clockwise on the screen. */
function signedArea(polygon: readonly number[]): number {
  let area = 0;
  for (let i = 0; i < polygon.length; i += 2) {
    const [bx, by] = [polygon[(i + 2) % polygon.length]!, polygon[(i + 3) % polygon.length]!];
    area += polygon[i]! * by - bx * polygon[i + 1]!;
  }
  return area / 2;
}

const anyMask = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }), fc.constantFrom(1, 3, 8))
  .chain(([width, height, share]) =>
    fc
      .array(fc.nat({ max: share }), { minLength: width * height, maxLength: width * height })
      .map((values) => ({ width, height, mask: Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)) })),
  );

describe('the polygons of a mask', () => {
  it('go along the borders of its pixels, clockwise', () => {
    const { mask, width, height } = drawn('....', '.##.', '.#..');
    expect(maskToPolygons({ width, height, data: mask })).toEqual([[3, 1, 3, 2, 2, 2, 2, 3, 1, 3, 1, 1]]);
  });

  it('are apart where pixels touch at a corner', () => {
    const { mask, width, height } = drawn('#.', '.#');
    expect(maskToPolygons({ width, height, data: mask })).toHaveLength(2);
  });

  it('are cut at a hole into pieces that have none', () => {
    const { mask, width, height } = drawn('#####', '#.#.#', '#####', '.....', '##...');
    const polygons = maskToPolygons({ width, height, data: mask });
    expect(polygons).toHaveLength(4);
    expect(polygons.every((polygon) => signedArea(polygon) > 0)).toBe(true);
    expect(polygonsToMask(polygons, width, height)).toEqual(mask);
  });

  it('of nothing are none', () => {
    expect(maskToPolygons({ width: 4, height: 3, data: new Uint8Array(12) })).toEqual([]);
  });

  it('make the mask again, whatever its holes, without overlap', () => {
    fc.assert(
      fc.property(anyMask, ({ mask, width, height }) => {
        const polygons = maskToPolygons({ width, height, data: mask });
        expect(polygonsToMask(polygons, width, height)).toEqual(mask);
        // Areas of hole-free polygons add up to the pixels only if none overlaps another.
        const areas = polygons.map(signedArea);
        expect(Math.min(1, ...areas)).toBeGreaterThan(0);
        expect(areas.reduce((a, b) => a + b, 0)).toBe(mask.reduce((a, b) => a + b, 0));
      }),
      { numRuns: 300 },
    );
  });

  it('refuse a mask of another size', () => {
    expect(() => maskToPolygons({ width: 2, height: 3, data: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'POLYGON_SIZE' }),
    );
  });
});

describe('the outlines of a mask', () => {
  it('distinguish objects from holes and have all their borders', () => {
    fc.assert(
      fc.property(anyMask, ({ mask, width, height }) => {
        const rings = traceOutlines({ width, height, data: mask });
        let borders = 0;
        const inside = (x: number, y: number): number =>
          x >= 0 && y >= 0 && x < width && y < height ? mask[y * width + x]! : 0;
        for (let y = 0; y <= height; y++) {
          for (let x = 0; x <= width; x++) {
            borders += Number(inside(x, y) !== inside(x - 1, y)) + Number(inside(x, y) !== inside(x, y - 1));
          }
        }
        let length = 0;
        for (const { corners, hole } of rings) {
          expect(signedArea(corners) < 0).toBe(hole);
          for (let i = 0; i < corners.length; i += 2) {
            const next = (i + 2) % corners.length;
            length += Math.abs(corners[next]! - corners[i]!) + Math.abs(corners[next + 1]! - corners[i + 1]!);
          }
        }
        expect(length).toBe(borders);
      }),
    );
  });
});

describe('the mask of polygons', () => {
  it('holds the pixels whose centres lie within', () => {
    const mask = polygonsToMask([[0.4, 0.4, 2.6, 0.4, 2.6, 1.6, 0.4, 1.6]], 4, 3);
    expect([...mask]).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0]);
  });

  it('gives a centre on a common border to one of two neighbours', () => {
    const left = [0, 0, 1.5, 0, 1.5, 2, 0, 2];
    const right = [1.5, 0, 3, 0, 3, 2, 1.5, 2];
    const both = [left, right].map((polygon) => polygonsToMask([polygon], 3, 2));
    expect([...both[0]!].map((value, i) => value + both[1]![i]!)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('is that of all polygons together, cut off at the border of the image', () => {
    const mask = polygonsToMask(
      [
        [-1e9, -5, 1, -5, 1, 1e9, -1e9, 1e9],
        [0, 0, 2, 0, 2, 1, 0, 1],
      ],
      3,
      2,
    );
    expect([...mask]).toEqual([1, 1, 0, 1, 0, 0]);
  });

  it.each([[[0, 0, 1, 1]], [[0, 0, 1, 0, 1]], [[0, 0, 1, 0, 1, Number.NaN]]])('refuses %j', (polygon) => {
    expect(() => polygonsToMask([polygon], 2, 2)).toThrow(
      expect.objectContaining({ kind: 'input', code: 'POLYGON_INVALID' }),
    );
  });
});
