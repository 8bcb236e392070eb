/** The list of images: adds files, opens images, keeps the history of each, and removes them. */
import { batch } from '@preact/signals';
import { exportClient } from '../exports/exportClient.js';
import { isLarge } from '../open/contentHash.js';
import type { OpenedFile } from '../open/imageContract.js';
import { imageClient, openFile } from '../open/openImage.js';
import type { StoredFile } from '../storage/database.js';
import { text } from '../text/en.js';
import { forgetAdapted } from './adaptedModel.js';
import { carryFrom } from './carry.js';
import { newId } from './edits.js';
import { readingBegins, readingFailed, restartEngine } from './engineControl.js';
import { hashOf } from './fileHash.js';
import { readableFrame, sayFrameProblems } from './firstFrame.js';
import { stopFrames } from './frames.js';
import { candidatesFor, type FoundFile, withOwnPaths } from './listing.js';
import { asMessage, dismiss, isAbort, say, warn } from './messages.js';
import {
  countsOn,
  documentsOf,
  dropFile,
  forgetWork,
  keepFailure,
  keepFile,
  keepFolder,
  whileSaving,
} from './persist.js';
import { forgetAnswers, prepare } from './predictions.js';
import {
  carryPrompts,
  currentId,
  currentIndex,
  damagedFrames,
  type Entry,
  entries,
  history,
  opened,
  previewed,
} from './state.js';
import { forgetHistories, leaveFile, showFrame } from './works.js';

/** The frame of each content that was open last. */
const lastFrames = new Map<string, number>();
/** Position in the stored list, after all images of earlier visits, which may not be loaded yet. */
let nextOrder = Date.now();
let opening: AbortController | null = null;

/** How many images to try if the first cannot be opened. */
const MOST_TRIED = 12;

/**
 * Appends images to the list, opens the first one that can be opened, and stores them for the next visit. Files that
 * are already listed, from the same place and with the same content, are not added again.
 */
export async function addImages(found: readonly FoundFile[]): Promise<void> {
  const listed = await listedAlready(found);
  const added = found
    .filter((one) => !listed.has(one))
    .map(
      ({ file, path, spacingMm, folder }): Entry => ({
        id: newId(),
        name: file.name,
        path,
        file,
        ...(spacingMm && { spacingMm }),
        ...(folder && { folder }),
        key: null,
        ...countsOn(null),
        failure: null,
      }),
    );
  const all = withOwnPaths([...entries.peek(), ...added]);
  const fresh = all.slice(all.length - added.length);
  entries.value = all;
  const ids = fresh.length > 0 ? fresh.map(({ id }) => id) : [...listed.values()];
  const opening = openFirst(ids.slice(0, MOST_TRIED));
  // Opening an image dismisses earlier messages.
  if (listed.size > 0) say(text.open.listed(listed.size));
  await Promise.all([opening, whileSaving(keepFiles(fresh))]);
}

/** Files that are already listed, with the ids of their entries. Also records the folder of entries that had none. */
async function listedAlready(found: readonly FoundFile[]): Promise<Map<FoundFile, string>> {
  const listed = new Map<FoundFile, string>();
  for (const one of found) {
    const candidates = candidatesFor(one, entries.peek());
    if (candidates.length === 0) continue;
    try {
      const key = await hashOf(one.file);
      for (const { id, folder } of candidates) {
        if ((await contentOf(id)) !== key) continue;
        listed.set(one, id);
        if (!one.folder || folder) continue;
        update(id, { folder: one.folder });
        keepFolder(id, one.folder);
      }
    } catch (error) {
      // Unreadable files are reported when they are opened.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return listed;
}

/** Restores the list of the last visit with its annotations, before images that were opened in the meantime. */
export async function restoreEntries(
  files: readonly StoredFile[],
  current: string | null,
  currentFrame = 1,
): Promise<void> {
  const restored = await Promise.all(
    files.map(async ({ id, name, path, foundAs, folder, file, type, key, spacingMm, failure }): Promise<Entry> => {
      if (key !== null) await documentsOf(key);
      if (key !== null && id === current) lastFrames.set(key, currentFrame);
      return {
        id,
        name,
        path,
        ...(foundAs !== undefined && { foundAs }),
        ...(folder && { folder }),
        file: new File([file], name, { type }),
        ...(spacingMm && { spacingMm }),
        key,
        ...countsOn(key),
        failure: failure ?? null,
      };
    }),
  );
  entries.value = withOwnPaths([...restored, ...entries.peek()]);
  const first = restored.find(({ id }) => id === current) ?? restored[0];
  if (first && currentId.peek() === null) await openEntry(first.id);
}

/** Opens the first image that can be opened, and reports those that cannot. */
async function openFirst(ids: readonly string[]): Promise<void> {
  const failed: Entry[] = [];
  for (const id of ids) {
    await openEntry(id, () => {
      const [first] = failed;
      if (first?.failure) say(text.open.unopened(failed.length, first.name, first.failure.text), first.failure.hint);
    });
    const entry = entries.peek().find((one) => one.id === id);
    // The user may have opened another image in the meantime.
    if (!entry?.failure || currentId.peek() !== id) return;
    failed.push(entry);
  }
}

/**
 * Opens an image; of a clip the frame where the person was.
 * @param shown called once the image is shown, before the model encodes it
 */
export async function openEntry(id: string, shown: () => void = () => undefined): Promise<void> {
  const entry = entries.peek().find((one) => one.id === id);
  if (!entry) return;
  opening?.abort();
  const attempt = new AbortController();
  opening = attempt;
  leave();
  currentId.value = id;
  dismiss();
  readingBegins();
  let file: OpenedFile | null = null;
  try {
    // Opening comes first: it reports unreadable files.
    file = await openFile(entry.file, attempt.signal);
    const hashing = keyOf(id);
    if (entry.key === null && isLarge(entry.file)) {
      // It is awaited below.
      hashing.catch(() => undefined);
      await preview(file, attempt.signal);
    }
    const content = await hashing;
    const frame = Math.min(lastFrames.get(content) ?? 1, file.frames);
    const [found, works] = await Promise.all([readableFrame(file, frame, attempt.signal), documentsOf(content)]);
    const { picture, damaged } = found;
    attempt.signal.throwIfAborted();
    batch(() => {
      showFrame({ entryId: id, content, file: file!, picture }, entry, works);
      damagedFrames.value = damaged;
      previewed.value = null;
      fail(id, null);
    });
    shown();
    sayFrameProblems(file);
    await prepare();
  } catch (error) {
    if (opened.peek()?.file !== file) file?.close();
    if (previewed.peek()?.file === file) previewed.value = null;
    if (attempt.signal.aborted || isAbort(error)) return;
    // Another frame may be readable.
    lastFrames.delete(entries.peek().find((one) => one.id === id)?.key ?? '');
    // Shown in place of the image, as an alert (ui/CanvasState.tsx).
    fail(id, asMessage(error));
    readingFailed();
  }
}

/** Shows the first frame of a large file, whose content hash takes seconds. */
async function preview(file: OpenedFile, signal: AbortSignal): Promise<void> {
  const { picture } = await readableFrame(file, 1, signal);
  signal.throwIfAborted();
  previewed.value = { file, picture };
}

/** Records why an image cannot be opened, also for the next visit. */
function fail(id: string, failure: Entry['failure']): void {
  const before = entries.peek().find((one) => one.id === id)?.failure;
  if (before?.text === failure?.text) return;
  update(id, { failure });
  keepFailure(id, failure);
}

/** Opens the next or previous image. If enabled, carries the prompts to a next image without annotations. */
export async function move(by: 1 | -1): Promise<void> {
  const next = entries.peek()[currentIndex.peek() + by];
  if (!next) {
    say(by > 0 ? text.list.last : text.list.first);
    return;
  }
  const before = carryPrompts.peek() && by > 0 ? history.peek()?.present : undefined;
  await openEntry(next.id);
  if (before && opened.peek()?.entryId === next.id) carryFrom(before, text.list.carried);
}

/** Closes the open image. */
function leave(): void {
  const open = opened.peek();
  if (open) lastFrames.set(open.content, open.picture.frame);
  stopFrames();
  previewed.value = null;
  leaveFile();
}

/** Removes an image from the list; its annotations stay stored under its content. */
export async function removeEntry(id: string): Promise<void> {
  const at = entries.peek().findIndex((entry) => entry.id === id);
  if (at < 0) return;
  const open = currentId.peek() === id;
  if (open) {
    opening?.abort();
    leave();
  }
  const rest = entries.peek().filter((entry) => entry.id !== id);
  entries.value = rest;
  dropFile(id);
  if (!open) return;
  const next = rest[Math.min(at, rest.length - 1)];
  if (next) await openEntry(next.id);
  else currentId.value = null;
}

export function removeAll(): void {
  const ids = entries.peek().map(({ id }) => id);
  opening?.abort();
  leave();
  entries.value = [];
  currentId.value = null;
  for (const id of ids) dropFile(id);
}

/** Deletes everything that the page has stored in this browser, and frees the memory used for images. */
export async function forgetEverything(): Promise<void> {
  removeAll();
  forgetHistories();
  lastFrames.clear();
  forgetAnswers();
  restartEngine();
  imageClient().letGo();
  exportClient().letGo();
  const gone = [await forgetWork(), await forgetAdapted()];
  if (gone.every(Boolean)) say(text.saving.forgotten, text.saving.forgottenHint);
  else warn(text.errors.cannotForget, text.errors.cannotForgetHint);
}

/** The content hash of an entry, computed once. */
export async function keyOf(id: string): Promise<string> {
  const entry = entries.peek().find((one) => one.id === id);
  if (!entry) throw new DOMException('the image was taken off the list', 'AbortError');
  if (entry.key !== null) return entry.key;
  const key = await hashOf(entry.file);
  update(id, { key });
  return key;
}

/** Like {@link keyOf}, but null for an unreadable file, which is reported when it is opened. */
export async function contentOf(id: string): Promise<string | null> {
  try {
    return await keyOf(id);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

function update(id: string, change: Partial<Entry>): void {
  entries.value = entries.peek().map((entry) => (entry.id === id ? { ...entry, ...change } : entry));
}

/** Stores files for the next visit in list order, and counts their annotations. */
async function keepFiles(fresh: readonly Entry[]): Promise<void> {
  const order = nextOrder;
  nextOrder += fresh.length;
  for (const [i, { id, name, path, foundAs, folder, file, spacingMm }] of fresh.entries()) {
    try {
      const key = await keyOf(id);
      if (!entries.peek().some((entry) => entry.id === id)) continue;
      const row = { id, order: order + i, name, path, file, type: file.type, key };
      keepFile({
        ...row,
        ...(foundAs !== undefined && { foundAs }),
        ...(folder && { folder }),
        ...(spacingMm && { spacingMm }),
        failure: entries.peek().find((entry) => entry.id === id)?.failure ?? null,
      });
      // This shows its counts.
      await documentsOf(key);
    } catch (error) {
      // Unreadable files are reported when they are opened.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
