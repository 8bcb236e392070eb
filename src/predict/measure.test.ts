import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Measurement, measureMask } from './measure.js';

const [WIDTH, HEIGHT] = [200, 180];
const [CX, CY] = [98.3, 88.7];

/** The pixels whose centres lie in a shape, which is given by places from its middle, in millimetres. */
function mask(
  inside: (x: number, y: number) => boolean,
  [stepX, stepY]: readonly [number, number] = [1, 1],
): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
    Number(inside(((i % WIDTH) - CX) * stepX, (Math.floor(i / WIDTH) - CY) * stepY)),
  );
}

function turned(inside: (x: number, y: number) => boolean, degrees: number): (x: number, y: number) => boolean {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return (x, y) => inside(x * cos + y * sin, y * cos - x * sin);
}

const ellipse = (a: number, b: number) => (x: number, y: number) => (x / a) ** 2 + (y / b) ** 2 <= 1;
const rectangle = (a: number, b: number) => (x: number, y: number) => Math.abs(x) <= a / 2 && Math.abs(y) <= b / 2;

/** Ramanujan's formula, right to many digits. */
function ellipsePerimeter(a: number, b: number): number {
  return Math.PI * (3 * (a + b) - Math.sqrt((3 * a + b) * (a + 3 * b)));
}

function measure(shape: (x: number, y: number) => boolean): Measurement {
  return measureMask({ width: WIDTH, height: HEIGHT, data: mask(shape) });
}

/** Cosine of the angle between the two diameters, in millimetres. */
function cosine({ longest, shortest }: Measurement, [stepX, stepY]: readonly [number, number] = [1, 1]): number {
  const [[a, b], [c, d]] = [longest!, shortest!];
  const [ux, uy] = [(b[0] - a[0]) * stepX, (b[1] - a[1]) * stepY];
  const [vx, vy] = [(d[0] - c[0]) * stepX, (d[1] - c[1]) * stepY];
  return (ux * vx + uy * vy) / (Math.hypot(ux, uy) * Math.hypot(vx, vy));
}

const off = (actual: number, expected: number): number => Math.abs(actual / expected - 1);

describe('the measurements of a mask', () => {
  it.each([6, 12, 25, 50, 80])('are those of a disc of radius %i', (radius) => {
    const found = measure(ellipse(radius, radius));
    expect(off(found.areaPx, Math.PI * radius ** 2)).toBeLessThan(0.03);
    expect(off(found.perimeterPx, 2 * Math.PI * radius)).toBeLessThan(0.015);
    expect(Math.abs(found.longestDiameterPx - 2 * radius)).toBeLessThan(1);
    expect(Math.abs(found.shortestDiameterPx - 2 * radius)).toBeLessThan(1);
  });

  it.each([0, 7, 22.5, 30, 45, 63, 90, 120])('are those of an ellipse turned by %f degrees', (degrees) => {
    const found = measure(turned(ellipse(70, 30), degrees));
    expect(off(found.perimeterPx, ellipsePerimeter(70, 30))).toBeLessThan(0.01);
    expect(Math.abs(found.longestDiameterPx - 140)).toBeLessThan(1);
    expect(Math.abs(found.shortestDiameterPx - 60)).toBeLessThan(1.5);
    expect(Math.abs(cosine(found))).toBeLessThan(1e-9);
  });

  it.each([0, 10, 22.5, 45, 77])('are those of a rectangle turned by %f degrees', (degrees) => {
    const [a, b] = [100, 40];
    const found = measure(turned(rectangle(a, b), degrees));
    expect(off(found.areaPx, a * b)).toBeLessThan(0.02);
    expect(off(found.perimeterPx, 2 * (a + b))).toBeLessThan(0.04);
    expect(Math.abs(found.longestDiameterPx - Math.hypot(a, b))).toBeLessThan(1.5);
    // The longest line across a diagonal at right angles ends on both long sides.
    expect(Math.abs(found.shortestDiameterPx - (b * Math.hypot(a, b)) / a)).toBeLessThan(1.5);
  });

  it('of an upright rectangle are whole numbers where they should be', () => {
    const values = new Uint8Array(20 * 10);
    for (let y = 2; y < 5; y++) values.fill(1, y * 20 + 3, y * 20 + 15);
    const found = measureMask({ width: 20, height: 10, data: values }, [0.5, 0.5]);
    expect(found).toMatchObject({ areaPx: 36, areaMm2: 9 });
    expect(found.longestDiameterPx).toBeCloseTo(Math.hypot(12, 2), 10);
    expect(found.longest).toEqual([
      [2.5, 2],
      [14.5, 4],
    ]);
    expect(found.longestDiameterMm).toBeCloseTo(Math.hypot(12, 2) / 2, 10);
  });

  it('of one pixel and of a line are as long as these are', () => {
    const values = new Uint8Array(30);
    values[12] = 1;
    const found = measureMask({ width: 10, height: 3, data: values });
    expect(found).toMatchObject({ areaPx: 1, perimeterPx: 4, longestDiameterPx: 1, shortestDiameterPx: 1 });
    values.fill(1, 11, 18);
    expect(measureMask({ width: 10, height: 3, data: values })).toMatchObject({
      areaPx: 7,
      longestDiameterPx: 7,
      shortestDiameterPx: 1,
    });
  });

  it('are in millimetres for pixels that are not square', () => {
    const spacing = [0.3, 0.7] as const;
    const found = measureMask(
      { width: WIDTH, height: HEIGHT, data: mask(turned(ellipse(26, 14), 35), spacing) },
      spacing,
    );
    expect(off(found.areaMm2!, Math.PI * 26 * 14)).toBeLessThan(0.01);
    expect(off(found.perimeterMm!, ellipsePerimeter(26, 14))).toBeLessThan(0.01);
    expect(Math.abs(found.longestDiameterMm! - 52)).toBeLessThan(0.7);
    expect(Math.abs(found.shortestDiameterMm! - 28)).toBeLessThan(0.7);
    expect(Math.abs(cosine(found, spacing))).toBeLessThan(1e-9);
    expect(found.areaPx * 0.21).toBeCloseTo(found.areaMm2!, 8);
  });

  it('take the width where a bent shape is, not across the gap beside it', () => {
    // Half a ring, open to the right: across its long axis it is widest where the inner circle begins.
    const bent = measure((x, y) => x <= 0 && Math.hypot(x, y) <= 60 && Math.hypot(x, y) > 40);
    expect(Math.abs(bent.longestDiameterPx - 120)).toBeLessThan(1);
    // The widest place is a corner: the long axis leaning by one degree moves it by two pixels.
    expect(Math.abs(bent.shortestDiameterPx - Math.sqrt(60 ** 2 - 40 ** 2))).toBeLessThan(3);
  });

  it('count the border of a hole, and are those of the largest part', () => {
    const ring = measure((x, y) => Math.hypot(x, y) <= 60 && Math.hypot(x, y) > 30);
    expect(off(ring.perimeterPx, 2 * Math.PI * 90)).toBeLessThan(0.01);
    expect(ring.parts).toBe(1);
    const large = (x: number, y: number): boolean => Math.hypot(x - 40, y) <= 20;
    const parts = measure((x, y) => large(x, y) || Math.hypot(x + 60, y) <= 10 || Math.hypot(x + 60, y - 40) <= 1);
    expect(parts).toEqual({ ...measure(large), parts: 3 });
    expect(Math.abs(parts.longestDiameterPx - 40)).toBeLessThan(1);
  });

  it('of an empty mask are zero, without diameters', () => {
    expect(measureMask({ width: 4, height: 3, data: new Uint8Array(12) }, [1, 1])).toEqual({
      parts: 0,
      areaPx: 0,
      perimeterPx: 0,
      longestDiameterPx: 0,
      shortestDiameterPx: 0,
      longest: null,
      shortest: null,
      areaMm2: 0,
      perimeterMm: 0,
      longestDiameterMm: 0,
      shortestDiameterMm: 0,
    });
  });

  it('of any mask fit together', () => {
    const masks = fc
      .tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 16 }))
      .chain(([width, height]) =>
        fc
          .array(fc.constantFrom(0, 0, 1), { minLength: width * height, maxLength: width * height })
          .map((values) => ({ width, height, values: Uint8Array.from(values) })),
      );
    fc.assert(
      fc.property(masks, fc.double({ min: 0.1, max: 3, noNaN: true }), ({ width, height, values }, stepX) => {
        const found = measureMask({ width, height, data: values }, [stepX, 1]);
        if (!found.longest || !found.shortest) {
          expect(found.areaPx).toBe(0);
          return;
        }
        expect(found.shortestDiameterMm).toBeLessThanOrEqual(found.longestDiameterMm! * (1 + 1e-9));
        // The diagonal of the image bounds the diameters, and a closed line around a diameter is twice as long.
        expect(found.longestDiameterMm).toBeLessThanOrEqual(Math.hypot(width * stepX, height) + 1e-9);
        expect(found.shortestDiameterMm).toBeGreaterThan(0);
        expect(found.perimeterMm).toBeGreaterThan(0);
      }),
    );
  });

  it('refuse a mask of another size and a pixel without size', () => {
    expect(() => measureMask({ width: 2, height: 3, data: new Uint8Array(5) })).toThrow(
      expect.objectContaining({ code: 'MEASURE_SIZE' }),
    );
    for (const bad of [0, -1, Number.NaN]) {
      expect(() => measureMask({ width: 2, height: 3, data: new Uint8Array(6) }, [1, bad])).toThrow(
        expect.objectContaining({ kind: 'usage', code: 'MEASURE_SPACING' }),
      );
    }
  });
});
