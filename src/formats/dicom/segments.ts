/** The objects of a segmentation and their description (Segment Sequence, PS3.3 C.8.20.4). */
import type { Mask } from '../mask.js';
import { BACKGROUND, type PropertyCode } from './codes.js';
import type { DataSet } from './dataSet.js';
import type { ExportOrigin, SourceFacts } from './derivedObject.js';
import { codeItem, dataSet, derivedUid, element, type TextEncoding } from './writeDataSet.js';

/** One object of the image, over its frames. */
export interface DicomSegObject {
  readonly name: string;
  readonly code: PropertyCode;
  /** MANUAL: drawn by hand; SEMIAUTOMATIC: the model answered prompts; AUTOMATIC: it had none. */
  readonly algorithm: 'MANUAL' | 'SEMIAUTOMATIC' | 'AUTOMATIC';
  /** `#rrggbb` */
  readonly color?: string;
  readonly masks: readonly DicomSegMask[];
}

/** The mask on a frame, counted from 1, with the size of a pixel where it is known. */
export interface DicomSegMask {
  readonly frame: number;
  readonly mask: Mask;
  readonly spacingMm?: readonly [x: number, y: number];
}

/** The UID of an object over frames and files, which follows from its image and its name. */
export const trackingUid = ({ sopInstanceUid }: Pick<SourceFacts, 'sopInstanceUid'>, name: string): string =>
  derivedUid(`samus-tracking${sopInstanceUid} ${name}`);

/** One item for each object, after the background in label maps. */
export function segmentItems(
  segments: readonly DicomSegObject[],
  labelled: boolean,
  facts: SourceFacts,
  { model = 'unknown', version }: ExportOrigin,
  encode: TextEncoding,
): DataSet[] {
  const modelName = element(0x0062_0009, cut(oneLine(model)), encode);
  const labels = segmentLabels(segments.map(({ name }) => name));
  const algorithm = dataSet(
    [0x0024_0202, 'samus'],
    [0x0066_002f, [codeItem(['123110', 'DCM', 'Artificial Intelligence'])]],
    [0x0066_0031, version],
    [0x0066_0036, modelName],
  );
  const background = dataSet(...segmentHead(0, 'background', BACKGROUND, 'AUTOMATIC', encode), [
    0x0062_0009,
    modelName,
  ]);
  const items = segments.map(({ name, code, algorithm: how, color }, i) =>
    dataSet(
      ...segmentHead(i + 1, labels[i]!, code, how, encode),
      // The whole of a name that is cut.
      ...(labels[i] === oneLine(name)
        ? []
        : ([[0x0062_0006, element(0x0062_0006, cut(oneLine(name), MOST_DESCRIPTION), encode)]] as const)),
      ...(how === 'MANUAL'
        ? []
        : ([
            [0x0062_0007, [algorithm]],
            [0x0062_0009, modelName],
          ] as const)),
      ...(color === undefined ? [] : ([[0x0062_000d, cieLab(color)]] as const)),
      [0x0062_0020, element(0x0062_0020, oneLine(name), encode)],
      [0x0062_0021, trackingUid(facts, name)],
    ),
  );
  return labelled ? [background, ...items] : items;
}

function segmentHead(
  number: number,
  label: string,
  { category, type }: PropertyCode,
  how: DicomSegObject['algorithm'],
  encode: TextEncoding,
) {
  return [
    [0x0062_0003, [codeItem(category, encode)]],
    [0x0062_0004, number],
    [0x0062_0005, element(0x0062_0005, label, encode)],
    [0x0062_0008, how],
    [0x0062_000f, [codeItem(type, encode)]],
  ] as const;
}

/** Most characters of LO, and of ST. */
export const MOST_LABEL = 64;
const MOST_DESCRIPTION = 1024;

/** A text without line breaks and backslashes, which separate values. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\\]/gu, ' ').trim() || 'object';

const cut = (text: string, most = MOST_LABEL): string => Array.from(text).slice(0, most).join('').trim();

/** The labels of objects: their names, cut where they are too long, with a number where that makes two equal. */
function segmentLabels(names: readonly string[]): string[] {
  const whole = names.map(oneLine);
  const taken = new Set(whole);
  return whole.map((name) => {
    let label = cut(name);
    if (label === name) return name;
    for (let n = 2; taken.has(label); n++) label = `${cut(name, MOST_LABEL - ` ${n}`.length)} ${n}`;
    taken.add(label);
    return label;
  });
}

/** A colour as DICOM's CIELab with white D50: L* from 0 to 100, a* and b* from -128 to 127 over 16 bits (PS3.3 C.10.7.1.1). */
function cieLab(color: string): number[] {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => linear(Number.parseInt(color.slice(at, at + 2), 16) / 255));
  // From linear sRGB to XYZ, adapted to D50 (Bradford), in parts of its white.
  const x = root((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / 0.9642);
  const y = root(0.2225045 * r + 0.7168786 * g + 0.0606169 * b);
  const z = root((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / 0.8251);
  const signed = (value: number): number => ((value + 128) * 65535) / 255;
  return [((116 * y - 16) * 65535) / 100, signed(500 * (x - y)), signed(200 * (y - z))].map((value) =>
    Math.round(Math.min(65535, Math.max(0, value))),
  );
}

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const root = (value: number): number => (value > 216 / 24389 ? Math.cbrt(value) : ((24389 / 27) * value + 16) / 116);
