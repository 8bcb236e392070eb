/**
 * Millimetres of a mask on an image of a DICOM file: only where a region of the image that measures holds the mask, else
 * the reason. Lengths are measured by measure.ts.
 */
import type { MaskMillimetres } from '../formats/annotation.js';
import { type Calibration, spacingIn } from '../formats/dicom/regions.js';
import { extentOf, type Mask } from '../formats/mask.js';
import { measureMask } from './measure.js';

/**
 * The area of all pixels, and perimeter and axes of the largest part.
 * @param frame from 1
 */
export function maskMillimetres(mask: Mask, calibration: Calibration, frame: number): MaskMillimetres {
  const { area, box } = extentOf(mask.data, mask.width);
  if (!box) return { why: 'the mask is empty' };
  const { spacingMm, why } = spacingIn(calibration, frame, box);
  if (!spacingMm) return { why: why ?? 'unknown' };
  const { perimeterMm = 0, longestDiameterMm = 0, shortestDiameterMm = 0 } = measureMask(mask, spacingMm);
  return {
    areaMm2: plain(area * spacingMm[0] * spacingMm[1]),
    perimeterMm: plain(perimeterMm),
    longAxisMm: plain(longestDiameterMm),
    shortAxisMm: plain(shortestDiameterMm),
  };
}

/** Without the noise of products. */
const plain = (value: number): number => Number(value.toPrecision(12));
