/**
 * The folder of a study: where its files are, and `study.json`, which names the study and its settings. Another study
 * or other settings need another folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../../errors.js';
import { isMissing } from '../../formats/fileSystem.node.js';
import { makeFolder, writeTextFile } from '../../formats/fileWrite.node.js';
import { isFields, jsonOf } from '../../formats/jsonFields.js';
import { STUDY_VERSION, type StudyModel, type StudySettings } from './study.js';

/** Names below the folder. */
export const STUDY_FILES = {
  study: 'study.json',
  plan: 'plan.jsonl',
  journal: 'journal.jsonl',
  /** Results of single images. */
  images: 'images',
  /** Images from archives while they are segmented. */
  temporary: 'temporary',
  measurements: 'measurements.csv',
  coco: 'coco.json',
  failed: 'failed.csv',
} as const;

/** What `study.json` holds. */
export interface StudyRecord {
  readonly version: number;
  /** Random; names the study where its name must not be visible. */
  readonly id: string;
  readonly name: string;
  readonly model: StudyModel;
  readonly settings: StudySettings;
}

/**
 * Begins a study, or continues the one in the folder.
 * @throws SamusError BATCH_STUDY for another study or other settings, BATCH_STUDY_FILE for a file that this version does
 *   not read, FILE_UNWRITABLE, DISK_FULL
 */
export async function openStudy(
  folder: string,
  wanted: Omit<StudyRecord, 'version' | 'id'>,
): Promise<{ readonly study: StudyRecord; readonly begun: boolean }> {
  const path = join(folder, STUDY_FILES.study);
  const found = await readStudy(folder);
  if (!found) {
    const study: StudyRecord = { version: STUDY_VERSION, id: randomUUID(), ...wanted };
    await writeTextFile(path, `${JSON.stringify(study, null, 2)}\n`);
    return { study, begun: false };
  }
  const differs =
    found.name !== wanted.name
      ? `the study ${wanted.name}, got the study ${found.name}`
      : found.model.hash !== wanted.model.hash
        ? 'the model that the study began with, got another one'
        : sameSettings(found.settings, wanted.settings)
          ? undefined
          : 'the settings that the study began with, got others';
  if (differs === undefined) return { study: found, begun: true };
  const hint = `repeat the command that began the study, or choose another folder; ${path} has its settings`;
  throw new SamusError('BATCH_STUDY', `expected ${differs} in ${folder}`, hint, { folder });
}

/** @throws SamusError BATCH_STUDY_FILE */
export async function readStudy(folder: string): Promise<StudyRecord | undefined> {
  const path = join(folder, STUDY_FILES.study);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const found = jsonOf(text);
  if (isStudy(found)) return found;
  const version = isFields(found) && typeof found.version === 'number' ? `version ${found.version}` : 'other text';
  const message = `expected a study of version ${STUDY_VERSION} in ${path}, got ${version}`;
  throw new SamusError('BATCH_STUDY_FILE', message, 'choose another folder, or the version of samus that wrote it');
}

function isStudy(value: unknown): value is StudyRecord {
  return (
    isFields(value) &&
    value.version === STUDY_VERSION &&
    typeof value.id === 'string' &&
    typeof value.name === 'string' &&
    isFields(value.model) &&
    isFields(value.settings)
  );
}

/** A newer program gives the same results as the one that began the study. */
function sameSettings(a: StudySettings, b: StudySettings): boolean {
  const text = (one: StudySettings): string =>
    JSON.stringify({ ...one, dicom: { ...one.dicom, version: '' } }, (_, value: unknown) =>
      isFields(value) ? Object.fromEntries(Object.entries(value).sort(([x], [y]) => (x < y ? -1 : 1))) : value,
    );
  return text(a) === text(b);
}

/** Hexadecimal SHA-256. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/**
 * Makes the folders for results, and removes what a killed process left half written.
 * @param shared workers may write at the same time
 */
export async function prepareFolder(folder: string, begun: boolean, shared: boolean): Promise<void> {
  const temporary = join(folder, STUDY_FILES.temporary);
  await rm(temporary, { recursive: true, force: true });
  await makeFolder(temporary);
  const images = join(folder, STUDY_FILES.images);
  await makeFolder(images);
  if (begun && !shared) await removeHalfWritten(images);
}

/** Leaves nothing but results behind, when all images are finished. */
export async function finishFolder(folder: string): Promise<void> {
  await rm(join(folder, STUDY_FILES.temporary), { recursive: true, force: true });
  await removeHalfWritten(join(folder, STUDY_FILES.images));
  await removeHalfWritten(folder, false);
}

/** As replaceFile names files while they are written. */
const HALF_WRITTEN = /^\.[0-9a-f]{8}-[0-9a-f-]{27}\.tmp/;

async function removeHalfWritten(folder: string, deep = true): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (deep && entry.isDirectory()) await removeHalfWritten(path);
    else if (HALF_WRITTEN.test(entry.name)) await rm(path, { force: true });
  }
}
