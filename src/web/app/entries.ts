/** The list of images: adds files, opens images, keeps the history of each, and removes them. */
import { batch } from '@preact/signals';
import { addObject, carried, emptyDocument } from '../document/edit.js';
import { beginHistory, type History, record } from '../document/history.js';
import type { ImageDocument, Scale } from '../document/types.js';
import { exportClient } from '../exports/exportClient.js';
import { contentHash } from '../open/contentHash.js';
import type { OpenedImage } from '../open/imageContract.js';
import { imageClient, openImage } from '../open/openImage.js';
import type { StoredFile } from '../storage/database.js';
import { text } from '../text/en.js';
import { forgetAdapted } from './adaptedModel.js';
import { newId } from './edits.js';
import { readingBegins, readingFailed, restartEngine } from './engineControl.js';
import { candidatesFor, type FoundFile, withOwnPaths } from './listing.js';
import { asMessage, dismiss, isAbort, say, warn } from './messages.js';
import {
  countsOf,
  documentOf,
  dropFile,
  forgetWork,
  keepDocument,
  keepFailure,
  keepFile,
  keepFolder,
  whileSaving,
} from './persist.js';
import { forgetAnswers, prepare } from './predictions.js';
import {
  anchor,
  carryPrompts,
  crosshair,
  currentId,
  currentIndex,
  type Entry,
  entries,
  history,
  hover,
  opened,
  pointer,
  ticks,
} from './state.js';

const histories = new Map<string, History<ImageDocument>>();
/** In the stored list; after those of all earlier visits, which may not be known yet. */
let nextOrder = Date.now();
let opening: AbortController | null = null;

/** Images that are tried where the first cannot be opened. */
const MOST_TRIED = 12;

/**
 * Puts images at the end of the list, opens the first of them, and keeps them for the next visit. Those that are in the
 * list already, from the same place and with the same content, stay where they are. One that cannot be opened gives
 * way to the next.
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
        shapes: 0,
        asked: 0,
        committed: 0,
        corrected: 0,
        failure: null,
      }),
    );
  const all = withOwnPaths([...entries.peek(), ...added]);
  const fresh = all.slice(all.length - added.length);
  entries.value = all;
  const ids = fresh.length > 0 ? fresh.map(({ id }) => id) : [...listed.values()];
  const opening = openFirst(ids.slice(0, MOST_TRIED));
  // What was said before goes when an image is opened.
  if (listed.size > 0) say(text.open.listed(listed.size));
  await Promise.all([opening, whileSaving(keepFiles(fresh))]);
}

/** Files that the list has, with the ids of their entries; one that was opened another way before gets its folder. */
async function listedAlready(found: readonly FoundFile[]): Promise<Map<FoundFile, string>> {
  const listed = new Map<FoundFile, string>();
  for (const one of found) {
    const candidates = candidatesFor(one, entries.peek());
    if (candidates.length === 0) continue;
    try {
      const key = await contentHash(one.file);
      for (const { id, folder } of candidates) {
        if ((await contentOf(id)) !== key) continue;
        listed.set(one, id);
        if (!one.folder || folder) continue;
        update(id, { folder: one.folder });
        keepFolder(id, one.folder);
      }
    } catch (error) {
      // One that cannot be read says so when it is opened.
      if (!(error instanceof DOMException)) throw error;
    }
  }
  return listed;
}

/** Puts the list of the last visit back, with what was done on each image, ahead of what was opened meanwhile. */
export async function restoreEntries(files: readonly StoredFile[], current: string | null): Promise<void> {
  const restored = await Promise.all(
    files.map(async ({ id, name, path, foundAs, folder, file, type, key, spacingMm, failure }): Promise<Entry> => {
      const document = key === null ? undefined : await documentOf(key);
      return {
        id,
        name,
        path,
        ...(foundAs !== undefined && { foundAs }),
        ...(folder && { folder }),
        file: new File([file], name, { type }),
        ...(spacingMm && { spacingMm }),
        key,
        ...(document ? countsOf(document) : { shapes: 0, asked: 0, committed: 0, corrected: 0 }),
        failure: failure ?? null,
      };
    }),
  );
  entries.value = withOwnPaths([...restored, ...entries.peek()]);
  const first = restored.find(({ id }) => id === current) ?? restored[0];
  if (first && currentId.peek() === null) await openEntry(first.id);
}

/** Opens the first that can be opened, and says which cannot. */
async function openFirst(ids: readonly string[]): Promise<void> {
  const failed: Entry[] = [];
  for (const id of ids) {
    await openEntry(id, () => {
      const [first] = failed;
      if (first?.failure) say(text.open.unopened(failed.length, first.name, first.failure.text), first.failure.hint);
    });
    const entry = entries.peek().find((one) => one.id === id);
    // Somebody may have opened another one meanwhile.
    if (!entry?.failure || currentId.peek() !== id) return;
    failed.push(entry);
  }
}

/** @param shown is called once the image is there, before the model reads it */
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
  try {
    // A file that cannot be read is told by what opens it.
    const picture = await openImage(entry.file, attempt.signal);
    const key = await keyOf(id);
    if (attempt.signal.aborted) return;
    const past = histories.get(key) ?? beginHistory(await firstDocument(key, picture, entry));
    if (attempt.signal.aborted) return;
    batch(() => {
      opened.value = { entryId: id, key, picture };
      history.value = past;
      fail(id, null);
    });
    shown();
    if (picture.frames > 1) say(text.open.firstFrame(picture.frames));
    await prepare();
  } catch (error) {
    if (attempt.signal.aborted || isAbort(error)) return;
    // Said where the image would be, and as an alert (ui/CanvasState.tsx).
    fail(id, asMessage(error));
    readingFailed();
  }
}

/** Notes why an image cannot be opened, for the next visit too. */
function fail(id: string, failure: Entry['failure']): void {
  const before = entries.peek().find((one) => one.id === id)?.failure;
  if (before?.text === failure?.text) return;
  update(id, { failure });
  keepFailure(id, failure);
}

/** Goes through the list; with carried prompts where the person wants that and the image has nothing yet. */
export async function move(by: 1 | -1): Promise<void> {
  const next = entries.peek()[currentIndex.peek() + by];
  if (!next) {
    say(by > 0 ? text.list.last : text.list.first);
    return;
  }
  const before = carryPrompts.peek() && by > 0 ? history.peek()?.present : undefined;
  await openEntry(next.id);
  const now = history.peek();
  if (!before || !now || opened.peek()?.entryId !== next.id || now.present.objects.length > 0) return;
  const { seeds, outside } = carried(before, now.present, newId);
  if (seeds.length + outside === 0) return;
  if (seeds.length > 0) history.value = record(now, seeds.reduce<ImageDocument>(addObject, now.present));
  say(text.list.carried(seeds.length), text.list.outside(outside));
}

/** Takes an image off the list; its work stays stored under its content. */
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

/** Deletes all that a person put into this page and the browser stored, whenever that was. */
export async function forgetEverything(): Promise<void> {
  removeAll();
  histories.clear();
  forgetAnswers();
  restartEngine();
  imageClient().letGo();
  exportClient().letGo();
  const gone = [await forgetWork(), await forgetAdapted()];
  if (gone.every(Boolean)) say(text.saving.forgotten, text.saving.forgottenHint);
  else warn(text.errors.cannotForget, text.errors.cannotForgetHint);
}

/** Hash of an entry's bytes, computed once. */
export async function keyOf(id: string): Promise<string> {
  const entry = entries.peek().find((one) => one.id === id);
  if (!entry) throw new DOMException('the image was taken off the list', 'AbortError');
  if (entry.key !== null) return entry.key;
  const key = await contentHash(entry.file);
  update(id, { key });
  return key;
}

/** Null for a file that cannot be read; it says so when it is opened. */
export async function contentOf(id: string): Promise<string | null> {
  try {
    return await keyOf(id);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}

/**
 * The work on an image that is or is not open, as it is now; the same for each entry with this content. None can be
 * told on a file that cannot be read.
 */
export async function workOn(entry: Entry): Promise<ImageDocument | undefined> {
  const key = await contentOf(entry.id);
  if (key === null) return undefined;
  if (opened.peek()?.key === key) return history.peek()?.present;
  return histories.get(key)?.present ?? documentOf(key);
}

/** Puts new work on an image, open or not; a step that can be undone if it was open in this session. */
export function putWork(key: string, document: ImageDocument): void {
  const [present, past] = [history.peek(), histories.get(key)];
  if (present && opened.peek()?.key === key) {
    history.value = record(present, document);
    return;
  }
  if (past) histories.set(key, record(past, document));
  keepDocument(key, document);
}

function update(id: string, change: Partial<Entry>): void {
  entries.value = entries.peek().map((entry) => (entry.id === id ? { ...entry, ...change } : entry));
}

/** Keeps files for the next visit, with the order of the list, and counts the work that there is on them. */
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
      const work = await workOn(fresh[i]!);
      if (work) update(id, countsOf(work));
    } catch (error) {
      // A file that cannot be read says so when it is opened.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}

async function firstDocument(key: string, picture: OpenedImage, entry: Entry): Promise<ImageDocument> {
  const { width, height } = picture;
  const mm = picture.spacingMm ?? entry.spacingMm;
  const scale: Scale | null = mm ? { mm, origin: 'file' } : null;
  const known = await documentOf(key);
  if (known && known.width === width && known.height === height) return { ...known, scale: known.scale ?? scale };
  return emptyDocument(width, height, scale);
}

/** Puts the open image away. */
function leave(): void {
  batch(() => {
    const [open, past] = [opened.peek(), history.peek()];
    if (open && past) histories.set(open.key, past);
    opened.value = null;
    history.value = null;
    hover.value = null;
    pointer.value = null;
    crosshair.value = null;
    anchor.value = null;
    ticks.value = [];
  });
}
