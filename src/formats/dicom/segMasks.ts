/**
 * The masks of a segmentation that belong to a frame of an image: by the UID of the image and the number of the frame,
 * never by position.
 */
import { SamusError } from '../../errors.js';
import type { Mask } from '../mask.js';
import type { DicomSeg, ReadMask } from './readSeg.js';

/** A frame of an image, counted from 1. */
export interface MaskedFrame {
  /** Absent where the file is not DICOM or has no UID. */
  readonly sopInstanceUid?: string;
  readonly frame: number;
  readonly width: number;
  readonly height: number;
}

interface SegmentMask {
  readonly segment: DicomSeg['segments'][number];
  readonly mask: ReadMask;
}

/**
 * The segments of an image with their masks on a frame; none where the segmentation has no mask on it.
 * @throws SamusError DICOM_SEG_REFERENCE if it does not refer to the image, or is of another size
 */
export function segMasksOn(seg: DicomSeg, { sopInstanceUid, frame, width, height }: MaskedFrame): SegmentMask[] {
  if (sopInstanceUid === undefined || !seg.sources.includes(sopInstanceUid)) {
    const message = `expected a segmentation of this image, got one of ${seg.sources.length} other image(s)`;
    throw noFit(message, 'choose the segmentation that was made of this DICOM file');
  }
  if (seg.width !== width || seg.height !== height) {
    const message = `expected a segmentation of ${width}x${height} pixels, got ${seg.width}x${seg.height}`;
    throw noFit(message, 'choose the segmentation that was made of this DICOM file');
  }
  return seg.segments.flatMap((segment) =>
    segment.masks
      .filter((mask) => mask.source === sopInstanceUid && mask.frame === frame)
      .map((mask) => ({ segment, mask })),
  );
}

/**
 * The mask for an object: that of the segment of its name, or the only one on the frame.
 * @throws SamusError DICOM_SEG_REFERENCE as segMasksOn, and if there is none or which one is meant is not known
 */
export function segMaskFor(seg: DicomSeg, image: MaskedFrame, name: string): Mask {
  const found = segMasksOn(seg, image);
  const chosen = found.find(({ segment }) => segment.label === name) ?? (found.length === 1 ? found[0] : undefined);
  if (chosen) return chosen.mask.mask;
  if (found.length === 0) {
    throw noFit(
      `expected a mask on frame ${image.frame}, got none`,
      'choose a frame that the segmentation has a mask on',
    );
  }
  const message = `expected a segment with the name of the object on frame ${image.frame}, got ${found.length} others`;
  throw noFit(message, 'name the object as the segment, or use the segmentation as --prompts');
}

function noFit(message: string, hint: string): SamusError {
  return new SamusError('DICOM_SEG_REFERENCE', message, hint);
}
