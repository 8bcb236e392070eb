/**
 * Takes what a person gives the page (drop, buttons, a folder, a zip archive) and tells images from masks
 * (maskNames.ts), which go to images of the list; everything else is opened as an image.
 */
import { SamusError } from '../../errors.js';
import { exportClient } from '../exports/exportClient.js';
import { openImage } from '../open/openImage.js';
import type { SourceFolder } from '../storage/database.js';
import { text } from '../text/en.js';
import { newId } from './edits.js';
import { addImages } from './entries.js';
import { RESULTS_FOLDER } from './fileSystemAccess.js';
import type { FoundFile } from './listing.js';
import { isMaskFile, isNamedAsMask, namedAsObjects, stem } from './maskNames.js';
import { addMasks } from './masksIn.js';
import { say, sayError, warn } from './messages.js';
import { entries } from './state.js';
import { readTrainingSets } from './trainingSet.js';

const IMAGE = /\.(png|jpe?g|bmp|gif|webp|tiff?|dcm|dicom|ima)$/i;
/** What is no picture and yet what a person meant, by the code of its error. */
const SCANS = ['IMAGE_DICOM', 'IMAGE_CLIP'];
const MOST_SNIFFED = 12;
const NUMERIC = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Opens files; those of a folder or an archive that are no images are left out, one given by itself is not. */
export async function takeFiles(found: readonly FoundFile[], wholeFolder: boolean): Promise<void> {
  try {
    const all = (await Promise.all(found.map(unpacked))).flat();
    const many = wholeFolder || all.length > found.length;
    // What was saved beside the images is no work to be opened once more.
    const files = many ? all.filter(({ path }) => !path.split('/').slice(1, -1).includes(RESULTS_FOLDER)) : all;
    const given = files.filter(({ path }) => !isNamedAsMask(path));
    const images = new Set([...given, ...entries.peek()].map(({ path }) => stem(path)));
    const sets = await readTrainingSets(files);
    const masks = new Set(files.filter(({ path }) => isMaskFile(path, images)));
    for (const file of await objectMasks(files)) masks.add(file);
    const rest = files.filter((file) => !masks.has(file) && (!many || IMAGE.test(file.path)));
    rest.sort((a, b) => NUMERIC.compare(a.path, b.path));
    if (rest.length > 0) await addImages(await Promise.all(rest.map(sets.withSpacing)));
    const wanted = [...masks].filter(({ path }) => !sets.read.has(path));
    if (wanted.length > 0) await addMasks(wanted, many, sets.classes);
    else if (rest.length === 0) await sayNothing(files);
  } catch (error) {
    sayError(error);
  }
}

/** Masks of single objects, as this page writes them; pictures of such a name tell by their pixels that they are none. */
async function objectMasks(files: readonly FoundFile[]): Promise<FoundFile[]> {
  const masks: FoundFile[] = [];
  for (const found of namedAsObjects(files, [...files, ...entries.peek()])) {
    if (await exportClient().call('isMask', found.file)) masks.push(found);
  }
  return masks;
}

/** There is no picture by name: what the largest file of each ending is, is said if it is a scan all the same. */
async function sayNothing(files: readonly FoundFile[]): Promise<void> {
  const largest = new Map<string, File>();
  for (const { file, path } of [...files].sort((a, b) => b.file.size - a.file.size)) {
    const ending = /\.[^./]*$/.exec(path)?.[0].toLowerCase() ?? '';
    if (!largest.has(ending)) largest.set(ending, file);
  }
  for (const file of [...largest.values()].slice(0, MOST_SNIFFED)) {
    try {
      await openImage(file);
    } catch (error) {
      if (!(error instanceof SamusError) || !SCANS.includes(error.code)) continue;
      sayError(error);
      return;
    }
  }
  say(text.open.nothing, text.open.nothingHint);
}

/** What was dropped, folders too. To be called while the drop is handled: its items are gone afterwards. */
export async function takeDrop(transfer: DataTransfer): Promise<void> {
  const entries = [...transfer.items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry());
  const plain = [...transfer.files];
  try {
    const folders = entries.some((entry) => entry?.isDirectory);
    if (!folders) {
      await takeFiles(
        plain.map((file) => ({ file, path: file.name })),
        false,
      );
      return;
    }
    const walk: Walk = { found: [], unread: [] };
    for (const entry of entries) if (entry) await walkEntry(entry, walk);
    await takeFiles(walk.found, true);
    sayUnread(walk);
  } catch (error) {
    sayError(error);
  }
}

/** Asks for a folder; where the browser can, in a way that lets results be written beside the images later. */
export async function pickFolder(fallback: () => void): Promise<void> {
  if (!window.showDirectoryPicker) {
    fallback();
    return;
  }
  try {
    const handle = await window.showDirectoryPicker({ id: 'samus-images', mode: 'read' });
    const folder = await sourceFolder(handle);
    const walk: Walk = { found: [], unread: [] };
    await walkHandle(handle, folder.name, walk);
    await takeFiles(
      walk.found.map((one) => ({ ...one, folder })),
      true,
    );
    sayUnread(walk);
  } catch (error) {
    sayError(error);
  }
}

/** The folder that the list knows already, by another handle, or a new one. */
async function sourceFolder(handle: FileSystemDirectoryHandle): Promise<SourceFolder> {
  const known = new Map(entries.peek().flatMap(({ folder }) => (folder ? [[folder.id, folder]] : [])));
  for (const folder of known.values()) if (await folder.handle.isSameEntry(handle)) return folder;
  // That of a whole disk is no name of a folder.
  return { id: newId(), name: handle.name.replace(/[\\/:]/g, '') || 'folder', handle };
}

/** A phantom as a sample; each is another one. */
export async function takeSample(): Promise<void> {
  try {
    const seed = 1 + Math.floor(Math.random() * 9999);
    const { png, spacingMm } = await exportClient().call('sample', { seed });
    const file = new File([png], `phantom-${seed}.png`, { type: 'image/png' });
    await addImages([{ file, path: file.name, spacingMm: [spacingMm, spacingMm] }]);
  } catch (error) {
    sayError(error);
  }
}

async function unpacked(found: FoundFile): Promise<FoundFile[]> {
  if (!/\.zip$/i.test(found.path)) return [found];
  const files = await exportClient().call('unzip', found.file);
  return files.map(({ path, bytes }) => ({ file: new File([bytes], path.split('/').at(-1)!), path }));
}

// By what they say of themselves: Chromium has no classes of these names to compare with.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** What a walk through folders comes upon. */
interface Walk {
  readonly found: FoundFile[];
  /** Paths of what cannot be read. */
  readonly unread: string[];
}

async function walkEntry(entry: FileSystemEntry, walk: Walk): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  await reading(path, walk, async () => {
    if (isFile(entry)) {
      const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
      walk.found.push({ file, path });
    } else if (isDirectory(entry)) {
      const reader = entry.createReader();
      // A reader gives a hundred entries at a time, and none at the end.
      for (;;) {
        const inner = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
        if (inner.length === 0) return;
        for (const one of inner) await walkEntry(one, walk);
      }
    }
  });
}

async function walkHandle(
  handle: FileSystemDirectoryHandle | FileSystemFileHandle,
  path: string,
  walk: Walk,
): Promise<void> {
  await reading(path, walk, async () => {
    if (handle.kind === 'file') {
      walk.found.push({ file: await handle.getFile(), path });
      return;
    }
    for await (const inner of handle.values()) {
      const results = inner.kind === 'directory' && inner.name === RESULTS_FOLDER;
      if (!results) await walkHandle(inner, `${path}/${inner.name}`, walk);
    }
  });
}

/** One file or folder that is gone or forbidden leaves the others as they are. */
async function reading(path: string, { unread }: Walk, read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    unread.push(path);
  }
}

function sayUnread({ unread: [first, ...others] }: Walk): void {
  if (first !== undefined) warn(text.open.unread(others.length + 1, first), text.open.unreadHint);
}
