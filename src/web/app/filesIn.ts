/**
 * Takes what a person gives the page (drop, buttons, a folder, a zip archive) and tells images from masks
 * (maskNames.ts), which go to images of the list; everything else is opened as an image.
 */
import { exportClient } from '../exports/exportClient.js';
import { text } from '../text/en.js';
import { addImages, type FoundFile } from './entries.js';
import { RESULTS_FOLDER } from './fileSystemAccess.js';
import { isMaskFile, isNamedAsMask, stem } from './maskNames.js';
import { addMasks } from './masksIn.js';
import { say, sayError } from './messages.js';
import { entries, folder } from './state.js';

const IMAGE = /\.(png|jpe?g|bmp|gif|webp|tiff?|dcm|dicom|ima)$/i;
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
    const masks = files.filter(({ path }) => isMaskFile(path, images));
    const rest = files.filter((file) => !masks.includes(file) && (!many || IMAGE.test(file.path)));
    rest.sort((a, b) => NUMERIC.compare(a.path, b.path));
    if (rest.length === 0 && masks.length === 0) say(text.open.nothing, text.open.nothingHint);
    if (rest.length > 0) await addImages(rest);
    if (masks.length > 0) await addMasks(masks, many);
  } catch (error) {
    sayError(error);
  }
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
    const found: FoundFile[] = [];
    for (const entry of entries) if (entry) await walkEntry(entry, found);
    await takeFiles(found, true);
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
    const found: FoundFile[] = [];
    await walkHandle(handle, '', found);
    folder.value = handle;
    await takeFiles(found, true);
  } catch (error) {
    sayError(error);
  }
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

async function walkEntry(entry: FileSystemEntry, found: FoundFile[]): Promise<void> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path });
  } else if (entry instanceof FileSystemDirectoryEntry) {
    const reader = entry.createReader();
    // A reader gives a hundred entries at a time, and none at the end.
    for (;;) {
      const inner = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (inner.length === 0) return;
      for (const one of inner) await walkEntry(one, found);
    }
  }
}

async function walkHandle(handle: FileSystemDirectoryHandle, prefix: string, found: FoundFile[]): Promise<void> {
  for await (const inner of handle.values()) {
    const path = `${prefix}${inner.name}`;
    if (inner.kind === 'directory') {
      if (inner.name !== RESULTS_FOLDER) await walkHandle(inner, `${path}/`, found);
    } else found.push({ file: await inner.getFile(), path });
  }
}
