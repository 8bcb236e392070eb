/** Detects DICOM segmentations by the beginning of a file, without reading it. */
import { SNIFF_BYTES, sniffFormat } from '../imageFormat.js';

/** Media Storage SOP Class UID of Segmentation and Label Map Segmentation, which stands among the first elements. */
const CLASS = /1\.2\.840\.10008\.5\.1\.4\.1\.1\.66\.[47](?![\d.])/;

/** @param head its first bytes ({@link SNIFF_BYTES}) */
export function beginsDicomSeg(head: Uint8Array): boolean {
  if (sniffFormat(head)?.id !== 'dicom') return false;
  return CLASS.test(new TextDecoder('latin1').decode(head.subarray(0, SNIFF_BYTES)));
}
