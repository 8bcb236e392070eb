/**
 * Writes data sets as DICOM files: explicit VR little endian, sequences and items of defined length, elements in the order
 * of their tags (PS3.5 section 7, PS3.10 section 7). Here are also the makers of elements; what belongs into an object is
 * known in writeSeg.ts and its neighbours.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { type DataSet, type DicomElement, knownVr, numberOf, tagName } from './dataSet.js';
import { EXPLICIT } from './dicomFile.js';

/** VRs with a length of 4 bytes behind two reserved ones (PS3.5 7.1.2). */
const LONG_VRS: ReadonlySet<string> = new Set([
  'OB',
  'OD',
  'OF',
  'OL',
  'OV',
  'OW',
  'SQ',
  'SV',
  'UC',
  'UN',
  'UR',
  'UT',
  'UV',
]);

/** VRs that are padded to an even length with a zero byte; all others with a space. */
const ZERO_PADDED: ReadonlySet<string> = new Set(['OB', 'UI', 'UN']);

const ITEM = 0xfffe_e000;
const SEQUENCE_END = 0xfffe_e0dd;

/** How text becomes bytes in the character set of an object. */
export type TextEncoding = (text: string) => Uint8Array;

/** Text of the program itself, which is ASCII. */
export const ascii: TextEncoding = (text) =>
  Uint8Array.from(text, (character) => (character < '\u0080' ? character.charCodeAt(0) : 0x3f));

/** What an element is made of: text, numbers, items of a sequence, or an element as it is. Several texts are joined by a backslash. */
export type Value = string | number | readonly string[] | readonly number[] | readonly DataSet[] | DicomElement;

/** A data set of elements in any order, coded as the dictionary says. */
export const dataSet = (...elements: readonly (readonly [tag: number, value: Value])[]): DataSet =>
  new Map(elements.map(([tag, value]) => [tag, element(tag, value)]));

/**
 * An element coded as the dictionary says; '' is one without a value.
 * @param encode for text that does not come from the program
 */
export function element(tag: number, value: Value, encode: TextEncoding = ascii): DicomElement {
  const vr = knownVr(tag);
  if (vr === undefined) throw new RangeError(`${tagName(tag)} is not in the dictionary`);
  if (typeof value === 'object' && 'vr' in value) return value;
  const values = typeof value === 'object' ? value : [value];
  if (vr === 'SQ') return { vr, items: values.filter((one) => typeof one === 'object') };
  const numbers = values.filter((one) => typeof one === 'number');
  if (vr === 'AT')
    return {
      vr,
      bytes: integers(
        2,
        numbers.flatMap((one) => [one >>> 16, one & 0xffff]),
      ),
    };
  if (vr === 'US' || vr === 'UL') return { vr, bytes: integers(vr === 'US' ? 2 : 4, numbers) };
  return { vr, bytes: encode(values.map((one) => (typeof one === 'number' ? decimal(one) : one)).join('\\')) };
}

function integers(size: 2 | 4, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) {
    if (size === 2) view.setUint16(i * size, value, true);
    else view.setUint32(i * size, value, true);
  }
  return bytes;
}

/** A number as text of at most 16 characters, as DS demands. */
function decimal(value: number): string {
  for (let digits = 15; digits > 1; digits--) {
    const short = String(Number(value.toPrecision(digits)));
    if (short.length <= 16) return short;
  }
  return value.toExponential(1);
}

/** A code of a terminology: value, scheme, meaning. */
export type Code = readonly [value: string, scheme: string, meaning: string];

/** The item of a code sequence. */
export const codeItem = ([value, scheme, meaning]: Code, encode?: TextEncoding): DataSet =>
  new Map([
    [0x0008_0100, element(0x0008_0100, value)],
    [0x0008_0102, element(0x0008_0102, scheme)],
    [0x0008_0104, element(0x0008_0104, meaning, encode)],
  ]);

/** A UID that follows from its content: `2.25.` and the first 128 bits of a SHA-256 as an integer (PS3.5 annex B.2). */
export function derivedUid(content: string | Uint8Array): string {
  const hash = sha256(typeof content === 'string' ? utf8ToBytes(content) : content);
  return `2.25.${BigInt(`0x${bytesToHex(hash.subarray(0, 16))}`)}`;
}

/** Compressed pixels: the Basic Offset Table, then fragments. */
export interface EncodedPixels {
  readonly transferSyntax: string;
  readonly fragments: readonly Uint8Array[];
}

const PIXEL_DATA = 0x7fe0_0010;

/**
 * A whole file: preamble of zeros, meta information, data set.
 * @param set with SOP Class UID and SOP Instance UID, without group 2
 * @param pixels native ones in little endian, or fragments; absent: those of the set, if it has some
 */
export function encodeFile(set: DataSet, pixels?: Uint8Array | EncodedPixels): Uint8Array {
  const native = pixels instanceof Uint8Array;
  const wide = numberOf(set, 0x0028_0100) === 16;
  const whole: DataSet = native ? new Map([...set, [PIXEL_DATA, { vr: wide ? 'OW' : 'OB', bytes: pixels }]]) : set;
  const meta = encodeDataSet(
    dataSet(
      [0x0002_0001, { vr: 'OB', bytes: Uint8Array.of(0, 1) }],
      [0x0002_0002, set.get(0x0008_0016) ?? ''],
      [0x0002_0003, set.get(0x0008_0018) ?? ''],
      [0x0002_0010, pixels && !native ? pixels.transferSyntax : EXPLICIT],
      [0x0002_0012, derivedUid('samus-implementation')],
      [0x0002_0013, 'SAMUS'],
    ),
  );
  const length = encodeDataSet(new Map([[0x0002_0000, { vr: 'UL', bytes: integers(4, [meta.length]) }]]));
  const parts = [new Uint8Array(128), ascii('DICM'), length, meta, encodeDataSet(whole)];
  return joined(pixels && !native ? [...parts, ...encapsulated(pixels.fragments)] : parts);
}

/** Pixel Data of undefined length: an item for each fragment, padded to an even length, and the delimiter. */
function encapsulated(fragments: readonly Uint8Array[]): Uint8Array[] {
  const start = header(PIXEL_DATA, 'OB', 0xffff_ffff);
  const items = fragments.flatMap((one) => [
    itemHeader(ITEM, one.length + (one.length % 2)),
    one,
    new Uint8Array(one.length % 2),
  ]);
  return [start, ...items, itemHeader(SEQUENCE_END, 0)];
}

function itemHeader(tag: number, length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  putTag(view, tag);
  view.setUint32(4, length, true);
  return bytes;
}

/** The elements in the order of their tags, explicit VR little endian. */
export function encodeDataSet(set: DataSet): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [tag, element] of [...set].sort(([a], [b]) => a - b)) {
    const value = element.vr === 'SQ' ? encodeItems(element.items) : element.bytes;
    const padding = value.length % 2;
    parts.push(header(tag, element.vr, value.length + padding), value);
    if (padding) parts.push(Uint8Array.of(ZERO_PADDED.has(element.vr) ? 0 : 0x20));
  }
  return joined(parts);
}

function encodeItems(items: readonly DataSet[]): Uint8Array {
  const parts = items.flatMap((item) => {
    const content = encodeDataSet(item);
    return [itemHeader(ITEM, content.length), content];
  });
  return joined(parts);
}

function header(tag: number, vr: string, length: number): Uint8Array {
  // A short VR cannot say a length above 65,534; as UN the bytes stay (PS3.5 6.2.2).
  const type = LONG_VRS.has(vr) || length < 0x1_0000 ? vr : 'UN';
  const long = LONG_VRS.has(type);
  const bytes = new Uint8Array(long ? 12 : 8);
  const view = new DataView(bytes.buffer);
  putTag(view, tag);
  bytes.set(ascii(type), 4);
  if (long) view.setUint32(8, length, true);
  else view.setUint16(6, length, true);
  return bytes;
}

function putTag(view: DataView, tag: number): void {
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
