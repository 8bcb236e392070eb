/**
 * The files that results are written to: their names, and writing each of them in one step, so that a file is there
 * as a whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { whole } from './interrupt.js';

/**
 * Names of the files of each image, without what tells them apart: its own name without ending, and a number after it
 * where two images of one run have the same.
 */
export function outputStems(images: readonly string[]): string[] {
  const taken = new Set<string>();
  return images.map((image) => {
    const stem = basename(image, extname(image));
    let name = stem;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${stem}-${n}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

/**
 * Refuses to replace what the command reads, and to write two results to one place.
 * @throws SamusError OUTPUT_IS_INPUT, OUTPUT_TWICE
 */
export function checkOutputs(outputs: readonly string[], inputs: readonly string[]): void {
  const read = new Set(inputs.map((path) => resolve(path)));
  const written = new Set<string>();
  for (const path of outputs) {
    if (read.has(resolve(path))) {
      const message = `${path} is read by this command and would be replaced by its result`;
      throw new SamusError('usage', 'OUTPUT_IS_INPUT', message, 'name another place with --out', { path });
    }
    // Two names that differ in case only are one file on Windows and macOS.
    const place = resolve(path).toLowerCase();
    if (written.has(place)) {
      const message = `two results of this command would be written to ${path}`;
      throw new SamusError('usage', 'OUTPUT_TWICE', message, 'rename an object, or run the command for each image', {
        path,
      });
    }
    written.add(place);
  }
}

/** Makes a folder, and those above it, if it is not there. @throws SamusError OUTPUT_UNWRITABLE, DISK_FULL */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(folder, error);
  }
}

/** Writes a text file in one step. @throws SamusError OUTPUT_UNWRITABLE, DISK_FULL */
export async function writeText(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  await whole(async () => {
    try {
      await writeFile(temporary, text, { flag: 'wx' });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw writeError(path, error);
    }
  });
}

/** What a failed write says, in the form of the project. */
export function writeError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SamusError('machine', 'DISK_FULL', `no room is left to write ${path}`, 'make room, or write elsewhere', {
      path,
    });
  }
  return new SamusError(
    'input',
    'OUTPUT_UNWRITABLE',
    `a writable place was expected, but ${path} cannot be written (${code})`,
    'check that no file is in the way and that you may write there',
    { path, reason: code },
  );
}
