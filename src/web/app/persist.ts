/**
 * Saves annotations and settings shortly after each change, and immediately when the page is closed. The user is told
 * when saving fails; it is retried (storage/writeQueue.ts), and nothing is lost from this session.
 */
import { effect } from '@preact/signals';
import { hasPrompts } from '../../predict/prompts.js';
import { isCorrected } from '../document/edit.js';
import { objectCount } from '../document/objectCount.js';
import type { ImageDocument } from '../document/types.js';
import { workOf } from '../document/workKey.js';
import { type SourceFolder, Store, type StoredFile, type StoredSettings } from '../storage/database.js';
import { takeOnlyTab } from '../storage/onlyTab.js';
import { WriteQueue } from '../storage/writeQueue.js';
import { text } from '../text/en.js';
import { warn } from './messages.js';
import {
  carryPrompts,
  chosenModel,
  classes,
  cleanMasks,
  currentClass,
  currentId,
  document,
  type Entry,
  engineKind,
  entries,
  exportFormat,
  FIRST_CLASSES,
  multimask,
  opened,
  playing,
  removedClasses,
  saving,
  showMeasures,
  showPreview,
} from './state.js';

let opening: Promise<Store | null> | undefined;
let restoring: Promise<StoredSettings> | undefined;
let dataset: string | undefined;
/** The choice of the last visit, kept while the server does not offer it. */
let lastModel: string | undefined;
/** Annotations of this session, by key. */
const known = new Map<string, ImageDocument>();
/** Of the frames of a file, by its content. */
const counted = new Map<string, Map<number, FrameCounts>>();

const queue = new WriteQueue<Store>((state) => {
  // Only once, until writing works again.
  if (state === 'unavailable' && saving.peek() !== state) cannotSave();
  saving.value = state;
});

/** Null if nothing can be saved; the user is told why. */
export function openStore(): Promise<Store | null> {
  opening ??= openOnce();
  return opening;
}

/**
 * The database may not finish while the page is closing. Annotations that are not written by then go to local
 * storage, which is synchronous, and to the database at the next start.
 */
const JOURNAL = 'samus.unsaved';

function writeJournal(): void {
  const unsaved = [...known].filter(([key]) => queue.waits(workName(key)));
  if (unsaved.length === 0) return;
  try {
    localStorage.setItem(JOURNAL, JSON.stringify(unsaved));
  } catch {
    // Too large, or blocked. The database has received most of it anyway.
  }
}

async function readJournal(): Promise<void> {
  try {
    const text = localStorage.getItem(JOURNAL);
    if (text === null) return;
    const unsaved: readonly [string, ImageDocument][] = JSON.parse(text);
    for (const [key, work] of unsaved) keepDocument(key, work);
    await queue.flush();
    localStorage.removeItem(JOURNAL);
  } catch {
    // The journal cannot be read.
  }
}

const workName = (key: string): string => `work ${key}`;

/** The annotations of an image, from this session or an earlier one. */
export async function documentOf(key: string): Promise<ImageDocument | undefined> {
  const stored = known.has(key) ? undefined : await (await openStore())?.document(key);
  // Annotations may have changed while the store was being read.
  return known.get(key) ?? stored;
}

/** The annotations of all frames of a file that have some, from this session or an earlier one, in order. */
export async function documentsOf(content: string): Promise<ReadonlyMap<number, ImageDocument>> {
  const stored = (await (await openStore())?.documents(content)) ?? [];
  const all = new Map(stored);
  // Annotations may have changed while the store was being read.
  for (const [key, document] of known) if (workOf(key).content === content) all.set(key, document);
  const frames = [...all].map(([key, document]) => [workOf(key).frame, document] as const).sort(([a], [b]) => a - b);
  counted.set(content, new Map(frames.map(([frame, document]) => [frame, countsOf(document)])));
  showCounts(content);
  return new Map(frames);
}

/** Saves the annotations of a frame, open or not, and updates the counts of its entries. */
export function keepDocument(key: string, next: ImageDocument): void {
  known.set(key, next);
  queue.put(workName(key), (store) => store.putDocument(key, next));
  const { content, frame } = workOf(key);
  const frames = counted.get(content) ?? new Map<number, FrameCounts>();
  counted.set(content, frames.set(frame, countsOf(next)));
  showCounts(content);
}

type Counts = Pick<Entry, 'shapes' | 'asked' | 'committed' | 'corrected'>;
type AllCounts = Counts & Pick<Entry, 'objects' | 'shapeFrames' | 'workFrames'>;

/** The counts of a frame, and the names of its objects with a mask. */
interface FrameCounts extends Counts {
  readonly names: readonly string[];
}

/** The counts of a file in the list, as far as its work has been read. */
export function countsOn(content: string | null): AllCounts {
  const all = [...(counted.get(content ?? '')?.values() ?? [])];
  const sum = (count: (one: Counts) => number): number => all.reduce((total, one) => total + count(one), 0);
  return {
    shapes: sum(({ shapes }) => shapes),
    objects: objectCount(all.map(({ names }) => names)),
    asked: sum(({ asked }) => asked),
    committed: sum(({ committed }) => committed),
    corrected: sum(({ corrected }) => corrected),
    shapeFrames: sum(({ shapes }) => Math.sign(shapes)),
    workFrames: sum(({ shapes, asked }) => Math.sign(shapes + asked)),
  };
}

function showCounts(content: string): void {
  const counts = countsOn(content);
  const isBehind = (entry: Entry): boolean =>
    entry.key === content &&
    (entry.shapes !== counts.shapes ||
      entry.objects !== counts.objects ||
      entry.asked !== counts.asked ||
      entry.committed !== counts.committed ||
      entry.corrected !== counts.corrected ||
      entry.shapeFrames !== counts.shapeFrames ||
      entry.workFrames !== counts.workFrames);
  if (!entries.peek().some(isBehind)) return;
  entries.value = entries.peek().map((entry) => (isBehind(entry) ? { ...entry, ...counts } : entry));
}

/** The counts of a frame. Carried objects that were not checked yet do not count. */
function countsOf({ objects: all }: ImageDocument): FrameCounts {
  const objects = all.filter(({ carried }) => !carried);
  return {
    names: objects.filter(({ shape }) => shape !== null).map(({ name }) => name),
    shapes: objects.filter(({ shape }) => shape !== null).length,
    asked: objects.filter(hasPrompts).length,
    committed: objects.filter(({ committed }) => committed).length,
    corrected: objects.filter((object) => object.committed && isCorrected(object)).length,
  };
}

/** Stores an image of the list for the next visit. */
export function keepFile(file: StoredFile): void {
  queue.put(`file ${file.id}`, (store) => store.putFile(file));
}

/** Stores the folder of an image for the next visit. */
export function keepFolder(id: string, folder: SourceFolder): void {
  queue.put(`folder ${id}`, (store) => store.changeFile(id, { folder }));
}

/** Stores why an image cannot be opened, or that it can. */
export function keepFailure(id: string, failure: Entry['failure']): void {
  queue.put(`failure ${id}`, (store) => store.changeFile(id, { failure }));
}

/** Reports "saving" until work that ends in {@link keepFile} is done. */
export const whileSaving = (work: Promise<void>): Promise<void> => queue.during(work);

/** Deletes the image but keeps its annotations. */
export function dropFile(id: string): void {
  queue.put(`file ${id}`, (store) => store.removeFile(id));
}

/**
 * Deletes all annotations, including those of images that are not in the list, and all names.
 * @returns whether that worked
 */
export async function forgetWork(): Promise<boolean> {
  known.clear();
  counted.clear();
  const gone = await queue.reset((store) => store.clear());
  if (gone) {
    dataset = undefined;
    classes.value = FIRST_CLASSES;
    // No annotations use their numbers any more.
    removedClasses.value = [];
    currentClass.value = FIRST_CLASSES[0].id;
  }
  keepSettings();
  return gone;
}

/** The name of the last exported dataset. */
export const lastDataset = (): string | undefined => dataset;

export function keepDataset(name: string): void {
  dataset = name;
  keepSettings();
}

/** Starts saving changes of the open document. */
export function followWork(): void {
  effect(() => {
    const [now, open] = [document.value, opened.value];
    // Frames that somebody only looks at need no place.
    const isBlank = now?.objects.length === 0 && now.scale?.origin !== 'calibrated';
    if (!now || !open || known.get(open.key) === now || (isBlank && !known.has(open.key))) return;
    keepDocument(open.key, now);
  });
  addEventListener('visibilitychange', () => void queue.flush());
  addEventListener('pagehide', () => {
    void queue.flush();
    writeJournal();
  });
  // The page was restored from the browser's cache: what it writes from now on is newer than the journal.
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) localStorage.removeItem(JOURNAL);
  });
}

/** The settings of the last visit. Restores its classes before others are added. */
export function restoreSettings(): Promise<StoredSettings> {
  restoring ??= restoreOnce();
  return restoring;
}

async function restoreOnce(): Promise<StoredSettings> {
  const settings = (await (await openStore())?.settings()) ?? {};
  if (settings.classes?.[0]) {
    classes.value = settings.classes;
    currentClass.value = settings.classes[0].id;
  }
  removedClasses.value = settings.removedClasses ?? removedClasses.value;
  return settings;
}

/** Starts saving settings, once those of the last visit are restored. */
export function followSettings(restored: StoredSettings): void {
  dataset ??= restored.dataset;
  lastModel = restored.model;
  effect(keepSettings);
}

function keepSettings(): void {
  const now = settings();
  queue.put('settings', (store) => store.putSettings(now));
}

function settings(): StoredSettings {
  const model = chosenModel.value ?? lastModel;
  // While a clip plays, each frame would be a write.
  const frame = playing.value ? opened.peek()?.picture.frame : opened.value?.picture.frame;
  return {
    classes: classes.value,
    removedClasses: removedClasses.value,
    currentId: currentId.value,
    ...(frame !== undefined && { currentFrame: frame }),
    engine: engineKind.value,
    preview: showPreview.value,
    measures: showMeasures.value,
    multimask: multimask.value,
    clean: cleanMasks.value,
    carry: carryPrompts.value,
    format: exportFormat.value,
    ...(model !== undefined && { model }),
    ...(dataset !== undefined && { dataset }),
  };
}

async function openOnce(): Promise<Store | null> {
  const alone = await takeOnlyTab();
  const store = alone ? await Store.open() : null;
  if (!alone) {
    saving.value = 'unavailable';
    warn(text.errors.otherTab, text.errors.otherTabHint);
  }
  queue.begin(store);
  if (store) await readJournal();
  return store;
}

const cannotSave = (): void => warn(text.errors.cannotSave, text.errors.cannotSaveHint);
