/**
 * Exports: gathers the work on the images, has the worker write the files, and hands them to the person as a download
 * or puts them into the folder that the images came from.
 */
import { signal } from '@preact/signals';
import { unanswered } from '../document/edit.js';
import { exportClient } from '../exports/exportClient.js';
import { type ExportFormat, type ExportImage, fits, type OutputFile } from '../exports/exportContract.js';
import { text } from '../text/en.js';
import { download } from './download.js';
import { keyOf, workOn } from './entries.js';
import { RESULTS_FOLDER } from './fileSystemAccess.js';
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

export async function runExport(choice: ExportChoice): Promise<void> {
  if (exporting.peek()) return;
  try {
    // Asked for while the click still counts as one.
    const target = choice.beside ? await writableFolder() : null;
    if (choice.beside && !target) return;
    exporting.value = { done: 0, total: 0 };
    const { images, open } = await gather(choice);
    const hint = text.exports.unanswered(open);
    if (images.length === 0) {
      say(text.exports.nothing(choice.format === 'prompts'), hint);
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
    say(text.exports.done(images.length, target ? RESULTS_FOLDER : (files[0]?.path ?? '')), hint);
  } catch (error) {
    if (!isAbort(error)) sayError(error);
  } finally {
    exporting.value = null;
  }
}

interface Gathered {
  readonly images: readonly ExportImage[];
  /** Objects, also of images that are left out, whose prompts wait for an answer. */
  readonly open: number;
}

/** Images with something to export, each once: work is kept by content, whatever the list calls it. */
async function gather({ scope, format }: ExportChoice): Promise<Gathered> {
  const chosen = entries.peek().filter(({ id }) => scope === 'all' || id === currentId.peek());
  const images: ExportImage[] = [];
  const seen = new Set<string>();
  let open = 0;
  for (const entry of chosen) {
    const key = await keyOf(entry.id);
    if (seen.has(key)) continue;
    seen.add(key);
    const document = await workOn(entry);
    if (!document) continue;
    open += unanswered(document).length;
    if (document.objects.some((object) => fits(object, format === 'prompts')))
      images.push({ path: entry.path, file: entry.file, document });
  }
  return { images, open };
}

async function writableFolder(): Promise<FileSystemDirectoryHandle | null> {
  const handle = folder.peek();
  if (!handle) return null;
  const allowed = (await handle.requestPermission?.({ mode: 'readwrite' })) ?? 'granted';
  return allowed === 'granted' ? handle.getDirectoryHandle(RESULTS_FOLDER, { create: true }) : null;
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
