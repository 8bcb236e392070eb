/**
 * A DICOM data set in memory: elements by tag, their values always in little endian, and sequences of data sets. A tag
 * is the number 0xGGGGEEEE. Only the elements of the dictionary here are kept: those of pixels, regions, time, the
 * patient and study modules that exports copy, segmentations, and what de-identification keeps (PS3.6). Readers of values return undefined for an
 * element that is absent, empty or of another kind; text elements may hold anything.
 */
import { SamusError } from '../../errors.js';

export type DataSet = ReadonlyMap<number, DicomElement>;

export type DicomElement =
  | { readonly vr: Exclude<ValueRepresentation, 'SQ'>; readonly bytes: Uint8Array }
  | { readonly vr: 'SQ'; readonly items: readonly DataSet[] };

const REPRESENTATIONS = [
  ...['AE', 'AS', 'AT', 'CS', 'DA', 'DS', 'DT', 'FD', 'FL', 'IS', 'LO', 'LT', 'OB', 'OD', 'OF', 'OL', 'OV', 'OW'],
  ...['PN', 'SH', 'SL', 'SQ', 'SS', 'ST', 'SV', 'TM', 'UC', 'UI', 'UL', 'UN', 'UR', 'US', 'UT', 'UV'],
] as const;

/** The two letters that say how the value of an element is coded (PS3.5 6.2). */
export type ValueRepresentation = (typeof REPRESENTATIONS)[number];

/** Groups and elements in hexadecimal digits: `GGGG:EEEE,EEEE`. */
const DICTIONARY: Readonly<Partial<Record<ValueRepresentation, string>>> = {
  AS: '0010:1010',
  AT: '0020:9165,9167 0028:0009',
  CS: '0008:0005,0008,0060,0064,0068,0105,9007,9205 0010:0022,0035,0040,0200,21A0,2203,2298 0012:0062 0020:0020,0060,0062 0028:0004,0301,0303,1056,135A,2110,2114 0040:A010,A040,A050,A491,A493,DB00 0062:0001,0008,0010,0013 0070:0023,0080 2050:0020',
  DA: '0008:0012,0020,0021,0023 0010:0030,21D0',
  DS: '0010:1020,1022,1030 0018:0050,0072,0088,1063,1065,1066,1164,2010 0020:0032,0037 0028:0030,1050,1051,1052,1053,2112 0040:A30A',
  DT: '0040:A030,A120',
  FD: '0018:6028,602A,602C,602E,6034,6036,6054 0040:A161',
  FL: '0018:605A,6060 0070:0022',
  IS: '0008:1160,2142,2143,2144 0018:0040,1086,1242 0020:0011,0013 0028:0008,0034',
  LO: '0008:0070,0104,1030,103E,1080,1090 0010:0020,0021,0033,1000,2000,2110,2201,2292,2299 0012:0010,0020,0021,0030,0031,0040,0042,0050,0063 0018:1000,1020 0020:1040,9421,9453 0024:0202 0028:1054,1055,3003,3004 0038:0010,0060,0062,0500 0062:0005,0009 0066:0031,0036 0070:0081',
  LT: '0010:21B0,4000',
  OB: '0002:0001',
  OV: '7FE0:0001,0002',
  OW: '0028:1201,1202,1203,1221,1222,1223,3006 7FE0:0010',
  PN: '0008:0090,009C,1048,1060 0010:0010,1001,2297 0070:0084',
  SH: '0002:0013 0008:0050,0100,0102,0103 0010:2160,2180 0020:0010,9056',
  SL: '0018:6020,6022,6039,603B,603D,603F,6041,6043 0040:A162',
  SQ: '0008:0051,0096,009D,1032,1049,1062,1084,1110,1111,1115,1120,1140,114A,1199,2112,9124,9215 0010:0024,1002,2161,2202,2293,2294 0012:0064 0018:6011 0020:9111,9113,9116,9221,9222 0028:3000,3010,9110,9132,9145 0032:1034,1067 0038:0014 0040:08EA,1012,A043,A168,A170,A300,A372,A375,A504,A730 0062:0002,0003,0007,000A,000F 0066:002F 5200:9229,9230',
  ST: '0008:2111 0012:0051 0062:0006',
  TM: '0008:0013,0030,0031,0033 0010:0032',
  UC: '0010:0212',
  UI: '0002:0002,0003,0010,0012 0008:0016,0018,1150,1155 0020:000D,000E,0052,9164 0040:A124 0062:0021',
  UL: '0018:6016,6018,601A,601C,601E,6030,6032,6046,6048,604A,6050,6052,6056,6058 0020:9057,9128,9157 0040:A163',
  US: '0010:21C0 0018:1244,6012,6014,6024,6026,6044,604C,604E 0028:0002,0006,0010,0011,0014,0100,0101,0102,0103,0106,0107,0120,0121,1101,1102,1103,3002 0062:0004,000B,000C,000D,000E',
  UT: '0032:1066 0040:A160 0062:0020',
};

const KNOWN = new Map<number, ValueRepresentation>();
for (const vr of REPRESENTATIONS) {
  for (const part of DICTIONARY[vr]?.split(' ') ?? []) {
    const [group, elements = ''] = part.split(':');
    for (const element of elements.split(',')) KNOWN.set(Number.parseInt(`${group}${element}`, 16), vr);
  }
}

/** How the dictionary codes an element, or undefined for one that is not kept. */
export const knownVr = (tag: number): ValueRepresentation | undefined => KNOWN.get(tag);

export const isVr = (letters: string): letters is ValueRepresentation => REPRESENTATIONS.some((vr) => vr === letters);

/** Bytes of each number of a binary representation; others have none. */
const UNIT: Readonly<Partial<Record<ValueRepresentation, 2 | 4 | 8>>> = {
  ...{ AT: 2, OW: 2, SS: 2, US: 2, FL: 4, OF: 4, OL: 4, SL: 4, UL: 4, FD: 8, OD: 8, OV: 8, SV: 8, UV: 8 },
};

/** Bytes that big endian swaps, 1 where it swaps none. */
export const swapUnit = (vr: ValueRepresentation): number => UNIT[vr] ?? 1;

/** Most bytes of numbers that are read: a frame time for each of 10,000 frames takes 170 kB. */
const MOST_BYTES = 2 ** 20;

/** `(0028,0010)`. */
export function tagName(tag: number): string {
  const digits = tag.toString(16).padStart(8, '0').toUpperCase();
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}

/** The bytes of an element in little endian; undefined where it is absent or a sequence. */
export function bytesOf(data: DataSet, tag: number): Uint8Array | undefined {
  const element = data.get(tag);
  return element && element.vr !== 'SQ' ? element.bytes : undefined;
}

/** The items of a sequence; none where it is absent. */
export function itemsOf(data: DataSet, tag: number): readonly DataSet[] {
  const element = data.get(tag);
  return element?.vr === 'SQ' ? element.items : [];
}

/** Text without its padding, each byte a character: for UIDs, codes and numbers, which are ASCII. */
export function textOf(data: DataSet, tag: number): string | undefined {
  const bytes = bytesOf(data, tag)?.subarray(0, 4096);
  const text =
    bytes &&
    Array.from(bytes, (byte) => String.fromCharCode(byte))
      .join('')
      .replace(/^ +|[ \0]+$/g, '');
  return text === '' ? undefined : text;
}

/** The numbers of an element of any numeric kind, binary or decimal text; NaN where text is no number. */
export function numbersOf(data: DataSet, tag: number): number[] {
  const element = data.get(tag);
  if (!element || element.vr === 'SQ') return [];
  const { vr } = element;
  const bytes = element.bytes.subarray(0, MOST_BYTES);
  if (vr === 'DS' || vr === 'IS') {
    const text = new TextDecoder('latin1').decode(bytes).replace(/[ \0]+$/, '');
    return text.trim() === ''
      ? []
      : text.split('\\').map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
  }
  const size = UNIT[vr];
  if (size === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => numberAt(view, vr, i * size));
}

/** The first number of an element, if it is one. */
export function numberOf(data: DataSet, tag: number): number | undefined {
  const [value] = numbersOf(data, tag);
  return value === undefined || !Number.isFinite(value) ? undefined : value;
}

/**
 * A number that decides about sizes in memory: it must be one US of two bytes, because other programs overflowed with
 * wider ones (CVE-2026-5442).
 * @throws SamusError DICOM_CORRUPT
 */
export function shortOf(data: DataSet, tag: number): number | undefined {
  const element = data.get(tag);
  if (!element || (element.vr !== 'SQ' && element.bytes.length === 0)) return undefined;
  if (element.vr === 'US' && element.bytes.length === 2) return element.bytes[0]! | (element.bytes[1]! << 8);
  const got = element.vr === 'SQ' ? 'a sequence' : `${element.vr} of ${element.bytes.length} bytes`;
  throw corruptDicom(`expected ${tagName(tag)} as US of 2 bytes, got ${got}`);
}

function numberAt(view: DataView, vr: ValueRepresentation, at: number): number {
  if (vr === 'SS') return view.getInt16(at, true);
  if (vr === 'SL') return view.getInt32(at, true);
  if (vr === 'FL' || vr === 'OF') return view.getFloat32(at, true);
  if (vr === 'FD' || vr === 'OD') return view.getFloat64(at, true);
  if (vr === 'SV') return Number(view.getBigInt64(at, true));
  if (vr === 'OV' || vr === 'UV') return Number(view.getBigUint64(at, true));
  return UNIT[vr] === 4 ? view.getUint32(at, true) : view.getUint16(at, true);
}

/** The error for a file whose parts contradict each other. Messages hold tags and numbers, never text of the file. */
export function corruptDicom(message: string): SamusError {
  return new SamusError('DICOM_CORRUPT', message, 'export the file again from the scanner or the PACS');
}

/** The error for what exceeds a limit of reading DICOM. */
export function dicomLimit(message: string): SamusError {
  return new SamusError('DICOM_LIMIT', message, 'export the frames that you need');
}
