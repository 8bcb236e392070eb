/**
 * The masks of one answer as DICOM objects in base64: a segmentation, with a report if asked, or a secondary capture.
 */
import { SamusError } from '../../errors.js';
import { spacingIn } from '../../formats/dicom/regions.js';
import { writeDicomSc } from '../../formats/dicom/writeSc.js';
import { writeDicomSeg } from '../../formats/dicom/writeSeg.js';
import { writeDicomSr } from '../../formats/dicom/writeSr.js';
import { dicomObjects, drawnFrame, objectMeasurements } from '../../jobs/dicomObjects.js';
import type { SegmentedImage, SegmentJob } from '../../jobs/segmentJob.js';
import { namedClasses } from '../../models/classLogits.js';
import type { ClassNetwork } from '../../predict/classNetwork.js';
import type { Segmenter } from '../../predict/segmenter.js';
import type { KeptDicom, KeptImage } from '../embeddings.js';

/** @param version of the program, which the objects name @throws SamusError DICOM_SEG_REFERENCE for a file without UIDs */
export function dicomAnswer(
  model: Segmenter | ClassNetwork,
  { image, form, auto = false, everything }: SegmentJob,
  objects: SegmentedImage['objects'],
  { calibration, frame, source, frames, pixels }: KeptDicom & Pick<KeptImage, 'frames'>,
  version: string,
): NonNullable<SegmentedImage['objectFiles']> {
  const spacingMm = (at: number, box?: readonly [number, number, number, number]) =>
    spacingIn(calibration, at, box).spacingMm ?? undefined;
  const found = dicomObjects(
    [{ image: { ...image, frame }, objects }],
    { frames, spacingMm },
    {
      classes: namedClasses(model.config),
      automatic: auto || everything !== undefined,
      named: everything === undefined,
    },
  );
  const origin = { model: model.name, version, date: new Date() };
  if (form?.format === 'dcmsc') {
    if (!found.some(({ masks }) => masks.some(({ mask }) => mask.data.includes(1)))) return { dcmsc: null };
    return { dcmsc: base64(writeDicomSc(source, [drawnFrame(frame, pixels, found)], origin).bytes) };
  }
  const report = form?.format === 'dcmsr';
  try {
    const seg = writeDicomSeg(source, found, origin);
    const sr = report && writeDicomSr(source, seg, found, found.flatMap(objectMeasurements), origin);
    return { dcmseg: base64(seg.bytes), ...(sr && { dcmsr: base64(sr.bytes) }) };
  } catch (error) {
    if (!(error instanceof SamusError) || error.code !== 'DICOM_SEG_EMPTY') throw error;
    return { dcmseg: null, ...(report && { dcmsr: null }) };
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
