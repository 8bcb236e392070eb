/**
 * De-identification of DICOM images, segmentations and reports, by the Basic Application Level Confidentiality Profile of
 * PS3.15 E.1 and stricter: only the elements of keptElements.ts stay. Pixels stay as they are stored, unless others are
 * given (cleanPixels.ts).
 */
import { SamusError } from '../../errors.js';
import { contentOf } from './copyNames.js';
import { type DataSet, type DicomElement, numberOf, numbersOf, textOf } from './dataSet.js';
import { lossyElements } from './derivedObject.js';
import type { DicomFile } from './dicomFile.js';
import { withoutComments } from './frameComments.js';
import { locateFrames } from './frames.js';
import { keptElements } from './keptElements.js';
import { methodOf } from './keyPrint.js';
import { classUid, type PixelFormat, readPixelFormat } from './pixelFormat.js';
import { Pseudonyms } from './pseudonyms.js';
import { type Code, codeItem, dataSet, type EncodedPixels, element, encodeFile } from './writeDataSet.js';

export interface Deidentification {
  /** Secret, 32 random bytes. */
  readonly key: Uint8Array;
  /** Of samus. */
  readonly version: string;
  /** Whether the pixels of all images of the run are cleaned; objects about them are to say the same. */
  readonly clean?: {
    /** Whether a person has looked at what stays. */
    readonly looked: boolean;
  };
  /** Those of this image; absent: those of the file. */
  readonly pixels?: CleanPixels;
}

export interface CleanPixels {
  /** All frames in little endian. */
  readonly bytes: Uint8Array;
  /** Elements of the Image Pixel module that differ from those of the file. */
  readonly elements: DataSet;
}

export interface Deidentified {
  readonly bytes: Uint8Array;
  readonly sopInstanceUid: string;
  /** Whether text may be in the pixels. */
  readonly mayShowText: boolean;
}

/** PS3.16 CID 7050. */
const BASIC_PROFILE: Code = ['113100', 'DCM', 'Basic Application Confidentiality Profile'];
const CLEAN_PIXELS: Code = ['113101', 'DCM', 'Clean Pixel Data Option'];

const SEGMENTATION = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.66\.[47]$/;
const REPORT = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.\d+$/;
const STORAGE = /^1\.2\.840\.10008\.5\.1\.4\.1\.1\./;

/** Type 2 elements of patient, study, series and equipment, which must be there. */
const EMPTY = [
  ...[0x0008_0020, 0x0008_0030, 0x0008_0050, 0x0008_0070, 0x0008_0090, 0x0010_0030, 0x0010_0040, 0x0020_0010],
  ...[0x0020_0011, 0x0020_0013],
];
/** Type 1 elements of segmentations, reports and enhanced images. */
const FILLED = dataSet(
  [0x0008_0023, '19000101'],
  [0x0008_0033, '000000'],
  [0x0008_0070, 'removed'],
  [0x0008_1090, 'removed'],
  [0x0018_1000, 'removed'],
  [0x0018_1020, 'removed'],
);

/** What a file holds: an image, or what was made from one. */
export function contentKind({ data }: DicomFile): 'image' | 'segmentation' | 'report' {
  const sopClass = textOf(data, 0x0008_0016) ?? '';
  return SEGMENTATION.test(sopClass) ? 'segmentation' : REPORT.test(sopClass) ? 'report' : 'image';
}

/**
 * The file without what identifies a person.
 * @param file read with `wholeFrames`
 * @throws SamusError DICOM_NO_PIXELS for objects of other kinds, DICOM_TRUNCATED, and as readPixelFormat and locateFrames
 */
export function deidentify(file: DicomFile, options: Deidentification): Deidentified {
  const { key, version, clean, pixels } = options;
  const { data } = file;
  const sopClass = textOf(data, 0x0008_0016) ?? '';
  const kind = contentKind(file);
  const [image, segmentation, report] = [kind === 'image', kind === 'segmentation', kind === 'report'];
  const format = image ? imageFormat(file, sopClass) : undefined;
  const pseudonyms = new Pseudonyms(key);
  const kept = keptElements(data, { pseudonyms, instanceKind: clean ? ' clean' : '' });
  const patient = pseudonyms.patient(data);
  // Files without a UID stay apart by their content.
  const uid = (tag: number, name: string) =>
    textOf(kept, tag) ?? pseudonyms.uid(`${name} ${textOf(data, 0x0020_000d) ?? contentOf(file)}`);
  const sopInstanceUid = uid(0x0008_0018, 'instance');
  const looked = clean?.looked ?? false;
  const elements = new Map<number, DicomElement>([
    ...EMPTY.map((tag) => [tag, element(tag, '')] as const),
    ...(image && !data.has(0x5200_9229) ? [] : FILLED),
    ...(image && !data.has(0x0020_0062) ? dataSet([0x0020_0060, '']) : []),
    ...dataSet([0x0008_0060, segmentation ? 'SEG' : report ? 'SR' : 'OT']),
    ...kept,
    ...(segmentation ? dataSet([0x0070_0080, 'SEGMENTATION'], [0x0070_0081, ''], [0x0070_0084, '']) : []),
    ...(report ? dataSet([0x0040_a372, []], [0x0040_a493, 'UNVERIFIED']) : []),
    ...(data.has(0x0020_0052) ? dataSet([0x0020_1040, '']) : []),
    ...rescaleTypes(data),
    ...dataSet(
      [0x0008_0018, sopInstanceUid],
      [0x0010_0010, patient],
      [0x0010_0020, patient],
      [0x0012_0062, looked ? 'YES' : 'NO'],
      [0x0012_0063, methodOf(version, key)],
      [0x0012_0064, [BASIC_PROFILE, ...(clean ? [CLEAN_PIXELS] : [])].map((code) => codeItem(code))],
      [0x0020_000d, uid(0x0020_000d, 'study')],
      [0x0020_000e, uid(0x0020_000e, 'series')],
      [0x0028_0303, 'REMOVED'],
    ),
    ...(pixels ? lossyElements({ data: kept, transferSyntax: file.transferSyntax }) : []),
    ...(pixels?.elements ?? []),
    ...(pixels && looked ? dataSet([0x0028_0301, 'NO']) : []),
  ]);
  const [group = 0, number = 0] = numbersOf(elements, FRAME_INCREMENT);
  if (!elements.has(group * 0x1_0000 + number)) elements.delete(FRAME_INCREMENT);
  if (pixels) for (const tag of outdated(elements)) elements.delete(tag);
  const content = report ? undefined : (pixels?.bytes ?? storedPixels(file, format));
  return { bytes: encodeFile(elements, content), sopInstanceUid, mayShowText: image && !looked };
}

/** Names the element of the times between frames, which may be one that goes. */
const FRAME_INCREMENT = 0x0028_0009;

/** What says nothing true about cleaned pixels: offsets, extremes, and of colours palettes and padding. */
const OFFSETS = [0x0028_0106, 0x0028_0107, 0x7fe0_0001, 0x7fe0_0002];
const OF_GREY = [0x0008_9205, 0x0028_0120, 0x0028_0121, 0x0028_1101, 0x0028_1102, 0x0028_1103, 0x0028_1201, 0x0028_1202]
  .concat([0x0028_1203, 0x0028_1221, 0x0028_1222, 0x0028_1223, 0x0028_1050, 0x0028_1051, 0x0028_1056, 0x0028_3010])
  .concat([0x0028_1052, 0x0028_1053, 0x0028_1054, 0x0028_3000, 0x2050_0020]);

const outdated = (elements: DataSet): number[] =>
  numberOf(elements, 0x0028_0002) === 3 ? [...OFFSETS, ...OF_GREY] : OFFSETS;

/** @throws SamusError DICOM_NO_PIXELS */
function imageFormat(file: DicomFile, sopClass: string): PixelFormat {
  const format = readPixelFormat(file);
  if (sopClass === '' || STORAGE.test(sopClass)) return format;
  const hint = 'name images, segmentations or reports';
  throw new SamusError(
    'DICOM_NO_PIXELS',
    `expected an image, a segmentation or a report, got a DICOM object (${classUid(sopClass)})`,
    hint,
  );
}

/** Pixels as they are stored: frames in little endian, or fragments. @throws SamusError DICOM_TRUNCATED, DICOM_CORRUPT */
function storedPixels(file: DicomFile, format: PixelFormat | undefined): Uint8Array | EncodedPixels {
  const { data, pixels, transferSyntax } = file;
  if (!pixels) throw new SamusError('DICOM_NO_PIXELS', 'expected pixels, got none', 'name a file that holds pixels');
  const { content } = pixels;
  if (!(content instanceof Uint8Array)) {
    // Of a segmentation, each fragment is a frame.
    const groups = format ? locateFrames(data, pixels, format).fragments : content.slice(1).map((one) => [one]);
    return { transferSyntax, fragments: [content[0] ?? new Uint8Array(), ...groups.flatMap(withoutComments)] };
  }
  if (!format) return content;
  const frames = locateFrames(data, pixels, format);
  if (frames.count < format.frames) {
    const hint = 'copy the file again from the scanner or the PACS';
    throw new SamusError('DICOM_TRUNCATED', `expected ${format.frames} frames, got ${frames.count}`, hint);
  }
  return withoutUnusedBits(content.subarray(0, frames.at(1).length * frames.count), format);
}

/** Samples with nothing in the bits that are not theirs, where old files have overlays. */
export function withoutUnusedBits(bytes: Uint8Array, format: PixelFormat): Uint8Array {
  const { bitsAllocated, bitsStored, highBit, samples, signed } = format;
  if (bitsStored === bitsAllocated || samples !== 1) return bytes;
  const shift = highBit + 1 - bitsStored;
  const own = (2 ** bitsStored - 1) << shift;
  const above = (2 ** bitsAllocated - 1) & ~(own | (2 ** shift - 1));
  const result = Uint8Array.from(bytes);
  const width = bitsAllocated / 8;
  for (let at = 0; at + width <= result.length; at += width) {
    const value = width === 1 ? result[at]! : result[at]! | (result[at + 1]! << 8);
    // The sign may go on above.
    const negative = signed && (value >> highBit) & 1 && (value & above) === above;
    const clean = (value & own) | (negative ? above : 0);
    result[at] = clean & 255;
    if (width === 2) result[at + 1] = clean >> 8;
  }
  return result;
}

/** What values are after rescaling: a word of the standard, or unspecified. */
function rescaleTypes(data: DataSet): DataSet {
  if (!data.has(0x0028_1053)) return new Map();
  const stated = textOf(data, 0x0028_1054) ?? '';
  return dataSet([0x0028_1054, ['US', 'HU', 'OD', 'MGML', 'Z_EFF', 'ED'].includes(stated) ? stated : 'US']);
}
