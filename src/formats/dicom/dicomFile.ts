/**
 * Reads the container of a DICOM file (PS3.5 chapter 7, PS3.10): the file meta information, the data set, and where the
 * pixels are. Nothing is decoded.
 *
 * It is here because dicom-parser 1.8 lacks the representations OV, SV and UV, and so fails on every Extended Offset
 * Table, overflows the stack on nested sequences, and makes 500 MB of objects from 8 MB of empty items. It accepts what
 * files of scanners contain although the standard forbids it: a wrong group length, delimiters with lengths or one too
 * many, implicit elements in an explicit data set.
 */
import {
  corruptDicom,
  type DataSet,
  type DicomElement,
  dicomLimit,
  isVr,
  knownVr,
  swapUnit,
  tagName,
  textOf,
  type ValueRepresentation,
} from './dataSet.js';

export interface DicomFile {
  /** UID of the transfer syntax; that of implicit or explicit little endian where the file names none. */
  readonly transferSyntax: string;
  /** The file meta information, group 0002. */
  readonly meta: DataSet;
  readonly data: DataSet;
  /** Absent where the file has no pixels. */
  readonly pixels?: PixelElement;
}

export interface PixelElement {
  /** The bytes of native pixels in little endian, or the items of encapsulated ones: the Basic Offset Table, then fragments. */
  readonly content: Uint8Array | readonly Uint8Array[];
  /** Whether the file ends before the value does. */
  readonly truncated: boolean;
}

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

const PIXEL_DATA = 0x7fe00010;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PADDING = 0xfffcfffc;
const UNDEFINED = 0xffffffff;

/** Most elements and items of a file, most fragments, and most levels of nesting. */
const MOST_ELEMENTS = 200_000;
const MOST_FRAGMENTS = 100_000;
const MOST_LEVELS = 64;
/** Most bytes of a data set that is stored deflated, and how many times its compressed size. */
const MOST_INFLATED = 256 * 2 ** 20;
const MOST_RATIO = 1000;

/** Representations whose length takes four bytes, behind two that are free. */
const LONG = new Set<string>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/** @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
export async function readDicomFile(bytes: Uint8Array): Promise<DicomFile> {
  const marked = bytes.length >= 132 && String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';
  const head = walk(bytes, marked ? 132 : 0, { explicit: true, little: true, group: 2 });
  const named = textOf(head.data, 0x00020010);
  const body = named === DEFLATED ? await inflate(bytes.subarray(head.end)) : bytes.subarray(head.end);
  const explicit = isCapital(body[4]) && isCapital(body[5]);
  const little = named !== BIG_ENDIAN;
  const { data, pixels } = walk(body, 0, { explicit, little });
  return {
    transferSyntax: named ?? (explicit ? EXPLICIT : IMPLICIT),
    meta: head.data,
    data,
    ...(pixels && { pixels }),
  };
}

interface Coding {
  readonly explicit: boolean;
  readonly little: boolean;
}

/** A data set, sequence or list of fragments that is being read. */
interface Level extends Coding {
  readonly kind: 'data set' | 'sequence' | 'fragments';
  /** Where it ends at the latest. */
  readonly end: number;
  /** Whether a delimiter ends it. */
  readonly open: boolean;
  /** What is kept of it; absent: nothing. */
  readonly elements?: Map<number, DicomElement>;
  readonly items?: DataSet[];
}

interface Header {
  readonly tag: number;
  readonly vr: ValueRepresentation;
  readonly start: number;
  readonly length: number;
}

/**
 * Reads a data set from `start` on, with a stack of levels instead of recursion.
 * @param coding of the data set; `group`: ends before the first element of another group
 */
function walk(bytes: Uint8Array, start: number, { group, ...coding }: Coding & { readonly group?: number }) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Map<number, DicomElement>();
  const stack: Level[] = [{ ...coding, kind: 'data set', end: bytes.length, open: false, elements: data }];
  let pixels: PixelElement | undefined;
  let fragments: Uint8Array[] = [];
  let at = start;
  let elements = 0;

  const tagAt = (little: boolean): number => view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
  const push = (level: Level): void => {
    if (stack.length >= MOST_LEVELS) throw dicomLimit(`expected at most ${MOST_LEVELS} levels of sequences, got more`);
    stack.push(level);
  };
  const count = (): void => {
    elements += 1;
    if (elements > MOST_ELEMENTS) throw dicomLimit(`expected at most ${MOST_ELEMENTS} elements, got more`);
  };

  /** Reads an element, or enters it if it is a sequence. */
  const readElement = (level: Level): void => {
    const { tag, vr, start: from, length } = headerAt(view, at, level);
    const top = stack.length === 1;
    const kept = level.elements !== undefined && knownVr(tag) !== undefined;
    if (length === UNDEFINED) {
      at = from;
      if (tag === PIXEL_DATA) {
        if (top) fragments = [];
        push({ ...level, kind: 'fragments', open: true });
        return;
      }
      if (vr !== 'SQ' && vr !== 'UN') throw corruptDicom(`expected a length of ${tagName(tag)}, got none`);
      enter(level, tag, vr, level.end, true, kept);
      return;
    }
    const native = top && tag === PIXEL_DATA;
    const end = native ? Math.min(level.end, from + length) : from + length;
    if (end > level.end) {
      throw corruptDicom(`expected ${length} bytes of ${tagName(tag)}, got ${Math.max(0, level.end - from)}`);
    }
    at = end;
    // Words are swapped even where a sample is a byte.
    const order = level.little ? 1 : swapUnit(vr);
    if (native) pixels = { content: swapped(bytes.subarray(from, end), order), truncated: from + length > end };
    else if (kept && (vr === 'SQ' || knownVr(tag) === 'SQ')) {
      at = from;
      enter(level, tag, vr, end, false, kept);
    } else if (kept) {
      level.elements?.set(tag, { vr: valueVr(tag, vr), bytes: swapped(bytes.subarray(from, end), order) });
    }
  };

  const enter = (level: Level, tag: number, vr: string, end: number, open: boolean, kept: boolean): void => {
    // A sequence of unknown representation is in implicit little endian (CP-246).
    const unknown = vr === 'UN' && level.explicit;
    const items: DataSet[] | undefined = kept ? [] : undefined;
    if (items) level.elements?.set(tag, { vr: 'SQ', items });
    push({
      kind: 'sequence',
      explicit: unknown ? false : level.explicit,
      little: unknown ? true : level.little,
      end,
      open,
      ...(items && { items }),
    });
  };

  /** An item of a sequence or a fragment, or the delimiter that ends it. */
  const readItem = (level: Level): void => {
    const tag = tagAt(level.little);
    const length = view.getUint32(at + 4, level.little);
    at += 8;
    if (tag === SEQUENCE_END) {
      if (level.open) leave(level, false);
      return;
    }
    if (tag === ITEM_END) return;
    if (tag !== ITEM) throw corruptDicom(`expected an item of a sequence, got ${tagName(tag)}`);
    const end = length === UNDEFINED ? level.end : at + length;
    if (end > level.end) throw corruptDicom(`expected an item of ${length} bytes, got ${level.end - at}`);
    if (level.kind === 'fragments') {
      if (length === UNDEFINED) throw corruptDicom('expected a length of each fragment, got none');
      if (fragments.length > MOST_FRAGMENTS) throw dicomLimit(`expected at most ${MOST_FRAGMENTS} fragments, got more`);
      if (stack.length === 2) fragments.push(bytes.subarray(at, end));
      at = end;
      return;
    }
    const item = level.items && new Map<number, DicomElement>();
    if (item) level.items?.push(item);
    const { explicit, little } = level;
    push({ kind: 'data set', explicit, little, end, open: length === UNDEFINED, ...(item && { elements: item }) });
  };

  const leave = (level: Level, truncated: boolean): void => {
    stack.pop();
    if (level.kind === 'fragments' && stack.length === 1) pixels = { content: fragments, truncated };
  };

  for (;;) {
    const level = stack.at(-1)!;
    const left = level.end - at;
    const top = stack.length === 1;
    // Fewer bytes than a header behind the last element are padding.
    if (top && (left < 8 || (group !== undefined && view.getUint16(at, true) !== group))) break;
    if (left <= 0 && (!level.open || level.kind === 'fragments')) {
      leave(level, level.open);
      continue;
    }
    if (left < 8) throw corruptDicom(`expected the end of a ${level.kind}, got the end of what contains it`);
    if (level.kind !== 'fragments') count();
    if (level.kind !== 'data set') {
      readItem(level);
      continue;
    }
    const tag = tagAt(level.little);
    if (tag === ITEM_END || tag === SEQUENCE_END) {
      at += 8;
      if (level.open) stack.pop();
      // The delimiter of the item is missing.
      const outer = stack.at(-1);
      if (level.open && tag === SEQUENCE_END && outer?.open) stack.pop();
      continue;
    }
    if (top && tag === PADDING) break;
    if (tag === ITEM) throw corruptDicom('expected an element, got an item outside of a sequence');
    readElement(level);
  }
  return { data, pixels, end: at };
}

function headerAt(view: DataView, at: number, { explicit, little, end }: Level): Header {
  const tag = view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
  const letters = [view.getUint8(at + 4), view.getUint8(at + 5)];
  if (!explicit || !letters.every(isCapital)) {
    return { tag, vr: knownVr(tag) ?? 'UN', start: at + 8, length: view.getUint32(at + 4, little) };
  }
  const vr = String.fromCharCode(...letters);
  const known = isVr(vr) ? vr : 'UN';
  if (isVr(vr) && !LONG.has(vr)) return { tag, vr: known, start: at + 8, length: view.getUint16(at + 6, little) };
  if (end - at < 12) throw corruptDicom(`expected the length of ${tagName(tag)}, got the end of the data set`);
  return { tag, vr: known, start: at + 12, length: view.getUint32(at + 8, little) };
}

/** The representation of a value that is no sequence; the dictionary's where the file does not know it. */
function valueVr(tag: number, vr: ValueRepresentation): Exclude<ValueRepresentation, 'SQ'> {
  const found = vr === 'UN' ? (knownVr(tag) ?? vr) : vr;
  return found === 'SQ' ? 'UN' : found;
}

function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

function swapped(bytes: Uint8Array, unit: number): Uint8Array {
  if (unit === 1) return bytes;
  const result = new Uint8Array(bytes.length - (bytes.length % unit));
  for (let i = 0; i < result.length; i++) result[i] = bytes[i - (i % unit) + unit - 1 - (i % unit)]!;
  return result;
}

/** Inflates twice, the first time to count: so no more memory is taken than the data set needs. */
async function inflate(deflated: Uint8Array): Promise<Uint8Array> {
  const { Inflate } = await import('fflate');
  const most = Math.min(MOST_INFLATED, deflated.length * MOST_RATIO);
  const run = (take: (part: Uint8Array) => void): void => {
    const stream = new Inflate(take);
    for (let at = 0; at < deflated.length; at += 0x4000) {
      stream.push(deflated.subarray(at, at + 0x4000), at + 0x4000 >= deflated.length);
    }
  };
  let size = 0;
  try {
    run((part) => {
      size += part.length;
      if (size > most) throw dicomLimit(`expected at most ${most} bytes of the deflated data set, got more`);
    });
    const result = new Uint8Array(size);
    size = 0;
    run((part) => {
      result.set(part, size);
      size += part.length;
    });
    return result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'DICOM_LIMIT') throw error;
    throw corruptDicom('expected a deflated data set, got damaged bytes');
  }
}
