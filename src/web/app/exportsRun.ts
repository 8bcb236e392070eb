/**
 * Runs an export: collects the annotations, lets the worker write the files, and downloads them or saves them next to
 * the images.
 */
import { signal } from '@preact/signals';
import { unanswered } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import { workKey } from '../document/workKey.js';
import { exportClient } from '../exports/exportClient.js';
import {
  type Exported,
  type ExportFormat,
  type ExportImage,
  type ExportRequest,
  fits,
  type OutputFile,
} from '../exports/exportContract.js';
import type { SourceFolder } from '../storage/database.js';
import { text } from '../text/en.js';
import { bringBack } from './classes.js';
import { contentOf } from './entries.js';
import { pathsInFolder } from './listing.js';
import { asMessage, isAbort, say, sayError } from './messages.js';
import { documentsOf, keepDataset } from './persist.js';
import { download, mayWrite, writeResults } from './resultsFolder.js';
import { classes, currentId, dialog, type Entry, entries } from './state.js';

export interface ExportChoice {
  readonly format: ExportFormat;
  readonly scope: 'current' | 'all';
  readonly dataset: string;
  readonly beside: boolean;
  /** Of DICOM segmentations. */
  readonly dicom?: ExportRequest['dicom'];
}

/** Progress of the running export, or null. */
export const exporting = signal<{ readonly done: number; readonly total: number } | null>(null);

export async function runExport(choice: ExportChoice): Promise<void> {
  if (exporting.peek()) return;
  try {
    const chosen = entries.peek().filter(({ id }) => choice.scope === 'all' || id === currentId.peek());
    // Permission can only be requested during a user gesture.
    const folders = choice.beside ? await writableFolders(chosen) : [];
    if (choice.beside && folders.length === 0) {
      say(text.exports.besideNone, text.exports.besideNoneHint);
      return;
    }
    exporting.value = { done: 0, total: 0 };
    const { works, open, unread, unseen } = await gather(chosen, choice.format);
    const written = choice.beside ? await writeBeside(choice, works, folders) : await writeDownload(choice, works);
    const inFolders = works.filter(({ entry }) => !choice.beside || isIn(entry, folders));
    const left = amountOf(works).images - amountOf(inFolders).images;
    const hint = [
      text.exports.unseen(unseen),
      text.exports.unread(unread + written.skipped),
      text.exports.besideRest(left),
      text.exports.notDicom(written.others),
      text.exports.unmeasured(written.unmeasured),
      text.exports.shortened(written.shortened),
      text.exports.unanswered(open),
    ]
      .filter(Boolean)
      .join(' ');
    const { images, frames } = amountOf(written.done);
    const [failure, ...others] = written.failures;
    if (failure !== undefined) {
      const done = images === 0 ? '' : text.exports.done(images, frames, written.names);
      sayError(failure, [...others.map((one) => asMessage(one).text), done, hint].filter(Boolean).join(' '));
      return;
    }
    if (images === 0) {
      say(text.exports.nothing(choice.format === 'prompts'), hint);
      return;
    }
    keepDataset(choice.dataset);
    dialog.value = null;
    say(text.exports.done(images, frames, written.names), hint);
  } catch (error) {
    if (!isAbort(error)) sayError(error);
  } finally {
    exporting.value = null;
  }
}

/**
 * The masks of the open image in a format, for other places than a download; none where it has no masks.
 * @throws SamusError as the writers
 */
export async function filesOfOpen(format: ExportFormat): Promise<readonly OutputFile[]> {
  const { works } = await gather(
    entries.peek().filter(({ id }) => id === currentId.peek()),
    format,
  );
  if (works.length === 0) return [];
  const choice = { format, scope: 'current', dataset: '', beside: false } as const;
  try {
    return (
      await filesOf(
        choice,
        imagesOf(eachOnce(works), ({ path }) => path),
        false,
      )
    ).files;
  } finally {
    exporting.value = null;
  }
}

/** The annotations of a frame of a list entry. */
interface Work {
  readonly entry: Entry;
  readonly content: string;
  readonly frame: number;
  readonly document: ImageDocument;
}

interface Written {
  readonly done: readonly ExportImage[];
  readonly names: readonly string[];
  /** Number of images that could no longer be read. */
  readonly skipped: number;
  /** Number of images that DICOM objects cannot be written for, and of segmentations without the size of a pixel. */
  readonly others: number;
  readonly unmeasured: number;
  /** Objects whose labels are cut. */
  readonly shortened: number;
  /** One error per folder that could not be written. */
  readonly failures: readonly unknown[];
}

interface Gathered {
  /** Frames with something to export. */
  readonly works: readonly Work[];
  /** Objects with unanswered prompts, including those of entries that are skipped. */
  readonly open: number;
  /** Number of unreadable files. */
  readonly unread: number;
  /** Carried objects that were not checked yet; they are skipped. */
  readonly unseen: number;
}

async function gather(chosen: readonly Entry[], format: ExportFormat): Promise<Gathered> {
  const works: Work[] = [];
  const seen = new Set<string>();
  let [open, unread, unseen] = [0, 0, 0];
  for (const entry of chosen) {
    const content = await contentOf(entry.id);
    if (content === null) {
      unread++;
      continue;
    }
    for (const [frame, work] of await documentsOf(content)) {
      const document = { ...work, objects: work.objects.filter(({ carried }) => !carried) };
      if (!seen.has(content)) unseen += work.objects.length - document.objects.length;
      if (!seen.has(content)) open += unanswered(document).length;
      if (!document.objects.some((object) => fits(object, format === 'prompts'))) continue;
      // Restore the classes of images that have not been opened.
      bringBack(document);
      works.push({ entry, content, frame, document });
    }
    seen.add(content);
  }
  return { works, open, unread, unseen };
}

async function writeDownload(choice: ExportChoice, works: readonly Work[]): Promise<Written> {
  const images = imagesOf(eachOnce(works), ({ path }) => path);
  if (images.length === 0)
    return { done: [], names: [], skipped: 0, others: 0, unmeasured: 0, shortened: 0, failures: [] };
  const exported = await filesOf(choice, images, true);
  const { files } = exported;
  for (const { path, bytes } of files) download(path, new Blob([bytes]));
  const names = files.slice(0, 1).map(({ path }) => path);
  return { ...outcomeOf(images, exported), names, failures: [] };
}

/** Writes each image into its own folder, under the name that it has there. */
async function writeBeside(
  choice: ExportChoice,
  works: readonly Work[],
  folders: readonly SourceFolder[],
): Promise<Written> {
  const names: string[] = [];
  const done: ExportImage[] = [];
  const failures: unknown[] = [];
  let [skipped, others, unmeasured, shortened] = [0, 0, 0, 0];
  for (const folder of folders) {
    const own = eachOnce(works.filter(({ entry }) => isIn(entry, [folder])));
    if (own.length === 0) continue;
    const paths = pathsInFolder([...new Set(own.map(({ entry }) => entry))], folder);
    const images = imagesOf(own, (entry) => paths.get(entry)!);
    try {
      const exported = await filesOf(choice, images, false);
      names.push(`${folder.name}/${await writeResults(folder, exported.files)}`);
      const outcome = outcomeOf(images, exported);
      done.push(...outcome.done);
      skipped += outcome.skipped;
      others += outcome.others;
      unmeasured += outcome.unmeasured;
      shortened += outcome.shortened;
    } catch (error) {
      failures.push(error);
    }
  }
  return { done, names, skipped, others, unmeasured, shortened, failures };
}

/** What became of the images of a request. */
function outcomeOf(images: readonly ExportImage[], exported: Exported) {
  const { skipped, others = [], unmeasured = 0, shortened = 0 } = exported;
  const count = (numbers: readonly number[]): number => amountOf(numbers.map((i) => images[i]!)).images;
  const done = images.filter((_, i) => !skipped.includes(i) && !others.includes(i));
  return { done, skipped: count(skipped), others: count(others), unmeasured, shortened };
}

const isIn = ({ folder }: Entry, folders: readonly SourceFolder[]): boolean =>
  folders.some(({ id }) => id === folder?.id);

/** Each frame once: annotations are stored by content, whatever the list calls the image. */
function eachOnce(works: readonly Work[]): Work[] {
  const once = new Map([...works].reverse().map((work) => [workKey(work.content, work.frame), work]));
  return works.filter((work) => once.get(workKey(work.content, work.frame)) === work);
}

const imagesOf = (works: readonly Work[], pathOf: (entry: Entry) => string): ExportImage[] =>
  works.map(({ entry, ...work }) => ({ path: pathOf(entry), file: entry.file, ...work }));

/** How many images, and how many frames of them. A clip is one image. */
function amountOf(works: readonly Pick<Work, 'content' | 'frame'>[]): { images: number; frames: number } {
  return {
    images: new Set(works.map(({ content }) => content)).size,
    frames: new Set(works.map(({ content, frame }) => workKey(content, frame))).size,
  };
}

function filesOf({ format, dataset, dicom }: ExportChoice, images: readonly ExportImage[], packed: boolean) {
  return exportClient().call(
    'write',
    { format, dataset, classes: classes.peek(), images, packed, ...(dicom && { dicom }) },
    { progress: (report) => (exporting.value = report) },
  );
}

/** The writable folders of the images. Asks the user for permission for each. */
async function writableFolders(chosen: readonly Entry[]): Promise<SourceFolder[]> {
  const folders = new Map(chosen.flatMap(({ folder }) => (folder ? [[folder.id, folder]] : [])));
  const allowed: SourceFolder[] = [];
  for (const folder of folders.values()) if (await mayWrite(folder)) allowed.push(folder);
  return allowed;
}
