/**
 * Reads the container of a DICOM file (PS3.5 chapter 7, PS3.10): the file meta information, the data set, and where the
 * pixels are. Nothing is decoded.
 *
 * It is here because dicom-parser 1.8 lacks the representations OV, SV and UV, and so fails on every Extended Offset
 * Table, overflows the stack on nested sequences, and makes 500 MB of objects from 8 MB of empty items. It accepts what
 * files of scanners contain although the standard forbids it: a wrong group length, delimiters with lengths or one too
 * many, implicit elements in an explicit data set.
 */
import { corruptDicom, type DataSet, swapUnit, textOf } from './dataSet.js';
import {
  type Coding,
  isCapital,
  type PixelElement,
  type ReadOptions,
  readDataSet,
  UNDEFINED,
} from './dataSetReader.js';
import { inflate } from './inflate.js';

export interface DicomFile {
  /** UID of the transfer syntax; that of implicit or explicit little endian where the file names none. */
  readonly transferSyntax: string;
  /** The file meta information, group 0002. */
  readonly meta: DataSet;
  readonly data: DataSet;
  /** Absent where the file has no pixels, or is read in parts. */
  readonly pixels?: PixelElement;
  /** Bytes of all fragments of a file that is read in parts. */
  readonly fragmentBytes?: number;
}

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

const TRANSFER_SYNTAX = 0x00020010;
/** @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
export async function readDicomFile(bytes: Uint8Array, { wholeFrames = false }: ReadOptions = {}): Promise<DicomFile> {
  const { data: meta, end } = readMeta(bytes);
  const named = textOf(meta, TRANSFER_SYNTAX);
  const stored = bytes.subarray(end);
  const { bytes: body, truncated } = named === DEFLATED ? await inflate(stored) : { bytes: stored, truncated: false };
  const coding = codingOf(body, named);
  const { data, pixels } = readDataSet(body, 0, { ...coding, wholeFrames });
  if (truncated && !pixels) throw corruptDicom('expected a whole deflated data set, got its beginning');
  return { transferSyntax: named ?? (coding.explicit ? EXPLICIT : IMPLICIT), meta, data, ...(pixels && { pixels }) };
}

/** A file up to its pixels. */
export interface DicomHead extends Omit<DicomFile, 'pixels'> {
  readonly pixels: PixelPlace;
}

interface PixelPlace {
  /** Where the value begins. */
  readonly start: number;
  /** Bytes of native pixels; undefined: fragments. */
  readonly length: number | undefined;
  /** Bytes that are in reverse order ({@link inLittleEndian}). */
  readonly swap: number;
}

/** Whether a data set is stored deflated, by the beginning of its file. @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
export const isDeflated = (bytes: Uint8Array): boolean => textOf(readMeta(bytes).data, TRANSFER_SYNTAX) === DEFLATED;

/**
 * Reads the beginning of a file; what follows the pixels is ignored. Undefined where the pixels are not in it, nor in a
 * deflated data set.
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT, also where the beginning ends within an element
 */
export function readDicomHead(bytes: Uint8Array): DicomHead | undefined {
  const { data: meta, end } = readMeta(bytes);
  const named = textOf(meta, TRANSFER_SYNTAX);
  if (named === DEFLATED) return undefined;
  const body = bytes.subarray(end);
  const coding = codingOf(body, named);
  const { data, reached } = readDataSet(body, 0, { ...coding, untilPixels: true });
  if (!reached) return undefined;
  const { start, length, vr } = reached;
  return {
    transferSyntax: named ?? (coding.explicit ? EXPLICIT : IMPLICIT),
    meta,
    data,
    pixels: {
      start: end + start,
      length: length === UNDEFINED ? undefined : length,
      swap: coding.little ? 1 : swapUnit(vr),
    },
  };
}

function readMeta(bytes: Uint8Array) {
  const marked = bytes.length >= 132 && String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
  return readDataSet(bytes, marked ? 132 : 0, { explicit: true, little: true, group: 2 });
}

const codingOf = (body: Uint8Array, transferSyntax: string | undefined): Coding => ({
  explicit: isCapital(body[4]) && isCapital(body[5]),
  little: transferSyntax !== BIG_ENDIAN,
});

/** The class of object that the file meta information states, from the beginning of a file; undefined where it has none. */
export function mediaClass(head: Uint8Array): string | undefined {
  try {
    return textOf(readMeta(head).data, 0x00020002);
  } catch {
    // Opening the file reports what is wrong with it.
    return undefined;
  }
}
