/**
 * Exports: gathers the work on the images, has the worker write the files, and hands them to the person as a download
 * or puts them into the folder that the images came from.
 */
import { signal } from '@preact/signals';
import './fileSystemAccess.js';
import { exportClient } from '../exports/exportClient.js';
import type { ExportFormat, ExportImage, OutputFile } from '../exports/exportContract.js';
import { text } from '../text/en.js';
import { download } from './download.js';
import { workOn } from './entries.js';
import { isAbort, say, sayError } from './messages.js';
import { keepDataset } from './persist.js';
import { classes, currentId, dialog, entries, folder } from './state.js';

export interface ExportChoice {
  readonly format: ExportFormat;
  readonly scope: 'current' | 'all';
  readonly dataset: string;
  readonly beside: boolean;
}

/** How far a running export is; null: none runs. */
export const exporting = signal<{ readonly done: number; readonly total: number } | null>(null);

/** Where results lie beside the images. */
const FOLDER = 'samus-export';

export async function runExport(choice: ExportChoice): Promise<void> {
  if (exporting.peek()) return;
  try {
    // Asked for while the click still counts as one.
    const target = choice.beside ? await writableFolder() : null;
    if (choice.beside && !target) return;
    exporting.value = { done: 0, total: 0 };
    const images = await gather(choice.scope);
    if (images.length === 0) {
      say(text.exports.nothing);
      return;
    }
    keepDataset(choice.dataset);
    const files = await exportClient().call(
      'write',
      { format: choice.format, dataset: choice.dataset, classes: classes.peek(), images, packed: !target },
      { progress: (report) => (exporting.value = report) },
    );
    if (target) for (const file of files) await writeInto(target, file);
    else for (const { path, bytes } of files) download(path, new Blob([bytes]));
    dialog.value = null;
    say(text.exports.done(images.length, target ? FOLDER : (files[0]?.path ?? '')));
  } catch (error) {
    if (!isAbort(error)) sayError(error);
  } finally {
    exporting.value = null;
  }
}

async function gather(scope: ExportChoice['scope']): Promise<ExportImage[]> {
  const chosen = entries.peek().filter(({ id }) => scope === 'all' || id === currentId.peek());
  const images: ExportImage[] = [];
  for (const entry of chosen) {
    const work = await workOn(entry);
    if (work?.objects.some(({ shape }) => shape)) images.push({ path: entry.path, file: entry.file, document: work });
  }
  return images;
}

async function writableFolder(): Promise<FileSystemDirectoryHandle | null> {
  const handle = folder.peek();
  if (!handle) return null;
  const allowed = (await handle.requestPermission?.({ mode: 'readwrite' })) ?? 'granted';
  return allowed === 'granted' ? handle.getDirectoryHandle(FOLDER, { create: true }) : null;
}

async function writeInto(root: FileSystemDirectoryHandle, { path, bytes }: OutputFile): Promise<void> {
  const parts = path.split('/');
  let at = root;
  for (const part of parts.slice(0, -1)) at = await at.getDirectoryHandle(part, { create: true });
  const file = await at.getFileHandle(parts.at(-1)!, { create: true });
  const writable = await file.createWritable();
  await writable.write(bytes);
  await writable.close();
}
