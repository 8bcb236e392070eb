/** Reads a DICOM segmentation for the page, and what an image must have so that the masks are its own. */
import { isKnownCode } from '../../formats/dicom/codes.js';
import { isDicom } from '../../formats/dicom/dicomSource.js';
import { type ReadSegment, readDicomSeg } from '../../formats/dicom/readSeg.js';
import { encodeRle } from '../../formats/rle.js';
import { openPicture } from '../open/decodePicture.js';
import { readBytes } from '../open/pictureErrors.js';
import type { DicomInstance, SegFile } from './exportContract.js';

/** @throws SamusError as readDicomSeg */
export async function readSegForPage(file: Blob): Promise<SegFile> {
  const { width, height, segments } = await readDicomSeg(await readBytes(file));
  const objects = segments.flatMap((segment) => {
    const about = { name: segment.label.trim() || `object-${segment.number}`, className: classOf(segment) };
    return segment.masks.map(({ source, frame, mask }) => ({ ...about, source, frame, mask: encodeRle(mask) }));
  });
  return { width, height, objects };
}

function classOf({ type }: ReadSegment): string | null {
  return type && isKnownCode({ type }) ? type[2].toLowerCase() : null;
}

export async function readInstance(file: Blob): Promise<DicomInstance | null> {
  const { source } = await openPicture(file);
  try {
    const { width, height, frames, sopInstanceUid: uid } = source;
    return isDicom(source) && uid !== undefined ? { uid, width, height, frames } : null;
  } finally {
    source.close?.();
  }
}
