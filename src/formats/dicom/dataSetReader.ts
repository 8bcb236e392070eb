/**
 * Reads DICOM data sets (PS3.5 chapter 7): their elements, and where the pixels are. It accepts what files of scanners
 * contain although the standard forbids it: delimiters with lengths or one too many, implicit elements in an explicit
 * data set.
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
  type ValueRepresentation,
} from './dataSet.js';

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

export interface Coding {
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

interface ElementHeader {
  readonly tag: number;
  readonly vr: ValueRepresentation;
  readonly start: number;
  readonly length: number;
}

interface Walk extends Coding, ReadOptions {
  /** Ends before the first element of another group. */
  readonly group?: number;
  /** Ends before the value of the pixels, whose header is then `reached`. */
  readonly untilPixels?: true;
}

/** What stands in a data set. */
interface Walked {
  readonly data: DataSet;
  readonly pixels: PixelElement | undefined;
  /** Where it ends. */
  readonly end: number;
  readonly reached?: ElementHeader;
}

/** Reads a data set from `start` on. @throws SamusError DICOM_CORRUPT, DICOM_LIMIT */
export function readDataSet(bytes: Uint8Array, start: number, walk: Walk): Walked {
  return new DataSetReader(bytes, start, walk).read();
}

/** How many there are of something, and how many there may be. */
class Count {
  #found = 0;

  constructor(
    private readonly most: number,
    private readonly what: string,
  ) {}

  /** @throws SamusError DICOM_LIMIT */
  add(): void {
    if (++this.#found > this.most) throw dicomLimit(`expected at most ${this.most} ${this.what}, got more`);
  }
}

/** A position in the bytes, and a stack of levels instead of recursion. */
class DataSetReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #walk: Walk;
  readonly #data = new Map<number, DicomElement>();
  readonly #stack: Level[];
  #at: number;
  #pixels: PixelElement | undefined;
  #fragments: Uint8Array[] = [];
  readonly #elements = new Count(MOST_ELEMENTS, 'elements');
  readonly #frameElements = new Count(MOST_FRAME_ELEMENTS, 'elements of frames');
  readonly #keptFrameElements = new Count(MOST_KEPT_FRAME_ELEMENTS, 'elements of frames');
  readonly #keptFrameItems = new Count(MOST_KEPT_FRAME_ITEMS, 'items of frames');

  constructor(bytes: Uint8Array, start: number, walk: Walk) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#walk = walk;
    this.#at = start;
    const { explicit, little } = walk;
    this.#stack = [{ explicit, little, kind: 'data set', end: bytes.length, open: false, elements: this.#data }];
  }

  read(): Walked {
    const { group, untilPixels } = this.#walk;
    for (;;) {
      const level = this.#stack.at(-1)!;
      const left = level.end - this.#at;
      const top = this.#stack.length === 1;
      // Fewer bytes than a header behind the last element are padding.
      if (top && (left < 8 || (group !== undefined && this.#view.getUint16(this.#at, true) !== group))) break;
      if (left < 8) {
        this.#endEarly(level, left);
        continue;
      }
      if (level.kind !== 'fragments') (level.ofFrames ? this.#frameElements : this.#elements).add();
      if (level.kind !== 'data set') {
        this.#readItem(level);
        continue;
      }
      const tag = this.#tag(level);
      if (tag === ITEM_END || tag === SEQUENCE_END) {
        this.#endDataSet(level, tag);
        continue;
      }
      // Signatures and padding follow pixels, and in damaged files whatever was on the disc.
      if (top && (this.#pixels || tag === PADDING)) break;
      if (tag === ITEM) throw corruptDicom('expected an element, got an item outside of a sequence');
      if (untilPixels && top && tag === PIXEL_DATA) return this.#walked(this.#header(level));
      this.#readElement(level);
    }
    return this.#walked();
  }

  #walked(reached?: ElementHeader): Walked {
    return { data: this.#data, pixels: this.#pixels, end: this.#at, ...(reached && { reached }) };
  }

  /** Ends a level with too few bytes left for another header. @throws SamusError DICOM_CORRUPT */
  #endEarly(level: Level, left: number): void {
    if (left <= 0 && (!level.open || level.kind === 'fragments')) this.#leave(level, level.open);
    else if (this.#isPixels(level)) this.#leaveCut(level);
    else throw corruptDicom(`expected the end of the ${level.kind}, got the end of what contains it`);
  }

  /** The delimiter of an item, or one too many. */
  #endDataSet({ open }: Level, tag: number): void {
    this.#at += 8;
    if (!open) return;
    this.#stack.pop();
    // The delimiter of the item is missing.
    if (tag === SEQUENCE_END && this.#stack.at(-1)?.open) this.#stack.pop();
  }

  /** Reads an element, or enters it if it is a sequence. */
  #readElement(level: Level): void {
    const { tag, vr, start, length } = this.#header(level);
    const top = this.#stack.length === 1;
    const wanted = level.ofFrames && !this.#walk.wholeFrames ? KEPT_OF_FRAMES.has(tag) : knownVr(tag) !== undefined;
    const kept = level.elements !== undefined && wanted;
    if (kept && level.ofFrames) this.#keptFrameElements.add();
    if (length === UNDEFINED) {
      this.#at = start;
      if (tag === PIXEL_DATA) {
        if (top) this.#fragments = [];
        this.#push({ ...level, kind: 'fragments', open: true });
        return;
      }
      if (vr !== 'SQ' && vr !== 'UN') throw corruptDicom(`expected a length of ${tagName(tag)}, got none`);
      this.#enter(level, tag, vr, { end: level.end, open: true, kept });
      return;
    }
    const native = top && tag === PIXEL_DATA;
    const end = native ? Math.min(level.end, start + length) : start + length;
    if (end > level.end) {
      throw corruptDicom(`expected ${length} bytes of ${tagName(tag)}, got ${Math.max(0, level.end - start)}`);
    }
    this.#at = end;
    // Words are swapped even where a sample is a byte.
    const order = level.little ? 1 : swapUnit(vr);
    if (native) {
      const content = inLittleEndian(this.#bytes.subarray(start, end), order);
      this.#pixels = { content, truncated: start + length > end, stated: length };
    } else if (kept && (vr === 'SQ' || knownVr(tag) === 'SQ')) {
      this.#at = start;
      this.#enter(level, tag, vr, { end, open: false, kept });
    } else if (kept) {
      const value = inLittleEndian(this.#bytes.subarray(start, end), order);
      level.elements?.set(tag, { vr: valueVr(tag, vr), bytes: value });
    }
  }

  #enter(
    level: Level,
    tag: number,
    vr: string,
    { end, open, kept }: { readonly end: number; readonly open: boolean; readonly kept: boolean },
  ): void {
    // A sequence of unknown representation is in implicit little endian (CP-246).
    const unknown = vr === 'UN' && level.explicit;
    const items: DataSet[] | undefined = kept ? [] : undefined;
    if (items) level.elements?.set(tag, { vr: 'SQ', items });
    const ofFrames = level.ofFrames || (tag === PER_FRAME && this.#stack.length === 1);
    this.#push({
      kind: 'sequence',
      explicit: unknown ? false : level.explicit,
      little: unknown ? true : level.little,
      end,
      open,
      ...(ofFrames && { ofFrames }),
      ...(items && { items }),
    });
  }

  /** An item of a sequence or a fragment, or the delimiter that ends it. */
  #readItem(level: Level): void {
    const tag = this.#tag(level);
    const length = this.#view.getUint32(this.#at + 4, level.little);
    this.#at += 8;
    if (tag === SEQUENCE_END) {
      if (level.open) this.#leave(level, false);
      return;
    }
    if (tag === ITEM_END) return;
    if (tag !== ITEM) throw corruptDicom(`expected an item of a sequence, got ${tagName(tag)}`);
    const end = length === UNDEFINED ? level.end : this.#at + length;
    if (end > level.end) {
      if (!this.#isPixels(level)) {
        throw corruptDicom(`expected an item of ${length} bytes, got ${level.end - this.#at}`);
      }
      this.#leaveCut(level);
    } else if (level.kind === 'fragments') this.#readFragment(length, end);
    else this.#enterItem(level, length === UNDEFINED, end);
  }

  #readFragment(length: number, end: number): void {
    if (length === UNDEFINED) throw corruptDicom('expected a length of each fragment, got none');
    if (this.#fragments.length > MOST_FRAGMENTS) {
      throw dicomLimit(`expected at most ${MOST_FRAGMENTS} fragments, got more`);
    }
    if (this.#stack.length === 2) this.#fragments.push(this.#bytes.subarray(this.#at, end));
    this.#at = end;
  }

  #enterItem({ explicit, little, ofFrames, items }: Level, open: boolean, end: number): void {
    const elements = items && new Map<number, DicomElement>();
    if (elements) {
      if (ofFrames) this.#keptFrameItems.add();
      items.push(elements);
    }
    this.#push({
      ...{ kind: 'data set', explicit, little, end, open },
      ...(ofFrames && { ofFrames }),
      ...(elements && { elements }),
    });
  }

  #push(level: Level): void {
    if (this.#stack.length >= MOST_LEVELS) {
      throw dicomLimit(`expected at most ${MOST_LEVELS} levels of sequences, got more`);
    }
    this.#stack.push(level);
  }

  #leave(level: Level, truncated: boolean, cut = false): void {
    const isPixels = this.#isPixels(level);
    this.#stack.pop();
    if (isPixels) this.#pixels = { content: this.#fragments, truncated, ...(cut && { fragmentCut: true }) };
  }

  /** Leaves pixels that end within a fragment. */
  #leaveCut(level: Level): void {
    this.#leave(level, true, true);
    this.#at = level.end;
  }

  /** Whether a level is the pixels of the image itself, and not those of an icon. */
  #isPixels({ kind }: Level): boolean {
    return kind === 'fragments' && this.#stack.length === 2;
  }

  #tag({ little }: Level): number {
    return tagAt(this.#view, this.#at, little);
  }

  #header(level: Level): ElementHeader {
    return headerAt(this.#view, this.#at, level);
  }
}

function tagAt(view: DataView, at: number, little: boolean): number {
  return view.getUint16(at, little) * 0x10000 + view.getUint16(at + 2, little);
}

function headerAt(view: DataView, at: number, { explicit, little, end }: Level): ElementHeader {
  const tag = tagAt(view, at, little);
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

export function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}

/** @param unit how many bytes of the value are in reverse order */
export function inLittleEndian(bytes: Uint8Array, unit: number): Uint8Array {
  if (unit === 1) return bytes;
  const result = new Uint8Array(bytes.length - (bytes.length % unit));
  for (let i = 0; i < result.length; i++) result[i] = bytes[i - (i % unit) + unit - 1 - (i % unit)]!;
  return result;
}
