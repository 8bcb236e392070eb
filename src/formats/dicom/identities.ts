/**
 * Finds what identifies a patient in names of files and folders: exports are often named after the patient, the date or
 * the UID.
 */
import { textOf } from './dataSet.js';
import { patientFacts } from './dicomFacts.js';
import type { DicomFile } from './dicomFile.js';

const UIDS = [0x0008_0018, 0x0020_000d, 0x0020_000e];
const DATES = [0x0008_0012, 0x0008_0020, 0x0008_0021, 0x0008_0023];
/** Shorter parts of a name would be found everywhere. */
const LEAST_LETTERS = 3;
const LEAST_NUMBER = 4;

/** Whether a name holds a name, number, date or UID of the patient, study or instance. */
export function namesIdentity(name: string, { data }: DicomFile): boolean {
  const facts = patientFacts(data);
  const texts = [
    ...facts.name.split(/[\s^=,;.]+/),
    ...[facts.id, facts.birthDate, facts.studyDate, facts.accessionNumber],
    ...[...UIDS, ...DATES].map((tag) => textOf(data, tag) ?? ''),
  ];
  const plain = letters(name);
  return texts.map(letters).some((text) => {
    const least = /\d/.test(text) ? LEAST_NUMBER : LEAST_LETTERS;
    return text.length >= least && plain.includes(text);
  });
}

/** Letters and digits without accents, in small letters. */
const letters = (text: string): string =>
  text
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
