/**
 * What importers need of the file system: the files of a folder in a steady order, with the error that says what the
 * folder should have looked like.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import type { Image } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import { imagesAmong } from '../../formats/imageFolder.node.js';
import { nameKey } from '../../formats/outputNames.js';
import { groupBy } from '../groupBy.js';
import { binaryMask } from '../publishedMasks.js';

/** Names of the files in a folder, in natural order (2 before 10); none if there is no such folder. */
export async function fileNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  });
  // macOS leaves files like ._image.png on other file systems.
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  return names.filter((name) => !name.startsWith('.')).sort(naturally);
}

/** Names of the picture files in a folder, DICOM images without an extension among them. @param masks also DICOM segmentations */
export async function imageNames(folder: string, masks = false): Promise<string[]> {
  return [...(await imagesAmong(folder, await fileNames(folder), masks)).images];
}

/** Names of the folders in a folder. */
export async function folderNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort(naturally);
}

/**
 * File names by their stem, in Unicode normal form C. Files that share one are left out, for it is not known which is meant.
 * @param report called for each of them
 */
export function byStem(names: readonly string[], report: (name: string, reason: string) => void): Map<string, string> {
  const stems = new Map<string, string>();
  for (const [stem, files] of groupBy(names, (name) => nameKey(stemOf(name)))) {
    if (files.length === 1) stems.set(stem, files[0]!);
    else for (const file of files) report(file, `the folder has ${files.join(' and ')}; rename or remove one`);
  }
  return stems;
}

/** A name without its ending. */
export function stemOf(name: string): string {
  return basename(name, extname(name));
}

/**
 * The first of these places (relative to the source) that is there: people unpack archives one folder higher or lower.
 */
export async function findFolder(source: string, candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    const path = join(source, candidate);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) return path;
  }
  return undefined;
}

/** The text of a file, or undefined if there is none. */
export async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The mask in a file, 0 and 1. @throws SamusError MASK_FAINT, and as openImage */
export async function readBinaryMask(path: string): Promise<Image> {
  const source = await openImage(path);
  return binaryMask(await source.read(1, 'mask'), source.lossy, path);
}

/** The error for a source that does not look like what an importer reads. */
export function layoutError(source: string, layout: string, found: string): SamusError {
  const message = `expected ${layout} in ${source}; ${found}`;
  return new SamusError('IMPORT_LAYOUT', message, 'name the folder as its authors publish it, unpacked', {
    source,
  });
}

function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);
}
