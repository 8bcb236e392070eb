import { describe, expect, it } from 'vitest';
import type { Calibration } from '../../formats/dicom/regions.js';
import { encodeRle } from '../../formats/rle.js';
import { maskSpacing } from './spacing.js';

const region = (box: readonly [number, number, number, number], spacingMm: readonly [number, number] | null) => ({
  ...{ box, type: 1, spacingMm, highPriority: true },
  ...{ measures: spacingMm !== null, why: spacingMm ? null : 'not a 2D region' },
});
/** B-mode on the left, with pixels that are wider than high, and M-mode on the right. */
const calibration: Calibration = {
  regions: [region([0, 0, 9, 9], [0.2, 0.1]), region([10, 0, 19, 9], null)],
  wholeMm: null,
};
const place = { calibration, frame: 1 };

function mask(from: number, to: number) {
  const data = new Uint8Array(200);
  for (let x = from; x <= to; x++) data[3 * 20 + x] = 1;
  return encodeRle({ width: 20, height: 10, data });
}

describe('the millimetres of a mask', () => {
  it('are those of the region that it lies in', () => {
    expect(maskSpacing(mask(2, 9), null, place)).toEqual({ scale: { mm: [0.2, 0.1], origin: 'file' }, why: null });
  });

  it('are none where it leaves the region or lies in another that does not measure, whatever the image has', () => {
    const elsewhere = { scale: null, why: 'outside of the calibrated region' };
    expect(maskSpacing(mask(8, 12), null, place)).toEqual(elsewhere);
    expect(maskSpacing(mask(12, 14), { mm: [1, 1], origin: 'file' }, place)).toEqual(elsewhere);
  });

  it('are those set by hand, before all others', () => {
    const byHand = { mm: [0.5, 0.5], origin: 'calibrated' } as const;
    expect(maskSpacing(mask(2, 9), byHand, place)).toEqual({ scale: byHand, why: null });
    expect(maskSpacing(mask(12, 14), byHand, place)).toEqual({ scale: byHand, why: null });
  });

  it('are those of the image where it is no DICOM file', () => {
    const ofFile = { mm: [0.3, 0.3], origin: 'file' } as const;
    expect(maskSpacing(mask(2, 9), ofFile, null)).toEqual({ scale: ofFile, why: null });
    expect(maskSpacing(mask(2, 9), null, null)).toEqual({ scale: null, why: null });
  });
});
