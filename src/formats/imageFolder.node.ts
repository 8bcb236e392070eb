/**
 * The images in a folder: files with the extension of a format that is read, and DICOM images whatever their name, as on
 * discs of hospitals. DICOM objects without an image, such as segmentations and DICOMDIR, are left out.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dicomKind } from './dicom/dicomKind.node.js';
import { fileFormats, isNamedAs, readFormats } from './imageFormat.js';

/** Deepest folder that is looked into. */
const MOST_LEVELS = 16;

/** Paths relative to the folder, sorted. Folders in it are looked into only where it has no image itself. */
export async function imageFiles(folder: string, levels = MOST_LEVELS): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const images = await imagesAmong(folder, names);
  if (images.length > 0 || levels === 0) return images.sort();
  const inner: string[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const found = await imageFiles(join(folder, name), levels - 1).catch(() => []);
    inner.push(...found.map((file) => join(name, file)));
  }
  return inner.sort();
}

/** Those of the files in a folder that are images, in their order. @param masks also DICOM segmentations */
export async function imagesAmong(folder: string, names: readonly string[], masks = false): Promise<string[]> {
  const found: string[] = [];
  const others = fileFormats().filter(({ id }) => id !== 'dicom');
  for (const name of names) {
    const named = isNamedAs(readFormats('node'), name);
    // Files of other formats have their extension; those of DICOM have any or none.
    const known = isNamedAs(others, name);
    const kind = known ? undefined : await dicomKind(join(folder, name));
    if (kind === 'image' || (masks && kind === 'segmentation') || (named && kind === undefined)) found.push(name);
  }
  return found;
}
