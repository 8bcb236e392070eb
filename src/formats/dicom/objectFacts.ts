/**
 * What DICOM objects without pictures of their own say: the segments of segmentations, the measurements of reports, and
 * what all of them refer to. Only coded text and labels of segments are read, no other text.
 */
import { type TextReader, textIn, textReader } from './characterSets.js';
import { type DataSet, itemsOf, numberOf, numbersOf, textOf } from './dataSet.js';
import { labelOf } from './readSeg.js';

/** An object that another one refers to. */
export interface ObjectReference {
  readonly sopInstanceUid: string;
  readonly segmentation: boolean;
  /** From 1; none: the whole object. */
  readonly frames: readonly number[];
}

/** What an object refers to: in Derivation Image of frames, Source Image, and Current Requested Procedure Evidence. */
export function referencesOf(data: DataSet): ObjectReference[] {
  const groups = [...itemsOf(data, 0x5200_9229), ...itemsOf(data, 0x5200_9230)];
  const derived = groups.flatMap((group) => itemsOf(group, 0x0008_9124));
  const images = [data, ...derived].flatMap((one) => itemsOf(one, 0x0008_2112));
  const series = itemsOf(data, 0x0040_a375).flatMap((study) => itemsOf(study, 0x0008_1115));
  const found = new Map<string, { segmentation: boolean; frames: Set<number> }>();
  for (const item of [...images, ...series.flatMap((one) => itemsOf(one, 0x0008_1199))]) {
    const uid = textOf(item, 0x0008_1155);
    if (uid === undefined || !/^[0-9.]{1,64}$/.test(uid)) continue;
    const segmentation = (textOf(item, 0x0008_1150) ?? '').startsWith(SEGMENTATIONS);
    const one = found.get(uid) ?? { segmentation, frames: new Set() };
    for (const frame of numbersOf(item, 0x0008_1160)) one.frames.add(frame);
    found.set(uid, one);
  }
  return [...found].map(([sopInstanceUid, { segmentation, frames }]) => ({
    ...{ sopInstanceUid, segmentation, frames: [...frames].sort((a, b) => a - b) },
  }));
}

const SEGMENTATIONS = '1.2.840.10008.5.1.4.1.1.66.';

export interface SegmentFacts {
  readonly number: number;
  readonly label: string;
  /** Meaning of its code, such as "Lesion". */
  readonly type: string | null;
  /** How it was made: MANUAL, SEMIAUTOMATIC or AUTOMATIC. */
  readonly algorithm: string | null;
  /** Frames with its mask; null in label maps, which do not state it. */
  readonly frames: number | null;
}

/** The segments of a segmentation without the background. */
export function segmentsOf(data: DataSet): SegmentFacts[] {
  const counts = new Map<number, number>();
  const [shared = new Map()] = itemsOf(data, 0x5200_9229);
  for (const group of itemsOf(data, 0x5200_9230)) {
    const [identification] = [group, shared].flatMap((one) => itemsOf(one, 0x0062_000a));
    const number = identification && numberOf(identification, 0x0062_000b);
    if (number !== undefined) counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  const read = textReader(data);
  return itemsOf(data, 0x0062_0002).flatMap((item) => {
    const number = numberOf(item, 0x0062_0004) ?? 0;
    if (number === 0) return [];
    const how = textOf(item, 0x0062_0008) ?? '';
    return [
      {
        ...{ number, label: labelOf(item, read), type: meaningOf(item, 0x0062_000f, read) },
        algorithm: ['MANUAL', 'SEMIAUTOMATIC', 'AUTOMATIC'].includes(how) ? how : null,
        frames: counts.size > 0 ? (counts.get(number) ?? 0) : null,
      },
    ];
  });
}

/** A measurement group of a report. */
export interface ReportGroup {
  /** Meaning of the code of what was found. */
  readonly finding: string | null;
  readonly values: readonly { readonly name: string; readonly value: number; readonly unit: string }[];
}

/** The title of a report, and its groups that have numbers. */
export function reportFacts(data: DataSet): { readonly title: string | null; readonly groups: readonly ReportGroup[] } {
  const groups: ReportGroup[] = [];
  const read = textReader(data);
  const open = [data];
  for (let item = open.pop(); item; item = open.pop()) {
    const content = itemsOf(item, 0x0040_a730);
    const values = content.flatMap((one) => {
      const [measured] = itemsOf(one, 0x0040_a300);
      const value = measured && numberOf(measured, 0x0040_a30a);
      const [unit] = measured ? itemsOf(measured, 0x0040_08ea) : [];
      const name = meaningOf(one, 0x0040_a043, read);
      return value === undefined || name === null
        ? []
        : [{ name, value, unit: (unit && textOf(unit, 0x0008_0100)) ?? '' }];
    });
    const finding = content.find((one) => codeOf(one, 0x0040_a043) === FINDING);
    if (values.length > 0) groups.push({ finding: finding ? meaningOf(finding, 0x0040_a168, read) : null, values });
    // In the order of the report: the last one is taken next.
    open.push(...[...content].reverse());
  }
  return { title: meaningOf(data, 0x0040_a043, read), groups };
}

const FINDING = '121071';

const codeOf = (item: DataSet, tag: number): string | undefined => {
  const [code] = itemsOf(item, tag);
  return code && textOf(code, 0x0008_0100);
};

function meaningOf(item: DataSet, tag: number, read: TextReader): string | null {
  const [code] = itemsOf(item, tag);
  return (code && textIn(code, 0x0008_0104, read)) || null;
}
