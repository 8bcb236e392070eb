/**
 * The images in a folder: files with the extension of a format that is read, and DICOM images whatever their name, as on
 * discs of hospitals. DICOM objects without an image are left out and counted.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dicomKind } from './dicom/dicomKind.node.js';
import { fileFormats, isNamedAs, readFormats } from './imageFormat.js';

/** Deepest folder that is looked into. */
const MOST_LEVELS = 16;

export interface FolderImages {
  /** Paths relative to the folder, sorted. */
  readonly images: readonly string[];
  /** DICOM objects without an image among them, such as segmentations and reports; not the directory of a disc. */
  readonly leftOut: number;
}

/** The images of a folder. Folders in it are looked into only where it has no image itself. */
export async function imageFiles(folder: string, levels = MOST_LEVELS): Promise<FolderImages> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const { images, leftOut } = await imagesAmong(folder, names);
  if (images.length > 0 || levels === 0) return { images: [...images].sort(), leftOut };
  const inner: string[] = [];
  let left = leftOut;
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const found = await imageFiles(join(folder, name), levels - 1).catch(() => undefined);
    if (!found) continue;
    inner.push(...found.images.map((file) => join(name, file)));
    left += found.leftOut;
  }
  return { images: inner.sort(), leftOut: left };
}

/** Those of the files in a folder that are images, in their order. @param masks also DICOM segmentations */
export async function imagesAmong(folder: string, names: readonly string[], masks = false): Promise<FolderImages> {
  const images: string[] = [];
  let leftOut = 0;
  const others = fileFormats().filter(({ id }) => id !== 'dicom');
  for (const name of names) {
    const named = isNamedAs(readFormats('node'), name);
    // Files of other formats have their extension; those of DICOM have any or none.
    const known = isNamedAs(others, name);
    const kind = known ? undefined : await dicomKind(join(folder, name));
    if (kind === 'image' || (masks && kind === 'segmentation') || (named && kind === undefined)) images.push(name);
    else if (kind === 'segmentation' || kind === 'other') leftOut++;
  }
  return { images, leftOut };
}
