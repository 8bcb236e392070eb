/**
 * What every object made from an image shares: the patient and study of the source, copied byte for byte, a new series,
 * the equipment, UIDs that follow from the content, and how the source was compressed (PS3.3 C.7.1 to C.7.5, C.12.1).
 */
import { SamusError } from '../../errors.js';
import { inUtf8, textReader } from './characterSets.js';
import { bytesOf, type DataSet, type DicomElement, numberOf, textOf } from './dataSet.js';
import type { DicomFile } from './dicomFile.js';
import {
  ascii,
  type Code,
  dataSet,
  derivedUid,
  element,
  encodeDataSet,
  encodeFile,
  type TextEncoding,
} from './writeDataSet.js';

/** The image that an object refers to. Its pixels only show how far they are compressed. */
export type ExportSource = Pick<DicomFile, 'data' | 'transferSyntax' | 'pixels' | 'fragmentBytes'>;

/** Who made an object, and when. */
export interface ExportOrigin {
  /** Name of the model. */
  readonly model?: string;
  /** Version of the program. */
  readonly version: string;
  /** Default: now. The same content at the same time gives the same bytes and UIDs. */
  readonly date?: Date;
}

/** An object as a file, with what other objects need to refer to it. */
export interface DicomObject {
  readonly bytes: Uint8Array;
  readonly sopClass: string;
  readonly sopInstanceUid: string;
  readonly seriesUid: string;
}

/** What an object refers to its image for. */
export const SOURCE_PURPOSE: Code = ['121322', 'DCM', 'Source Image for Image Processing Operation'];

const NOTICE_LABEL = '(research use only)';

/** Elements of the modules Patient, General Study, Patient Study and Clinical Trial Subject and Study, also retired ones. */
const COPIED = [
  '0008:0020 0030 0050 0051 0090 0096 009C 009D 1030 1032 1048 1049 1060 1062 1080 1084 1110 1120',
  '0010:0010 0020 0021 0022 0024 0030 0032 0033 0035 0040 0200 0212 1000 1001 1002 1010 1020 1022 1030 2000 2110 2160',
  '0010:2161 2180 21A0 21B0 21C0 21D0 2201 2202 2203 2292 2293 2294 2297 2298 2299 4000',
  '0012:0010 0020 0021 0030 0031 0040 0042 0050 0051 0062 0063 0064',
  '0020:000D 0010',
  '0032:1034 1066 1067',
  '0038:0010 0014 0060 0062 0500',
  '0040:1012',
].flatMap((line) => {
  const [group = '', elements = ''] = line.split(':');
  return elements.split(' ').map((digits) => Number.parseInt(group + digits, 16));
});

/** Those that must be there, if only empty (type 2). */
const REQUIRED = [
  ...[0x0008_0020, 0x0008_0030, 0x0008_0050, 0x0008_0090, 0x0010_0010, 0x0010_0020, 0x0010_0030, 0x0010_0040],
  0x0020_0010,
];

const CHARACTER_SET = 0x0008_0005;

/** UIDs and sizes of the source. */
export interface SourceFacts {
  readonly sopClass: string;
  readonly sopInstanceUid: string;
  readonly seriesUid: string;
  readonly studyUid: string;
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** Whether references must name a frame. */
  readonly multiframe: boolean;
}

/** The classes of single frames: references to them name no frame, unless a file breaks its class. */
const SINGLE_FRAME_CLASSES = new Set(['1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.5.1.4.1.1.7']);

/** @throws SamusError DICOM_SEG_REFERENCE for an image that lacks what a reference needs */
export function sourceFacts({ data }: ExportSource): SourceFacts {
  const uid = (tag: number, name: string): string => {
    const value = textOf(data, tag);
    if (value !== undefined) return value;
    throw new SamusError(
      'DICOM_SEG_REFERENCE',
      `${name} of the image is missing, so no object can refer to it`,
      'export the file again from the scanner or the PACS',
    );
  };
  const frames = numberOf(data, 0x0028_0008);
  const sopClass = uid(0x0008_0016, 'SOP Class UID');
  return {
    sopClass,
    sopInstanceUid: uid(0x0008_0018, 'SOP Instance UID'),
    seriesUid: uid(0x0020_000e, 'Series Instance UID'),
    studyUid: uid(0x0020_000d, 'Study Instance UID'),
    rows: numberOf(data, 0x0028_0010) ?? 0,
    columns: numberOf(data, 0x0028_0011) ?? 0,
    frames: frames ?? 1,
    multiframe: frames !== undefined && (frames > 1 || !SINGLE_FRAME_CLASSES.has(sopClass)),
  };
}

/** What the writers of objects read of an image besides what they copy. */
const READ = [
  ...[0x0008_0005, 0x0008_0016, 0x0008_0018, 0x0018_0040, 0x0018_1063, 0x0018_1065, 0x0020_000e, 0x0020_0011],
  ...[0x0028_0002, 0x0028_0008, 0x0028_0010, 0x0028_0011, 0x0028_0100, 0x0028_0301],
];

/** The part of an image that writers need, without its pixels and in memory of its own, so that the file can go. */
export function exportSource(file: ExportSource): ExportSource {
  const copy = (found: DicomElement): DicomElement =>
    found.vr === 'SQ'
      ? { vr: 'SQ', items: found.items.map((item) => new Map([...item].map(([tag, one]) => [tag, copy(one)]))) }
      : { vr: found.vr, bytes: new Uint8Array(found.bytes) };
  const kept = [...COPIED, ...READ].flatMap((tag) => {
    const found = file.data.get(tag);
    return found ? [[tag, copy(found)] as const] : [];
  });
  return { transferSyntax: file.transferSyntax, data: new Map([...kept, ...lossyElements(file)]) };
}

/** A reference to a frame of the source, without its purpose. */
export function sourceReference({ sopClass, sopInstanceUid, multiframe }: SourceFacts, frame: number): DataSet {
  return new Map([
    ...objectReference(sopClass, sopInstanceUid),
    ...(multiframe ? dataSet([0x0008_1160, String(frame)]) : []),
  ]);
}

export const objectReference = (sopClass: string, sopInstanceUid: string): DataSet =>
  dataSet([0x0008_1150, sopClass], [0x0008_1155, sopInstanceUid]);

const date = (when: Date): string =>
  [when.getFullYear(), when.getMonth() + 1, when.getDate()].map((part) => String(part).padStart(2, '0')).join('');
const time = (when: Date): string =>
  [when.getHours(), when.getMinutes(), when.getSeconds()].map((part) => String(part).padStart(2, '0')).join('');

/** Date and time as DICOM writes them. */
const dateAndTime = (when: Date): readonly [date: string, time: string] => [date(when), time(when)];

/** An image as an object takes it over: what is copied of it, in the character set of the object. */
export interface WrittenSource {
  readonly source: ExportSource;
  readonly characterSet: DataSet;
  /** How names are written. */
  readonly encode: TextEncoding;
}

/**
 * The image for an object that has these names. The character set of the image stays, and with it the bytes of what is
 * copied, if the names can be written in it. Else the object is in UTF-8, and so is what is copied.
 */
export function writtenSource(source: ExportSource, names: readonly string[]): WrittenSource {
  const stated = textOf(source.data, CHARACTER_SET)?.replace(/^ISO-IR /, 'ISO_IR ');
  const kept = stated === undefined ? new Map() : dataSet([CHARACTER_SET, stated]);
  if (stated === 'ISO_IR 192') return { source, characterSet: kept, encode: utf8 };
  const most = Math.max(0, ...names.flatMap((name) => Array.from(name, (one) => one.codePointAt(0) ?? 0)));
  if (most < 0x80) return { source, characterSet: kept, encode: ascii };
  if (stated === 'ISO_IR 100' && most < 0x100) return { source, characterSet: kept, encode: latin1 };
  const read = textReader(source.data);
  const copied = COPIED.flatMap((tag) => {
    const found = source.data.get(tag);
    return found ? [[tag, inUtf8(found, read)] as const] : [];
  });
  return {
    source: { ...source, data: new Map([...source.data, ...copied]) },
    characterSet: dataSet([CHARACTER_SET, 'ISO_IR 192']),
    encode: utf8,
  };
}

const utf8: TextEncoding = (text) => new TextEncoder().encode(text);
const latin1: TextEncoding = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0));

/** The elements that all objects share: character set, patient, study, series, equipment, class, times. */
export function commonElements(
  { source, characterSet }: Pick<WrittenSource, 'source' | 'characterSet'>,
  origin: ExportOrigin & { readonly date: Date },
  object: { readonly sopClass: string; readonly modality: string; readonly description: string },
): DataSet {
  const data = source.data;
  const copied = COPIED.flatMap((tag) => {
    const found = data.get(tag);
    return found ? [[tag, found] as const] : [];
  });
  const series = numberOf(data, 0x0020_0011);
  const [day, clock] = dateAndTime(origin.date);
  return new Map([
    ...characterSet,
    ...REQUIRED.map((tag) => [tag, element(tag, '')] as const),
    ...copied,
    ...dataSet(
      [0x0008_0012, day],
      [0x0008_0013, clock],
      [0x0008_0016, object.sopClass],
      [0x0008_0021, day],
      [0x0008_0023, day],
      [0x0008_0031, clock],
      [0x0008_0033, clock],
      [0x0008_0060, object.modality],
      [0x0008_0070, 'samus'],
      [0x0008_103e, `${object.description} by samus ${NOTICE_LABEL}`],
      [0x0008_1090, 'samus'],
      [0x0018_1000, '0'],
      [0x0018_1020, origin.version],
      [0x0020_0011, String(Number.isInteger(series) && series! < 1e6 ? series! + 1000 : 1000)],
      [0x0020_0013, '1'],
    ),
  ]);
}

/** Compression with loss that the pixels of the source went through, for objects that are images themselves. */
export function lossyElements(source: ExportSource): DataSet {
  const { data, transferSyntax } = source;
  const method = LOSSY_METHODS.get(transferSyntax);
  if (textOf(data, 0x0028_2110) !== '01' && method === undefined) return dataSet([0x0028_2110, '00']);
  const values = (tag: number): string[] => textOf(data, tag)?.split('\\') ?? [];
  const [ratios, methods] = [values(0x0028_2112), values(0x0028_2114)];
  const steps = Math.max(1, ratios.length, methods.length);
  const filled = (given: string[], value: string): string[] =>
    Array.from({ length: steps }, (_, i) => given[i] ?? value);
  return dataSet(
    [0x0028_2110, '01'],
    // The ratio must be there; 1 where neither the file nor its size shows one.
    [0x0028_2112, filled(ratios, (method !== undefined && shownRatio(source)) || '1')],
    [0x0028_2114, filled(methods, method ?? 'ISO_10918_1')],
  );
}

/** How many times smaller the encapsulated frames are than their samples; undefined where that is not known. */
function shownRatio({ data, pixels, fragmentBytes = fragmentsIn(pixels) }: ExportSource): string | undefined {
  const [rows, columns, bits] = [0x0028_0010, 0x0028_0011, 0x0028_0100].map((tag) => numberOf(data, tag) ?? 0);
  const samples = (numberOf(data, 0x0028_0002) ?? 1) * (numberOf(data, 0x0028_0008) ?? 1);
  const ratio = (rows! * columns! * samples * Math.ceil(bits! / 8)) / (fragmentBytes ?? Number.NaN);
  return Number.isFinite(ratio) && ratio > 0 ? String(Number(ratio.toPrecision(4))).slice(0, 16) : undefined;
}

function fragmentsIn(pixels: ExportSource['pixels']): number | undefined {
  if (!pixels || pixels.content instanceof Uint8Array || pixels.truncated) return undefined;
  const [, ...fragments] = pixels.content;
  return fragments.reduce((sum, { length }) => sum + length, 0);
}

const LOSSY_METHODS = new Map([
  ['1.2.840.10008.1.2.4.50', 'ISO_10918_1'],
  ['1.2.840.10008.1.2.4.51', 'ISO_10918_1'],
  ['1.2.840.10008.1.2.4.81', 'ISO_14495_1'],
  ['1.2.840.10008.1.2.4.91', 'ISO_15444_1'],
  ['1.2.840.10008.1.2.4.203', 'ISO_15444_15'],
]);

/** Completes an object with UIDs that follow from its content, and makes the file. */
export function finishObject(elements: DataSet): DicomObject {
  const content = derivedUid(encodeDataSet(elements));
  const [sopInstanceUid, seriesUid] = [derivedUid(`samus-instance ${content}`), derivedUid(`samus-series ${content}`)];
  const bytes = encodeFile(new Map([...elements, ...dataSet([0x0008_0018, sopInstanceUid], [0x0020_000e, seriesUid])]));
  const sopClass = new TextDecoder().decode(bytesOf(elements, 0x0008_0016));
  return { bytes, sopClass, sopInstanceUid, seriesUid };
}
