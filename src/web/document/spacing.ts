/**
 * Which millimetres hold for a mask: those set by hand, else those of the file at the mask. A DICOM file may
 * have regions of different spacing, and places without one.
 */
import { type Calibration, spacingIn } from '../../formats/dicom/regions.js';
import { rleBox } from '../../formats/rle.js';
import type { PackedMask, Scale } from './types.js';

/** Of a frame of a DICOM file. */
export interface CalibratedFrame {
  readonly calibration: Calibration;
  /** From 1. */
  readonly frame: number;
}

export interface MaskSpacing {
  readonly scale: Scale | null;
  /** Why a DICOM file justifies none. */
  readonly why: string | null;
}

export function maskSpacing(mask: PackedMask, scale: Scale | null, place: CalibratedFrame | null): MaskSpacing {
  if (scale?.origin === 'calibrated' || !place) return { scale, why: null };
  const box = rleBox(mask);
  if (!box) return { scale: null, why: null };
  const { spacingMm: mm, why } = spacingIn(place.calibration, place.frame, box);
  return mm ? { scale: { mm, origin: 'file' }, why: null } : { scale: null, why };
}
