/**
 * What kind of object a DICOM file holds, by its class (PS3.4 annex B) and so without reading the file: an image, a
 * segmentation, the directory of a disc, or another object without an image, such as a report.
 */
import { SNIFF_BYTES, sniffFormat } from '../imageFormat.js';

export type DicomKind = 'image' | 'segmentation' | 'directory' | 'other';

const SEGMENTATIONS = ['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7'];
const DIRECTORY = '1.2.840.10008.1.3.10';

/** Classes without an image. Behind the root of the storage classes: */
const NO_IMAGES = new RegExp(
  `^1\\.2\\.840\\.10008\\.5\\.1\\.4\\.(?:1\\.1\\.(?:${[
    '4\\.2$', // spectra
    '9\\.', // waveforms
    '11\\.', // presentation states
    '66(?:\\.[12356])?$|67$', // raw data, registrations, fiducials, surfaces, tracts, mappings of values
    '68\\.', // surface scans
    '7[89]\\.|80\\.', // measurements of the eye
    '88\\.', // reports and key objects
    '90\\.|104\\.', // assessments, documents such as PDF
    '200\\.|201\\.', // protocols, inventories
    '481\\.(?:[3-9]|1\\d|2[0-2]|25)(?:\\.|$)', // structures, plans and records of radiotherapy
  ].join('|')})|(?:34|38|39|43|44|45)\\.)`, // hanging protocols, palettes, templates of implants
);

/** Classes that are not known, as those of manufacturers, may hold images. */
export function kindOfClass(sopClass: string | undefined): DicomKind {
  if (SEGMENTATIONS.includes(sopClass ?? '')) return 'segmentation';
  if (sopClass === DIRECTORY) return 'directory';
  return sopClass !== undefined && NO_IMAGES.test(sopClass) ? 'other' : 'image';
}

/** The first UID of a class in a file: of the file meta information, or of the data set where there is none. */
const CLASS = /1\.2\.840\.10008\.(?:1\.3\.10|5\.1\.4\.[\d.]+)(?![\d.])/;

/** Undefined: not DICOM. @param head the first bytes of a file ({@link SNIFF_BYTES}) */
export function kindOfHead(head: Uint8Array): DicomKind | undefined {
  if (sniffFormat(head)?.id !== 'dicom') return undefined;
  return kindOfClass(CLASS.exec(new TextDecoder('latin1').decode(head.subarray(0, SNIFF_BYTES)))?.[0]);
}
