/**
 * What people ask of a DICOM file besides its pixels: when its frames were taken, and the patient and study, decoded for
 * display only.
 */
import { bytesOf, type DataSet, numbersOf, textOf } from './dataSet.js';

/** Durations of the frames as the file states them, in ms: one for all, or one each; null where it states none. */
export function frameTimes(data: DataSet): readonly number[] | null {
  const [group, element] = numbersOf(data, 0x00280009);
  const pointed = group !== undefined && element !== undefined ? group * 0x10000 + element : undefined;
  const tags = [0x00181065, 0x00181063];
  const found = [...tags.filter((tag) => tag === pointed), ...tags]
    .map((tag) => numbersOf(data, tag))
    .find((times) => times.length > 0 && times.every((time) => Number.isFinite(time)));
  return found ?? null;
}

/** Names of character sets (PS3.3 C.12.1.1.2) for TextDecoder; others are read as Latin 1. */
const CHARACTER_SETS: Readonly<Record<string, string>> = {
  ...{ 192: 'utf-8', 101: 'iso-8859-2', 109: 'iso-8859-3', 110: 'iso-8859-4', 144: 'iso-8859-5', 127: 'iso-8859-6' },
  ...{ 126: 'iso-8859-7', 138: 'iso-8859-8', 148: 'iso-8859-9', 166: 'windows-874', 13: 'shift_jis' },
};
const OTHER_SETS: Readonly<Record<string, string>> = { GB18030: 'gb18030', GBK: 'gbk' };

const PATIENT = {
  ...{ name: 0x00100010, id: 0x00100020, birthDate: 0x00100030, sex: 0x00100040, age: 0x00101010 },
  ...{ studyDate: 0x00080020, studyDescription: 0x00081030, accessionNumber: 0x00080050 },
} as const;

/** The patient and the study as text; empty where the file says nothing. */
export function patientFacts(data: DataSet): Record<keyof typeof PATIENT, string> {
  const set = (textOf(data, 0x00080005) ?? '').split('\\').find((name) => name.trim() !== '') ?? '';
  const number = /IR[ _-]?(\d+)/.exec(set)?.[1] ?? '';
  const decoder = new TextDecoder(CHARACTER_SETS[number] ?? OTHER_SETS[set.trim()] ?? 'latin1');
  const read = (tag: number): string => decoder.decode(bytesOf(data, tag) ?? new Uint8Array()).replace(/[ \0]+$/, '');
  const { name, id, birthDate, sex, age, studyDate, studyDescription, accessionNumber } = PATIENT;
  return {
    ...{ name: read(name), id: read(id), birthDate: read(birthDate), sex: read(sex), age: read(age) },
    ...{ studyDate: read(studyDate), studyDescription: read(studyDescription) },
    accessionNumber: read(accessionNumber),
  };
}
