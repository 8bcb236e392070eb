import { describe, expect, it } from 'vitest';
import type { Calibration, UltrasoundRegion } from '../formats/dicom/regions.js';
import { maskMillimetres } from './millimetres.js';

const region = (box: UltrasoundRegion['box'], spacingMm: readonly [number, number]): UltrasoundRegion => ({
  ...{ box, spacingMm, type: 1, measures: true, why: null, highPriority: true },
});
/** Tissue on the left, with pixels that are twice as high as wide; other tissue beside it. */
const CALIBRATION: Calibration = {
  regions: [region([0, 0, 99, 79], [0.25, 0.5]), region([100, 0, 159, 79], [1, 1])],
  wholeMm: null,
};

/** Rectangles, both corners included. */
function mask(...boxes: readonly (readonly [number, number, number, number])[]) {
  const data = new Uint8Array(160 * 80);
  for (const [x0, y0, x1, y1] of boxes) {
    for (let y = y0; y <= y1; y++) data.fill(1, y * 160 + x0, y * 160 + x1 + 1);
  }
  return { width: 160, height: 80, data };
}

describe('millimetres of a mask', () => {
  it('are those of the region around it, x and y apart', () => {
    // 40 x 30 pixels are 10 x 15 mm.
    const found = maskMillimetres(mask([10, 10, 49, 39]), CALIBRATION, 1);
    expect(found).toMatchObject({ areaMm2: 150 });
    if ('why' in found) throw new Error(found.why);
    // Between the middles of the outermost pixels and their corners.
    expect(found.longAxisMm).toBeGreaterThan(Math.hypot(9.75, 14.5));
    expect(found.longAxisMm).toBeLessThan(Math.hypot(10, 15));
    expect(Math.abs(found.perimeterMm - 50)).toBeLessThan(2);
    expect(maskMillimetres(mask([110, 10, 119, 29]), CALIBRATION, 1)).toMatchObject({ areaMm2: 200 });
  });

  it('count all parts in the area, as the area in pixels does', () => {
    const found = maskMillimetres(mask([10, 10, 49, 39], [70, 60, 71, 61]), CALIBRATION, 1);
    expect(found).toMatchObject({ areaMm2: 150.5 });
  });

  it('are unknown across regions, of no mask, and where the file states nothing', () => {
    const outside = { why: 'outside of the calibrated region' };
    expect(maskMillimetres(mask([90, 10, 109, 29]), CALIBRATION, 1)).toEqual(outside);
    expect(maskMillimetres(mask(), CALIBRATION, 1)).toEqual({ why: 'the mask is empty' });
    const none = { regions: [], wholeMm: null };
    expect(maskMillimetres(mask([1, 1, 9, 9]), none, 1)).toEqual({ why: 'the file states no spacing' });
  });
});
