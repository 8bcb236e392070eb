/**
 * The work on frames of files, by content and frame: its history in this session, what is stored, and what the frames of
 * a file share (names, classes and colours of objects, a calibrated scale). Entries with the same content share their
 * work.
 */
import { batch, effect } from '@preact/signals';
import { emptyDocument, findObject, select, setScale, withIdentity } from '../document/edit.js';
import { amend, beginHistory, type History, mapHistory, record } from '../document/history.js';
import type { Annotation, ImageDocument, Scale } from '../document/types.js';
import { workKey } from '../document/workKey.js';
import type { OpenedImage } from '../open/imageContract.js';
import { documentOf, keepDocument } from './persist.js';
import {
  active,
  anchor,
  continued,
  crosshair,
  damagedFrames,
  document,
  type Entry,
  frameWork,
  history,
  hover,
  type ObjectIdentity,
  type Open,
  opened,
  pointer,
  ticks,
} from './state.js';

/** By {@link workKey}. */
const histories = new Map<string, History<ImageDocument>>();

/** The work on a frame as it is now, open or not. */
export async function workOn(content: string, frame = 1): Promise<ImageDocument | undefined> {
  const key = workKey(content, frame);
  if (opened.peek()?.key === key) return history.peek()?.present;
  return histories.get(key)?.present ?? documentOf(key);
}

/** Replaces the work on a frame, open or not. This can be undone if the frame was open in this session. */
export function putWork(content: string, frame: number, next: ImageDocument): void {
  const key = workKey(content, frame);
  const [present, past, open] = [history.peek(), histories.get(key), opened.peek()];
  if (present && open?.key === key) {
    history.value = record(present, next);
    return;
  }
  if (past) histories.set(key, record(past, next));
  keepDocument(key, next);
  if (open?.content === content) noteWork(frame, next);
}

/**
 * Shows a frame with its work. The object that was selected stays selected; if it is not on the frame, the next prompt
 * starts its mask there.
 * @param works the work on all frames of a file that is being opened
 */
export function showFrame(next: Omit<Open, 'key'>, entry: Entry, works?: ReadonlyMap<number, ImageDocument>): void {
  const { content, picture } = next;
  const key = workKey(content, picture.frame);
  batch(() => {
    const from = works ? null : identity();
    leaveFrame();
    if (works) frameWork.value = works;
    const past = histories.get(key) ?? beginHistory(firstDocument(picture, entry));
    const same = past.present.objects.find(({ name }) => name === from?.name);
    opened.value = { ...next, key };
    history.value = from ? amend(past, select(past.present, same?.id ?? null)) : past;
    continued.value = same ? null : from;
  });
}

/** Closes the open file. */
export function leaveFile(): void {
  batch(() => {
    leaveFrame();
    opened.peek()?.file.close();
    opened.value = null;
    history.value = null;
    pointer.value = null;
    crosshair.value = null;
    frameWork.value = new Map();
    damagedFrames.value = new Set();
    continued.value = null;
  });
}

export function forgetHistories(): void {
  histories.clear();
  renamed.clear();
}

/** Starts keeping what the frames of a file share the same on all of them. */
export function followFrames(): void {
  let before: { readonly key: string; readonly work: ImageDocument } | null = null;
  effect(() => {
    const [open, work] = [opened.value, document.value];
    if (!open || !work || open.file.frames === 1) {
      before = null;
      return;
    }
    const last = before?.key === open.key ? before.work : null;
    before = { key: open.key, work };
    noteWork(open.picture.frame, work);
    if (!last) return;
    for (const object of work.objects) {
      const old = findObject(last, object.id);
      if (old && (old.name !== object.name || old.classId !== object.classId || old.color !== object.color)) {
        shareIdentity(open, old, object);
      }
    }
    if (last.scale !== work.scale) shareOver(open, (other) => setScale(other, work.scale));
  });
}

/** The objects of other frames that a new name was given to. Undo gives the old one back to these alone. */
const renamed = new Map<string, ReadonlySet<string>>();

function shareIdentity(open: Open, old: Annotation, next: Annotation): void {
  const change = (from: string, to: string): string => JSON.stringify([open.key, next.id, from, to]);
  const undone = renamed.get(change(next.name, old.name));
  const ids = new Set<string>();
  shareOver(open, (work) => {
    const object = work.objects.find(({ id, name }) => name === old.name && (!undone || undone.has(id)));
    if (object) ids.add(object.id);
    return object ? withIdentity(work, object.id, next) : work;
  });
  if (old.name !== next.name) renamed.set(change(old.name, next.name), ids);
  if (continued.peek()?.name === old.name) continued.value = identityOf(next);
}

/** The object that is selected, or that would have been on this frame. */
function identity(): ObjectIdentity | null {
  const object = active.peek();
  return object ? identityOf(object) : continued.peek();
}

const identityOf = ({ name, classId, color }: Annotation): ObjectIdentity => ({ name, classId, color });

/** Keeps the history of the open frame. */
function leaveFrame(): void {
  const [open, past] = [opened.peek(), history.peek()];
  if (open && past) histories.set(open.key, past);
  hover.value = null;
  anchor.value = null;
  ticks.value = [];
}

function firstDocument(picture: OpenedImage, entry: Entry): ImageDocument {
  const { width, height, frame } = picture;
  const calibrated = [...frameWork.peek().values()].find(({ scale }) => scale?.origin === 'calibrated')?.scale;
  const mm = picture.spacingMm ?? entry.spacingMm;
  const scale: Scale | null = calibrated ?? (mm ? { mm, origin: 'file' } : null);
  const known = frameWork.peek().get(frame);
  if (known && known.width === width && known.height === height) return { ...known, scale: known.scale ?? scale };
  return emptyDocument(width, height, scale);
}

function noteWork(frame: number, work: ImageDocument): void {
  const all = frameWork.peek();
  if (all.get(frame) === work || (work.objects.length === 0 && !all.has(frame))) return;
  frameWork.value = new Map([...all, [frame, work] as const].sort(([a], [b]) => a - b));
}

/** Changes the work on the other frames of the open file, in all versions, so that Undo there keeps the change. */
function shareOver({ content, picture }: Open, edit: (work: ImageDocument) => ImageDocument): void {
  for (const [frame, work] of frameWork.peek()) {
    if (frame === picture.frame) continue;
    const key = workKey(content, frame);
    const past = histories.get(key);
    if (past) histories.set(key, mapHistory(past, edit));
    const next = histories.get(key)?.present ?? edit(work);
    if (next === work) continue;
    keepDocument(key, next);
    noteWork(frame, next);
  }
}
