/**
 * The elements that de-identification keeps: those in the lists here and no others, whatever sequence they are in. Numbers
 * are copied, words only if they are among the standard's, UIDs are replaced. Text stays only where it is a code of a
 * public terminology.
 */
import { bytesOf, type DataSet, type DicomElement, itemsOf, knownVr, numberOf, swapUnit, textOf } from './dataSet.js';
import type { Pseudonyms } from './pseudonyms.js';
import { codeItem, dataSet, element } from './writeDataSet.js';

/** Groups and elements in hexadecimal digits: `GGGG:EEEE,EEEE`. */
const KEPT = new Set(
  [
    // Class, kind of image, references, how a clip plays.
    '0008:0008,0016,0018,0060,0064,0105,1111,1115,1140,114A,1150,1155,1160,1199,2112,2142,2143,2144,9007,9124,9205,9215',
    // Times between frames, spacing, regions with their units and pixel components.
    '0018:0040,0050,0072,0088,1063,1065,1066,1086,1164,1242,1244,2010,6011,6012,6014,6016,6018,601A,601C,601E,6020,6022',
    '0018:6024,6026,6028,602A,602C,602E,6030,6032,6034,6036,6039,603B,603D,603F,6041,6043,6044,6046,6048,604A,604C,604E',
    '0018:6050,6052,6054,6056,6058,605A,6060',
    // Place of an instance in its study and in space, dimensions.
    '0020:000D,000E,0011,0013,0020,0032,0037,0052,0060,0062,9057,9111,9113,9116,9128,9157,9164,9165,9167,9221,9222',
    // Pixels, windows, look-up tables, palettes.
    '0028:0002,0004,0006,0008,0009,0010,0011,0014,0030,0034,0100,0101,0102,0103,0106,0107,0120,0121,0301,1050,1051,1052',
    '0028:1053,1056,1101,1102,1103,1201,1202,1203,1221,1222,1223,135A,2110,2112,2114,3000,3002,3006,3010,9110,9132,9145',
    '2050:0020 5200:9229,9230 7FE0:0001,0002',
    // Content of reports: codes, numbers, references.
    '0040:08EA,A010,A040,A043,A050,A124,A161,A162,A163,A168,A170,A300,A30A,A375,A491,A504,A730,DB00 0070:0022,0023',
    // Segments.
    '0062:0001,0002,0003,0004,0008,000A,000B,000C,000D,000E,000F,0010,0013,0021 0070:0080',
  ].flatMap((line) =>
    line.split(' ').flatMap((part) => {
      const [group, elements = ''] = part.split(':');
      return elements.split(',').map((digits) => Number.parseInt(`${group}${digits}`, 16));
    }),
  ),
);

/** Words of the standard that elements of CS may hold. Others could be anything. */
const WORDS = new Set(
  [
    'ORIGINAL DERIVED PRIMARY SECONDARY MIXED NONE YES NO COLOR MONOCHROME TRUE_COLOR MAXIMUM MINIMUM REMOVED',
    'US IVUS OT SEG SR CR CT DX MR NM MG PT XA RF ES XC GM SM OP BI KO MONOCHROME1 MONOCHROME2 PALETTE_COLOR RGB',
    'YBR_FULL YBR_FULL_422 YBR_PARTIAL_422 YBR_PARTIAL_420 YBR_RCT YBR_ICT LINEAR LINEAR_EXACT SIGMOID IDENTITY INVERSE',
    'ISO_10918_1 ISO_14495_1 ISO_15444_1 ISO_15444_15 DV DI DF WSD SD SI SYN',
    'ABDOMINAL BREAST CHEST ENDOCAVITARY ENDORECTAL ENDOVAGINAL EPICARDIAL FETAL_HEART GYNECOLOGY INTRACARDIAC',
    'INTRAOPERATIVE INTRAVASCULAR MUSCULOSKELETAL NEONATAL_HEAD OB OBSTETRICAL OPHTHALMIC PEDIATRIC PELVIC STRESS',
    'RETROPERITONEAL SCROTAL SMALL_PARTS TEE THYROID TRANSCRANIAL TTE VASCULAR',
    'CONTAINER CODE NUM UIDREF IMAGE COMPOSITE SCOORD CONTAINS SEPARATE CONTINUOUS PARTIAL COMPLETE DCMR TEXT',
    'POINT MULTIPOINT POLYLINE CIRCLE ELLIPSE BINARY FRACTIONAL LABELMAP PROBABILITY OCCUPANCY AUTOMATIC SEMIAUTOMATIC',
    'MANUAL SEGMENTATION 3D HAS_OBS_CONTEXT HAS_CONCEPT_MOD HAS_PROPERTIES HAS_ACQ_CONTEXT INFERRED_FROM SELECTED_FROM',
  ].flatMap((line) => line.split(' ').map((word) => word.replaceAll('_', ' '))),
);
/** Sides and directions, and numbers such as the bits of an ultrasound image type and the number of a template. */
const SHORT = /^([LRBUAPHF]{0,3}|\d{1,4})$/;
const isWord = (word: string): boolean => WORDS.has(word.replaceAll('_', ' ')) || SHORT.test(word);

/** Designators of terminologies whose meanings name no person. */
const PUBLIC = new Set([
  'DCM',
  'SCT',
  'SRT',
  'SNM3',
  'LN',
  'UCUM',
  'FMA',
  'RADLEX',
  'NCIt',
  'UMLS',
  'RFC5646',
  'ISO639_1',
]);

const ALGORITHM = 0x0062_0009;
const TRACKING = 0x0062_0020;
const TEXT_VALUE = 0x0040_a160;

/** Tags that name one instance, whose UID differs between a copy with cleaned pixels and one without. */
const INSTANCES = [0x0008_0018, 0x0008_1155];

export interface Replacements {
  readonly pseudonyms: Pseudonyms;
  /** Tells copies of one instance apart. */
  readonly instanceKind: string;
}

/** What is kept of a data set and of the sequences in it. */
export function keptElements(data: DataSet, replacements: Replacements): DataSet {
  const kept = new Map<number, DicomElement>();
  for (const [tag, found] of data) {
    const value = KEPT.has(tag) ? keptElement(tag, found, replacements) : undefined;
    if (value) kept.set(tag, value);
  }
  return kept;
}

/** What is kept of an item: codes, content of reports and segments have text of their own. */
function keptItem(item: DataSet, replacements: Replacements): DataSet {
  if (item.has(0x0008_0100)) return keptCode(item);
  const kept = keptElements(item, replacements);
  if (textOf(item, 0x0040_a040) === 'TEXT') return withText(kept, item, replacements);
  return item.has(0x0062_0004) ? withLabel(kept, item, replacements) : kept;
}

function keptElement(tag: number, found: DicomElement, replacements: Replacements): DicomElement | undefined {
  const vr = knownVr(tag);
  if (vr === 'SQ') {
    const items = found.vr === 'SQ' ? found.items : [];
    const content = tag === 0x0040_a730 ? items.filter(isKeptContent) : items;
    return { vr: 'SQ', items: content.map((item) => keptItem(item, replacements)) };
  }
  if (found.vr === 'SQ' || vr === undefined) return undefined;
  const text = latin1(found.bytes);
  switch (vr) {
    case 'CS':
      return text.split('\\').every((word) => isWord(word.trim())) ? { vr, bytes: found.bytes } : cutWords(tag, text);
    case 'DS':
    case 'IS':
      return /^[-+0-9.eE \\]*$/.test(text) ? { vr, bytes: found.bytes } : undefined;
    case 'UI': {
      const kind = INSTANCES.includes(tag) ? replacements.instanceKind : '';
      const uids = text.split('\\').map((uid) => (uid === '' ? '' : replacements.pseudonyms.uid(uid.trim(), kind)));
      return element(tag, uids);
    }
    default: {
      // Words and bytes, signed or not, as the file has them: the dictionary knows one of the two.
      const own = ['US', 'SS', 'OB', 'OW', 'UL', 'SL'].includes(found.vr) ? found.vr : vr;
      const binary = swapUnit(found.vr) > 1 || found.vr === 'OB' || found.vr === 'UN';
      return binary && found.bytes.length % swapUnit(own) === 0 ? { vr: own, bytes: found.bytes } : undefined;
    }
  }
}

/** The first words of an image type are the standard's. */
function cutWords(tag: number, text: string): DicomElement | undefined {
  const words = text.split('\\').map((word) => word.trim());
  const end = words.findIndex((word) => !isWord(word));
  return end > 0 ? element(tag, words.slice(0, end)) : undefined;
}

/** A code of a public terminology; of others nothing is left. */
function keptCode(data: DataSet): DataSet {
  const [value = '', scheme = '', meaning = ''] = [0x0008_0100, 0x0008_0102, 0x0008_0104].map((tag) =>
    textOf(data, tag),
  );
  if (!PUBLIC.has(scheme) || !/^[\w.{}[\]/%*'-]{1,16}$/.test(value)) return codeItem(['removed', '99SAMUS', 'removed']);
  return codeItem([value, scheme, /^[\x20-\x7e]{1,64}$/.test(meaning) ? meaning : value]);
}

/** Persons, dates and times are not copied. */
const isKeptContent = (item: DataSet): boolean =>
  !['PNAME', 'DATE', 'TIME', 'DATETIME', 'WAVEFORM'].includes(textOf(item, 0x0040_a040) ?? '');

/** Text of a report is removed; names that track objects stay different from each other. */
function withText(kept: DataSet, item: DataSet, { pseudonyms }: Replacements): DataSet {
  const [concept] = itemsOf(item, 0x0040_a043);
  const tracks = concept !== undefined && textOf(concept, 0x0008_0100) === '112039';
  const text = tracks ? trackingName(item, TEXT_VALUE, pseudonyms) : 'removed';
  return new Map([...kept, ...dataSet([TEXT_VALUE, text])]);
}

/** A segment with a label that says no more than its code. */
function withLabel(kept: DataSet, segment: DataSet, { pseudonyms }: Replacements): DataSet {
  const [type] = itemsOf(kept, 0x0062_000f);
  const label = textOf(segment, 0x0062_0005);
  const known = label !== undefined && type && textOf(type, 0x0008_0104)?.toLowerCase() === label.toLowerCase();
  return new Map([
    ...kept,
    ...dataSet([0x0062_0005, known ? label : `Segment ${numberOf(segment, 0x0062_0004) ?? ''}`]),
    ...(segment.has(ALGORITHM) ? dataSet([ALGORITHM, 'removed']) : []),
    ...(segment.has(TRACKING) ? dataSet([TRACKING, trackingName(segment, TRACKING, pseudonyms)]) : []),
  ]);
}

function trackingName(data: DataSet, tag: number, pseudonyms: Pseudonyms): string {
  return `object-${pseudonyms.name('tracking', latin1(bytesOf(data, tag)))}`;
}

const latin1 = (bytes: Uint8Array | undefined): string =>
  new TextDecoder('latin1').decode(bytes).replace(/[ \0]+$/, '');
