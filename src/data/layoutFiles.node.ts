/**
 * What reading the published layout needs of the file system: the pictures below a folder, files that may be missing.
 */
import { opendirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nameKey } from '../formats/outputNames.js';

/**
 * Names of the PNG files below a folder, with `/` and without `.png`, in the Unicode normal form of lists (NFC); none if it
 * does not exist.
 */
export async function pngNames(folder: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  await forEachPng(folder, (name) => names.add(nameKey(name)));
  return names;
}

/** Tells the names of the PNG files below a folder, with `/` and without `.png`; none if it does not exist. */
export async function forEachPng(folder: string, report: (name: string) => void, prefix = ''): Promise<void> {
  if (!(await isFolder(folder))) return;
  // Entry by entry, and without a promise for each: 100,000 of them take tens of megabytes otherwise.
  const entries = opendirSync(folder, { bufferSize: 256 });
  const folders: string[] = [];
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      // macOS leaves files like ._image.png on other file systems.
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) folders.push(entry.name);
      else if (entry.name.endsWith('.png')) report(prefix + entry.name.slice(0, -4));
    }
  } finally {
    entries.closeSync();
  }
  for (const inner of folders) await forEachPng(join(folder, inner), report, `${prefix}${inner}/`);
}

/** The bytes of a file, or undefined if there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether a folder is there. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
