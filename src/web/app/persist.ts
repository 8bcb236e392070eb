/**
 * Saves the work as it goes: shortly after each change, and at once when the page is left. What cannot be saved is
 * said once.
 */
import { effect } from '@preact/signals';
import type { ImageDocument } from '../document/types.js';
import { type Settings, Store } from '../storage/database.js';
import { text } from '../text/en.js';
import { say } from './messages.js';
import {
  carryPrompts,
  classes,
  currentId,
  document,
  engineKind,
  entries,
  multimask,
  opened,
  saving,
  showMeasures,
  showPreview,
} from './state.js';

/** Short enough that a crash costs one click at most. */
const DELAY_MS = 120;

let store: Store | null = null;
let dataset: string | undefined;
const waiting = new Map<string, ImageDocument>();
const known = new Map<string, ImageDocument>();
let timer: ReturnType<typeof setTimeout> | undefined;
let warned = false;

export async function openStore(): Promise<Store | null> {
  store = await Store.open();
  if (!store) cannotSave();
  return store;
}

/** The work on an image, of this session or an earlier one. */
export async function documentOf(key: string): Promise<ImageDocument | undefined> {
  return known.get(key) ?? (await store?.document(key));
}

/** Takes work on an image that is not open, for saving. */
export function keepDocument(key: string, next: ImageDocument): void {
  known.set(key, next);
  waiting.set(key, next);
  saving.value = 'pending';
  timer ??= setTimeout(() => void flush(), DELAY_MS);
}

/** Runs a change of the store; a full or blocked store is said once and loses nothing of what is on the screen. */
export async function stored(change: (store: Store) => Promise<void>): Promise<void> {
  if (!store) return;
  try {
    await change(store);
  } catch {
    cannotSave();
  }
}

/** Deletes the work on all images, those that are not in the list too. */
export async function forgetWork(): Promise<void> {
  waiting.clear();
  known.clear();
  await stored((one) => one.clear());
}

/** The name that the last data set was exported under. */
export const lastDataset = (): string | undefined => dataset;

export function keepDataset(name: string): void {
  dataset = name;
  void stored((one) => one.putSettings(settings()));
}

/** Begins to follow the open document and the settings. */
export function followWork(restored: Settings): void {
  dataset = restored.dataset;
  let last: ImageDocument | null = null;
  effect(() => {
    const [now, open] = [document.value, opened.value];
    if (!now || !open || now === last) return;
    last = now;
    if (known.get(open.key) !== now) keepDocument(open.key, now);
    const shapes = now.objects.filter(({ shape }) => shape !== null).length;
    const committed = now.objects.filter((object) => object.committed).length;
    const entry = entries.peek().find(({ id }) => id === open.entryId);
    if (entry && (entry.shapes !== shapes || entry.committed !== committed)) {
      entries.value = entries.peek().map((one) => (one === entry ? { ...one, shapes, committed } : one));
    }
  });
  effect(() => {
    const now = settings();
    void stored((one) => one.putSettings(now));
  });
  const leave = (): void => void flush();
  addEventListener('pagehide', leave);
  addEventListener('visibilitychange', leave);
}

function settings(): Settings {
  return {
    classes: classes.value,
    currentId: currentId.value,
    engine: engineKind.value,
    preview: showPreview.value,
    measures: showMeasures.value,
    multimask: multimask.value,
    carry: carryPrompts.value,
    ...(dataset !== undefined && { dataset }),
  };
}

async function flush(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const now = [...waiting];
  waiting.clear();
  if (now.length === 0) return;
  await stored(async (one) => {
    for (const [key, next] of now) await one.putDocument(key, next);
  });
  if (waiting.size === 0 && saving.peek() === 'pending') saving.value = 'saved';
}

function cannotSave(): void {
  saving.value = 'unavailable';
  if (!warned) say(text.errors.cannotSave, text.errors.cannotSaveHint);
  warned = true;
}
