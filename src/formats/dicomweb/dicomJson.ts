/**
 * DICOM JSON (PS3.18 annex F) as answers of a PACS have it: studies, series and instances that were found, and what became
 * of instances that were sent. An answer is untrusted: whatever is not of the expected form counts as absent.
 */
import { pacsAnswer } from './pacsErrors.js';

type Item = { readonly [tag: string]: unknown };

export interface FoundStudy {
  readonly study: string;
  readonly modalities: readonly string[];
  /** How many it has, where the PACS says it. */
  readonly series: number | null;
  readonly instances: number | null;
  /** Identifies people: show it only on request. */
  readonly patient: PatientText;
}

export interface PatientText {
  readonly name: string;
  readonly id: string;
  readonly birthDate: string;
  readonly studyDate: string;
  readonly studyDescription: string;
  readonly accessionNumber: string;
}

export interface FoundSeries {
  readonly study: string;
  readonly series: string;
  readonly modality: string;
  readonly number: number | null;
  readonly instances: number | null;
  /** Written by people: may hold anything. */
  readonly description: string;
}

export interface FoundInstance {
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly sopClass: string;
  readonly number: number | null;
  readonly rows: number | null;
  readonly columns: number | null;
  /** Null where the PACS does not say it. */
  readonly frames: number | null;
}

/** Elements that searches ask for beyond those that every PACS answers with. */
export const STUDY_FIELDS = ['00080061', '00081030', '00201206', '00201208'];
export const SERIES_FIELDS = ['0008103E', '00201209'];
export const INSTANCE_FIELDS = ['00280008', '00280010', '00280011'];

/** UIDs as allowed in URLs and file names. Digits first: `..` would lead elsewhere. */
export function isUid(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9.]{1,64}$/.test(text) && /^\d/.test(text);
}

/** The items of a search; those without usable UIDs are left out. @throws SamusError PACS_ANSWER */
export function itemsIn(answer: unknown): readonly Item[] {
  if (!Array.isArray(answer)) throw pacsAnswer('expected a list from the PACS, got another document');
  return answer.filter(isItem);
}

export function foundStudy(item: Item): FoundStudy[] {
  const study = textAt(item, '0020000D');
  if (!isUid(study)) return [];
  return [
    {
      study,
      modalities: valuesAt(item, '00080061').filter((value) => typeof value === 'string'),
      series: countAt(item, '00201206'),
      instances: countAt(item, '00201208'),
      patient: {
        name: nameAt(item, '00100010'),
        id: textAt(item, '00100020'),
        birthDate: textAt(item, '00100030'),
        studyDate: textAt(item, '00080020'),
        studyDescription: textAt(item, '00081030'),
        accessionNumber: textAt(item, '00080050'),
      },
    },
  ];
}

/** @param study the one that was asked, which not every PACS repeats */
export function foundSeries(item: Item, study: string): FoundSeries[] {
  const series = textAt(item, '0020000E');
  if (!isUid(series)) return [];
  return [
    {
      study,
      series,
      modality: textAt(item, '00080060'),
      number: countAt(item, '00200011'),
      instances: countAt(item, '00201209'),
      description: textAt(item, '0008103E'),
    },
  ];
}

export function foundInstance(item: Item, study: string, series: string): FoundInstance[] {
  const instance = textAt(item, '00080018');
  if (!isUid(instance)) return [];
  return [
    {
      study,
      series,
      instance,
      sopClass: textAt(item, '00080016'),
      number: countAt(item, '00200013'),
      rows: countAt(item, '00280010'),
      columns: countAt(item, '00280011'),
      frames: countAt(item, '00280008'),
    },
  ];
}

interface StoreAnswer {
  /** Instances that are stored; `warning` where the PACS changed something (0008,1196). */
  readonly stored: readonly { readonly instance: string; readonly warning?: number }[];
  /** Instances that are not, with the reason (0008,1197). */
  readonly failed: readonly { readonly instance: string; readonly reason?: number }[];
}

/** What became of instances that were sent (PS3.18 10.5.3). */
export function storeAnswer(answer: unknown): StoreAnswer {
  const item = isItem(answer) ? answer : {};
  const lists = (tags: readonly string[]) => tags.flatMap((tag) => valuesAt(item, tag).filter(isItem));
  const read = (one: Item, tag: string) => ({ instance: textAt(one, '00081155'), code: countAt(one, tag) });
  return {
    stored: lists(['00081199']).map((one) => {
      const { instance, code } = read(one, '00081196');
      return { instance, ...(code !== null && { warning: code }) };
    }),
    // Other Failures: what the PACS could not even identify.
    failed: lists(['00081198', '0008119A']).map((one) => {
      const { instance, code } = read(one, '00081197');
      return { instance, ...(code !== null && { reason: code }) };
    }),
  };
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valuesAt(item: Item, tag: string): readonly unknown[] {
  const element = Object.hasOwn(item, tag) ? item[tag] : undefined;
  const values = isItem(element) ? element.Value : undefined;
  return Array.isArray(values) ? values : [];
}

function textAt(item: Item, tag: string): string {
  const [value] = valuesAt(item, tag);
  // Some servers pass on the byte that fills up a UID.
  return typeof value === 'string' ? value.replace(/\0+$/, '').trim() : typeof value === 'number' ? String(value) : '';
}

function countAt(item: Item, tag: string): number | null {
  const [value] = valuesAt(item, tag);
  // Some servers send numbers as text.
  const number = typeof value === 'string' && /^ *\d{1,9} *$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

function nameAt(item: Item, tag: string): string {
  const [value] = valuesAt(item, tag);
  if (!isItem(value)) return textAt(item, tag);
  const { Alphabetic, Ideographic } = value;
  const name = typeof Alphabetic === 'string' && Alphabetic !== '' ? Alphabetic : Ideographic;
  return typeof name === 'string' ? name.trim() : '';
}
