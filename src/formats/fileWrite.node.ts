/**
 * Writing files on Node: never a half one under its name, and the same two errors for everything that this project
 * writes. Callers define the content.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { exists } from './fileSystem.node.js';

/**
 * Has a new file written beside `path` and renames it over what is there, in one step.
 * @param write makes the file at the path that it is given, which is new
 * @throws SamusError FILE_UNWRITABLE, DISK_FULL, and what `write` throws; then `path` is as it was and nothing is left
 *   beside it
 */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  // Not after its name: a file of the longest name that the system takes must have room for a temporary one too.
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    // What went wrong before matters more than what is left over.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** Replaces `path` by a text in one step. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export function writeTextFile(path: string, text: string): Promise<void> {
  return replaceFile(path, (temporary) => writeFile(temporary, text, { flag: 'wx' }));
}

/**
 * Creates a folder and its parents if missing. One by one, because Node 20's recursive `mkdir` never ends on a file system that
 * accepts no folders and reports a missing path (/proc).
 * @throws SamusError FILE_UNWRITABLE, DISK_FULL
 */
export async function makeFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const above = dirname(path);
  // A root has no parent and may be missing itself: an absent Windows drive.
  if (above !== path && !(await exists(above))) await makeFolder(above);
  try {
    await mkdir(path);
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) throw writeError(folder, error);
  }
}

/** No space, no quota, or larger than a file may get. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  EISDIR: 'it is a folder',
  ENOTEMPTY: 'it is a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the disk can only be read',
  ENAMETOOLONG: 'its name is too long',
};

/**
 * What a failed write of `path` says: DISK_FULL (machine) or FILE_UNWRITABLE (input). One of these two about a part of
 * `path` becomes one about `path`; other errors are returned unchanged.
 */
export function writeError(path: string, error: unknown): unknown {
  const reason = reasonOf(error);
  if (reason === undefined) return error;
  const details = { path, reason };
  if (NO_ROOM.includes(reason)) {
    const hint = 'free some space, or write elsewhere';
    return new SamusError('DISK_FULL', `cannot write ${path}: no room (${reason})`, hint, details);
  }
  return new SamusError(
    'FILE_UNWRITABLE',
    `expected a writable place, but ${path} cannot be written: ${REASONS[reason] ?? reason}`,
    'name another place, or check that its folder exists and that you may write there',
    details,
  );
}

/** The code of the operating system, where an error has one. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof SamusError) {
    const { reason } = error.details;
    const ours = error.code === 'DISK_FULL' || error.code === 'FILE_UNWRITABLE';
    return ours && typeof reason === 'string' ? reason : undefined;
  }
  return error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined;
}
