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

export interface PixelElement {
  /** The bytes of native pixels in little endian, or the items of encapsulated ones: the Basic Offset Table, then fragments. */
  readonly content: Uint8Array | readonly Uint8Array[];
  /** Whether the file ends before the value does. Of encapsulated pixels, `content` has the complete fragments. */
  readonly truncated: boolean;
  /** Bytes of native pixels that the file states. */
  readonly stated?: number;
  /** Whether a fragment is left out because the file ends in it. */
  readonly fragmentCut?: true;
}

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

const TRANSFER_SYNTAX = 0x00020010;
const PIXEL_DATA = 0x7fe00010;
export const ITEM = 0xfffee000;
export const ITEM_END = 0xfffee00d;
export const SEQUENCE_END = 0xfffee0dd;
const PADDING = 0xfffcfffc;
/** A length that the file does not state. */
export const UNDEFINED = 0xffffffff;

/** Most elements and items of a file, most fragments, and most levels of nesting. */
const MOST_ELEMENTS = 200_000;
/**
 * The same for what is said of each frame, apart from the rest: a segmentation of 50,000 frames has 30 elements and items
 * for each. Of those are kept the ones here: references to images, segments, places and sizes of pixels.
 */
const MOST_FRAME_ELEMENTS = 2_500_000;
const MOST_KEPT_FRAME_ELEMENTS = 1_000_000;
const MOST_KEPT_FRAME_ITEMS = 400_000;
const PER_FRAME = 0x52009230;
const KEPT_OF_FRAMES = new Set([
  ...[0x00081155, 0x00081160, 0x00082112, 0x00089124, 0x00200032, 0x00209111, 0x00209113, 0x00209128, 0x00209157],
  ...[0x00280030, 0x00289110, 0x0062000a, 0x0062000b],
]);
export const MOST_FRAGMENTS = 100_000;
const MOST_LEVELS = 64;

/** Representations whose length takes four bytes, behind two that are free. */
const LONG = new Set<string>(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

export interface ReadOptions {
  /** Whether to keep all that is known of what is said of each frame, as copies need it; by default what readers need. */
  readonly wholeFrames?: boolean;
}

/** @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
export async function readDicomFile(bytes: Uint8Array, { wholeFrames = false }: ReadOptions = {}): Promise<DicomFile> {
  const { data: meta, end } = readMeta(bytes);
  const named = textOf(meta, TRANSFER_SYNTAX);
  const stored = bytes.subarray(end);
  const { bytes: body, truncated } = named === DEFLATED ? await inflate(stored) : { bytes: stored, truncated: false };
  const coding = codingOf(body, named);
  const { data, pixels } = walk(body, 0, { ...coding, wholeFrames });
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
  const { data, reached } = walk(body, 0, { ...coding, untilPixels: true });
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
  return walk(bytes, marked ? 132 : 0, { explicit: true, little: true, group: 2 });
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
  /** Whether it is in the sequence that has an item for each frame. */
  readonly ofFrames?: boolean;
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
 * @param coding of the data set; `group`: ends before the first element of another group; `untilPixels`: ends before
 *   the value of the pixels, whose header is `reached`
 */
function walk(
  bytes: Uint8Array,
  start: number,
  {
    group,
    untilPixels,
    wholeFrames,
    ...coding
  }: Coding & ReadOptions & { readonly group?: number; readonly untilPixels?: true },
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Map<number, DicomElement>();
  const stack: Level[] = [{ ...coding, kind: 'data set', end: bytes.length, open: false, elements: data }];
  let pixels: PixelElement | undefined;
  let fragments: Uint8Array[] = [];
  let at = start;
  let elements = 0;
  let ofFrames = 0;
  let keptOfFrames = 0;
  let itemsOfFrames = 0;

  const tagAt = (little: boolean): number => view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
  const push = (level: Level): void => {
    if (stack.length >= MOST_LEVELS) throw dicomLimit(`expected at most ${MOST_LEVELS} levels of sequences, got more`);
    stack.push(level);
  };
  const limited = (found: number, most: number, what: string): number => {
    if (found > most) throw dicomLimit(`expected at most ${most} ${what}, got more`);
    return found;
  };
  const count = (level: Level): void => {
    if (level.ofFrames) ofFrames = limited(ofFrames + 1, MOST_FRAME_ELEMENTS, 'elements of frames');
    else elements = limited(elements + 1, MOST_ELEMENTS, 'elements');
  };
  const countKept = (level: Level): void => {
    if (level.ofFrames) keptOfFrames = limited(keptOfFrames + 1, MOST_KEPT_FRAME_ELEMENTS, 'elements of frames');
  };

  /** Reads an element, or enters it if it is a sequence. */
  const readElement = (level: Level): void => {
    const { tag, vr, start: from, length } = headerAt(view, at, level);
    const top = stack.length === 1;
    const wanted = level.ofFrames && !wholeFrames ? KEPT_OF_FRAMES.has(tag) : knownVr(tag) !== undefined;
    const kept = level.elements !== undefined && wanted;
    if (kept) countKept(level);
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
    if (native) {
      const content = inLittleEndian(bytes.subarray(from, end), order);
      pixels = { content, truncated: from + length > end, stated: length };
    } else if (kept && (vr === 'SQ' || knownVr(tag) === 'SQ')) {
      at = from;
      enter(level, tag, vr, end, false, kept);
    } else if (kept) {
      level.elements?.set(tag, { vr: valueVr(tag, vr), bytes: inLittleEndian(bytes.subarray(from, end), order) });
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
      ...((level.ofFrames || (tag === PER_FRAME && stack.length === 1)) && { ofFrames: true }),
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
    if (end > level.end && level.kind === 'fragments' && stack.length === 2 && length !== UNDEFINED) {
      leave(level, true, true);
      at = level.end;
      return;
    }
    if (end > level.end) throw corruptDicom(`expected an item of ${length} bytes, got ${level.end - at}`);
    if (level.kind === 'fragments') {
      if (length === UNDEFINED) throw corruptDicom('expected a length of each fragment, got none');
      if (fragments.length > MOST_FRAGMENTS) throw dicomLimit(`expected at most ${MOST_FRAGMENTS} fragments, got more`);
      if (stack.length === 2) fragments.push(bytes.subarray(at, end));
      at = end;
      return;
    }
    const item = level.items && new Map<number, DicomElement>();
    if (item) {
      if (level.ofFrames) itemsOfFrames = limited(itemsOfFrames + 1, MOST_KEPT_FRAME_ITEMS, 'items of frames');
      level.items?.push(item);
    }
    const { explicit, little, ofFrames: inFrames = false } = level;
    push({
      ...{ kind: 'data set', explicit, little, end, open: length === UNDEFINED },
      ...(inFrames && { ofFrames: true }),
      ...(item && { elements: item }),
    });
  };

  const leave = (level: Level, truncated: boolean, cut = false): void => {
    stack.pop();
    if (level.kind !== 'fragments' || stack.length > 1) return;
    pixels = { content: fragments, truncated, ...(cut && { fragmentCut: true }) };
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
    if (left < 8 && level.kind === 'fragments' && stack.length === 2) {
      leave(level, true, true);
      at = level.end;
      continue;
    }
    if (left < 8) throw corruptDicom(`expected the end of the ${level.kind}, got the end of what contains it`);
    if (level.kind !== 'fragments') count(level);
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
    // Signatures and padding follow pixels, and in damaged files whatever was on the disc.
    if (top && (pixels || tag === PADDING)) break;
    if (tag === ITEM) throw corruptDicom('expected an element, got an item outside of a sequence');
    if (untilPixels && top && tag === PIXEL_DATA) return { data, pixels, end: at, reached: headerAt(view, at, level) };
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

/** @param unit how many bytes of the value are in reverse order */
export function inLittleEndian(bytes: Uint8Array, unit: number): Uint8Array {
  if (unit === 1) return bytes;
  const result = new Uint8Array(bytes.length - (bytes.length % unit));
  for (let i = 0; i < result.length; i++) result[i] = bytes[i - (i % unit) + unit - 1 - (i % unit)]!;
  return result;
}
