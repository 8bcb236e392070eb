/**
 * Writes the folder of an export. A new one appears as a whole; in an export that is there the files are replaced once all
 * of the new ones are written. A folder with anything else in it is left alone.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder, writeError } from '../formats/fileWrite.node.js';
import { DESCRIPTION } from './description.js';
import type { ExportFiles } from './options.js';

/**
 * @param files by their paths in the folder, with `/`
 * @throws SamusError EXPORT_OCCUPIED, DISK_FULL, FILE_UNWRITABLE
 */
export async function writeExport(folder: string, files: ExportFiles): Promise<void> {
  const target = resolve(folder);
  const isNew = await checkPlace(folder);
  // On the same file system as its place.
  const staging = join(isNew ? dirname(target) : target, `.${randomUUID()}.tmp`);
  try {
    await makeFolder(staging);
    for (const [path, parts] of files) {
      await makeFolder(dirname(join(staging, path)));
      await writeFile(join(staging, path), parts, { flush: true });
    }
    if (isNew) return await rename(staging, target);
    for (const name of await readdir(staging)) {
      await rm(join(target, name), { recursive: true, force: true });
      await rename(join(staging, name), join(target, name));
    }
  } catch (error) {
    throw writeError(folder, error);
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** @returns whether the folder does not exist yet @throws SamusError EXPORT_OCCUPIED */
export async function checkPlace(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  if (!found) return true;
  const free =
    found.isDirectory() && ((await exists(join(folder, DESCRIPTION))) || (await readdir(folder)).length === 0);
  if (free) return false;
  throw new SamusError(
    'EXPORT_OCCUPIED',
    `expected a new folder or one of an earlier export, got ${folder}, which is a file or contains something else`,
    'name another folder',
    { folder },
  );
}
