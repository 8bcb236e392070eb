/**
 * The images of a study, one by one: named files, and all images in folders and zip archives, whatever their depth.
 */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { SamusError } from '../../errors.js';
import { openFileSource } from '../../formats/fileSource.node.js';
import { isMissing, storedPath } from '../../formats/fileSystem.node.js';
import { imagesAmong } from '../../formats/imageFolder.node.js';
import { isNamedAs, readFormats } from '../../formats/imageFormat.js';
import type { ZipEntry } from '../../formats/zipArchive.js';
import { archiveEntries, unpackedEntry } from '../../formats/zipFile.node.js';

/** An image before it is planned. */
export interface InputImage {
  /** Name in lists. */
  readonly image: string;
  readonly file: string;
  readonly entry?: ZipEntry;
  /** Path below the input that contains it; decides the names of its results. */
  readonly place: string;
  /** Named by the user, not found in a folder or an archive. */
  readonly named?: true;
  /** Why it cannot be read. */
  readonly problem?: SamusError;
}

interface Scan {
  /** Folders that are left out, with all that they contain. */
  readonly leftOut: ReadonlySet<string>;
  /** For entries of archives whose names do not show what they are. */
  readonly temporary: string;
  /** Called for each DICOM object without an image, which is left out. */
  readonly noImage: () => void;
}

/** Deepest folder that is searched; links can form a circle. */
const MOST_LEVELS = 64;

/**
 * The images of the inputs. A folder that cannot be read, or a damaged archive, gives one image with a problem.
 * @throws SamusError IMAGES_MISSING for a folder or an archive without images
 */
export async function* inputImages(inputs: readonly string[], scan: Scan): AsyncGenerator<InputImage> {
  for (const input of inputs) {
    const path = await storedPath(input);
    const found = await stat(path).catch(() => undefined);
    const folder = found?.isDirectory() === true;
    const images = folder
      ? imagesIn(path, '', scan, MOST_LEVELS)
      : found && (await isArchive(path))
        ? archiveImages(path, '', scan)
        : undefined;
    if (!images) {
      yield { image: path, file: path, place: basename(path), named: true };
      continue;
    }
    let none = true;
    for await (const image of images) {
      none = false;
      yield image;
    }
    if (!none) continue;
    const what = folder ? 'folder' : 'archive';
    const hint = 'name another folder, an archive, or image files';
    throw new SamusError('IMAGES_MISSING', `expected images in the ${what} ${input}, got none`, hint);
  }
}

async function* imagesIn(folder: string, place: string, scan: Scan, levels: number): AsyncGenerator<InputImage> {
  if (scan.leftOut.has(resolve(folder))) return;
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort();
  } catch (error) {
    if (isMissing(error)) return;
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const problem = new SamusError(
      'FILE_UNREADABLE',
      `cannot read the folder ${folder}: ${reason}`,
      'check who may read it',
    );
    yield { image: folder, file: folder, place: place || basename(folder), problem };
    return;
  }
  for (const name of names) {
    const [path, inside] = [join(folder, name), place === '' ? name : `${place}/${name}`];
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) {
      if (levels > 0) yield* imagesIn(path, inside, scan, levels - 1);
    } else if (found?.isFile() && (await isArchive(path))) yield* archiveImages(path, inside, scan);
    else if (await isImage(folder, name, scan)) yield { image: path, file: path, place: inside };
  }
}

async function* archiveImages(file: string, place: string, scan: Scan): AsyncGenerator<InputImage> {
  const inner = (name: string): string => (place === '' ? name : `${place.replace(/\.zip$/i, '')}/${name}`);
  let entries: readonly ZipEntry[];
  try {
    entries = await archiveEntries(file);
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    yield { image: file, file, place: place || basename(file), problem: error };
    return;
  }
  for (const entry of entries) {
    const { name } = entry;
    const parts = name.split('/');
    // Folders, and what macOS adds.
    if (name.endsWith('/') || parts.some((part) => part.startsWith('.') || part === '__MACOSX')) continue;
    const image = { image: `${file}/${name}`, file, entry, place: inner(name) };
    try {
      if (await isImageEntry(file, entry, scan)) yield image;
    } catch (error) {
      if (!(error instanceof SamusError) || error.kind === 'machine') throw error;
      yield { ...image, problem: error };
    }
  }
}

async function isImage(folder: string, name: string, { noImage }: Scan): Promise<boolean> {
  const { images, leftOut } = await imagesAmong(folder, [name]);
  if (leftOut > 0) noImage();
  return images.length > 0;
}

/** Decides as for a file in a folder. */
async function isImageEntry(file: string, entry: ZipEntry, scan: Scan): Promise<boolean> {
  if (
    isNamedAs(
      readFormats('node').filter(({ id }) => id !== 'dicom'),
      entry.name,
    )
  )
    return true;
  const folder = await mkdtemp(join(scan.temporary, 'entry-'));
  try {
    const name = `image${extname(entry.name)}`;
    await writeFile(join(folder, name), await unpackedEntry(file, entry));
    return await isImage(folder, name, scan);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isArchive(path: string): Promise<boolean> {
  if (extname(path).toLowerCase() !== '.zip') return false;
  const source = await openFileSource(path).catch(() => undefined);
  try {
    const head = source && source.size >= 4 ? await source.read(0, 4) : undefined;
    return head?.[0] === 0x50 && head[1] === 0x4b;
  } finally {
    await source?.close();
  }
}
