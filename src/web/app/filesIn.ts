/**
 * Opens files from a drop, the buttons, a folder or a zip archive. Images go to the list and masks (maskNames.ts) to
 * their images; one message sums up what was skipped in a folder.
 */
import type { DicomKind } from '../../formats/dicom/objectKind.js';
import { fileFormats, isNamedAs, readFormats, SNIFF_BYTES, sniffFormat, titles } from '../../formats/imageFormat.js';
import { exportClient } from '../exports/exportClient.js';
import { readBytes } from '../open/pictureErrors.js';
import { pageError } from '../pageError.js';
import type { SourceFolder } from '../storage/database.js';
import { text } from '../text/en.js';
import { newId } from './edits.js';
import { addImages } from './entries.js';
import type { FoundFile } from './listing.js';
import { isNamedAsImage, isNamedAsMask, maskKind, namedAsObjects, stem } from './maskNames.js';
import { addMasks } from './masksIn.js';
import { offer, say, sayError, warn } from './messages.js';
import { RESULTS_FOLDER } from './resultsFolder.js';
import { dicomKind } from './segIn.js';
import { entries, summary } from './state.js';
import { readTrainingSets, type TrainingSets } from './trainingSet.js';

/** Files that operating systems put into folders, and the index of a DICOM disc, whose images are found by content. */
const UNSEEN = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini|dicomdir)$/i;
const NUMERIC = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
/** Beyond this number, files are classified by extension only. */
const MOST_SNIFFED = 5000;

/**
 * Opens files. Files of a folder or an archive that are not images are skipped; a file that was chosen by itself is
 * not.
 */
export async function takeFiles(found: readonly FoundFile[], wholeFolder: boolean): Promise<void> {
  try {
    summary.value = null;
    const all = (await Promise.all(found.map(unpacked))).flat();
    const many = wholeFolder || all.length > found.length;
    // Results that were saved next to the images are not opened again.
    const files = many ? all.filter(({ path }) => !path.split('/').slice(1, -1).includes(RESULTS_FOLDER)) : all;
    const sets = await readTrainingSets(files);
    const { images, masks, likely, others } = await sorted(files, many, sets);
    if (images.length > 0) await addImages(await Promise.all(images.map(sets.withSpacing)));
    if (masks.length > 0) await addMasks(masks, many, sets.classes);
    else if (images.length + likely.length === 0) sayNothing(others);
    if (images.length + masks.length + likely.length > 0) sumUp(others, likely, sets);
  } catch (error) {
    sayError(error);
  }
}

/** Files by kind. */
interface Sorted {
  readonly images: readonly FoundFile[];
  readonly masks: readonly FoundFile[];
  /** Files that are named and look like published masks of the images. */
  readonly likely: readonly FoundFile[];
  /** Number of skipped files by kind. */
  readonly others: ReadonlyMap<string, number>;
}

async function sorted(files: readonly FoundFile[], many: boolean, sets: TrainingSets): Promise<Sorted> {
  const listed = entries.peek();
  const stems = new Set([...files.filter(({ path }) => isNamedAsImage(path)), ...listed].map(({ path }) => stem(path)));
  const kinds = new Map(files.map((file) => [file, maskKind(file.path, stems)]));
  for (const file of await objectMasks(files)) kinds.set(file, 'certain');
  const dicom = await dicomKinds(files);
  for (const [file, kind] of dicom) if (kind === 'segmentation') kinds.set(file, 'certain');
  // A file that was chosen by itself is opened as the mask that its name says. Folders may hold thousands of them.
  if (!many) for (const [file, kind] of kinds) if (kind === 'likely') kinds.set(file, 'certain');
  await dropUnlikely(kinds);
  const of = (wanted: 'certain' | 'likely') => files.filter((file) => kinds.get(file) === wanted);
  const images: FoundFile[] = [];
  const others = new Map<string, number>();
  let sniffed = 0;
  for (const file of files.filter((one) => kinds.get(one) === null && !sets.read.has(one.path))) {
    const withoutImage = many && dicom.get(file) === 'other';
    if (withoutImage) others.set(text.open.leftOut.object, (others.get(text.open.leftOut.object) ?? 0) + 1);
    else if (!many || isNamedAs(readFormats('node'), file.path)) images.push(file);
    else if (!UNSEEN.test(file.path)) {
      const kind = await kindOf(file, sniffed++ < MOST_SNIFFED);
      if (kind === 'image') images.push(file);
      else others.set(kind, (others.get(kind) ?? 0) + 1);
    }
  }
  images.sort((a, b) => NUMERIC.compare(a.path, b.path));
  return { images, masks: of('certain').filter(({ path }) => !sets.read.has(path)), likely: of('likely'), others };
}

/** A folder named `label-free` may contain images, so one file of each folder is checked. */
async function dropUnlikely(kinds: Map<FoundFile, 'certain' | 'likely' | null>): Promise<void> {
  const verdicts = new Map<string, boolean>();
  for (const [found, kind] of kinds) {
    if (kind !== 'likely' || isNamedAsMask(found.path)) continue;
    const folder = found.path.slice(0, found.path.lastIndexOf('/'));
    if (!verdicts.has(folder)) verdicts.set(folder, await exportClient().call('looksLikeMask', found.file));
    if (!verdicts.get(folder)) kinds.set(found, null);
  }
}

/** Masks of single objects as this page writes them. Images may be named like that too, so the pixels decide. */
async function objectMasks(files: readonly FoundFile[]): Promise<FoundFile[]> {
  const masks: FoundFile[] = [];
  for (const found of namedAsObjects(files, [...files, ...entries.peek()])) {
    if (await exportClient().call('isMask', found.file)) masks.push(found);
  }
  return masks;
}

/** What DICOM files hold, by their content; files that are named as others are not looked into. */
async function dicomKinds(files: readonly FoundFile[]): Promise<Map<FoundFile, DicomKind>> {
  const named = fileFormats().filter(({ id }) => id !== 'dicom');
  const may = files.filter(({ path }) => !isNamedAs(named, path) && !/\.json$/i.test(path)).slice(0, MOST_SNIFFED);
  const found = new Map<FoundFile, DicomKind>();
  for (const file of may) {
    const kind = await dicomKind(file.file);
    if (kind) found.set(file, kind);
  }
  return found;
}

/** `image`, or the name of the kind of a skipped file, from its first bytes or else its extension. */
async function kindOf({ file, path }: FoundFile, sniff: boolean): Promise<string> {
  const ending = /\.[^./]+$/.exec(path)?.[0].toLowerCase() ?? text.open.noEnding;
  if (!sniff) return ending;
  try {
    const format = sniffFormat(await readBytes(file.slice(0, SNIFF_BYTES)));
    if (format ? format.kind === 'clip' : isNamedAs(CLIPS, path)) return text.open.leftOut.clip;
    if (!format || format.kind === 'other') return ending;
    // Files rejected with their own sentence are summed up, not listed.
    return format.kind === 'image' && (format.page ?? format.node) ? 'image' : format.title;
  } catch {
    return ending;
  }
}

const CLIPS = fileFormats().filter(({ kind }) => kind === 'clip');

function sayNothing(others: ReadonlyMap<string, number>): void {
  const { leftOut } = text.open;
  if (others.has(leftOut.clip)) sayError(pageError('IMAGE_CLIP'));
  else {
    const hint = text.open.nothingHint(titles(readFormats('page'), 'and'));
    say(text.open.nothing, others.size > 0 ? text.open.skipped(listed(others)) : hint);
  }
}

/** Shows one message about all files that were not opened as images, and offers to open likely masks. */
function sumUp(others: ReadonlyMap<string, number>, likely: readonly FoundFile[], sets: TrainingSets): void {
  const { leftOut } = text.open;
  const skipped = others.size > 0 ? text.open.skipped(listed(others)) : '';
  const hint = others.has(leftOut.clip) ? text.open.skippedHint : '';
  if (likely.length === 0) {
    if (skipped) offer(skipped, hint);
    return;
  }
  const first = likely[0]!.path.split('/').at(-1)!;
  offer(text.open.likelyMasks(likely.length, first), [skipped, hint].filter(Boolean).join(' '), {
    label: text.open.openLikely,
    run: () => void addMasks(likely, true, sets.classes).catch(sayError),
  });
}

/** Sorted by frequency. */
function listed(others: ReadonlyMap<string, number>): readonly (readonly [kind: string, count: number])[] {
  return [...others].sort((a, b) => b[1] - a[1]);
}

/** Opens dropped files and folders. Call it during the drop event: the items are gone afterwards. */
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

/** Asks for a folder. Where the browser supports it, results can later be saved next to the images. */
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

/** The folder if the list knows it already, else a new one. */
async function sourceFolder(handle: FileSystemDirectoryHandle): Promise<SourceFolder> {
  const known = new Map(entries.peek().flatMap(({ folder }) => (folder ? [[folder.id, folder]] : [])));
  for (const folder of known.values()) if (await folder.handle.isSameEntry(handle)) return folder;
  // The name of a drive is not a valid folder name.
  return { id: newId(), name: handle.name.replace(/[\\/:]/g, '') || 'folder', handle };
}

/** Opens a random phantom as a sample. */
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

// Chromium does not expose these classes, so `instanceof` is not possible.
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** Results of walking through folders. */
interface Walk {
  readonly found: FoundFile[];
  /** Paths that could not be read. */
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
      // A reader returns up to a hundred entries at a time, and none at the end.
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

/** Records a file or folder that is gone or blocked, and continues with the others. */
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
