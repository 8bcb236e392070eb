/**
 * Why the image of a job failed. Redis gets only the code of the error: its message can name files. The whole error is
 * left in the folder of the study.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, writeTextFile } from '../../formats/fileWrite.node.js';
import { isFields } from '../../formats/jsonFields.js';
import type { StoredError } from '../batch/study.js';

const FOLDER = 'errors';

const pathOf = (study: string, key: string): string => join(study, FOLDER, `${key}.json`);

export async function leaveError(study: string, key: string, error: StoredError): Promise<void> {
  await makeFolder(join(study, FOLDER));
  await writeTextFile(pathOf(study, key), `${JSON.stringify(error)}\n`);
}

/** Takes the error that a worker left; undefined if a worker ended before it could leave one. */
export async function takeError(study: string, key: string): Promise<StoredError | undefined> {
  const path = pathOf(study, key);
  const text = await readFile(path, 'utf8').catch(() => '');
  await rm(path, { force: true });
  try {
    const error: unknown = JSON.parse(text);
    return isStoredError(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

export async function removeErrors(study: string): Promise<void> {
  await rm(join(study, FOLDER), { recursive: true, force: true });
}

function isStoredError(value: unknown): value is StoredError {
  return isFields(value) && ['code', 'message', 'hint'].every((name) => typeof value[name] === 'string');
}
