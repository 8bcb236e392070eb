/** Automatic mode: has the engine find everything in the picture and makes objects of it, in one step. */
import { addObject, select } from '../document/edit.js';
import { PALETTE } from '../document/palette.js';
import type { ImageDocument } from '../document/types.js';
import { text } from '../text/en.js';
import { newId, step } from './edits.js';
import { dropIfBroken, readyEngine } from './engineControl.js';
import { isAbort, say, sayError } from './messages.js';
import { packed } from './predictions.js';
import { currentClass, engineStatus, opened } from './state.js';

let running: AbortController | null = null;

/** @returns whether there was something to stop */
export function stopEverything(): boolean {
  running?.abort();
  return running !== null;
}

/** Begins to look everywhere, or stops doing so. */
export function toggleEverything(): void {
  if (!stopEverything()) void findEverything();
}

export async function findEverything(): Promise<void> {
  const [engine, open] = [readyEngine(), opened.peek()];
  if (!open) return;
  if (!engine) {
    say(text.engine.notReady);
    return;
  }
  const attempt = new AbortController();
  running = attempt;
  const end = (): void => {
    if (running !== attempt) return;
    running = null;
    if (engineStatus.peek().phase !== 'everything') return;
    engineStatus.value = { phase: opened.peek() === open && !readyEngine() ? 'failed' : 'ready' };
  };
  // Ended before another image is opened, so that the status line is that one's alone.
  const unfollow = opened.subscribe((now) => {
    if (now === open) return;
    end();
    attempt.abort();
  });
  engineStatus.value = { phase: 'everything', done: 0, total: 0 };
  try {
    const masks = await engine.everything(open.key, {
      signal: attempt.signal,
      progress: (done, total) => {
        if (running === attempt) engineStatus.value = { phase: 'everything', done, total };
      },
    });
    attempt.signal.throwIfAborted();
    const classId = currentClass.peek();
    step((document) => {
      const all = masks.reduce<ImageDocument>((now, mask) => {
        const start = { mask: packed(mask), origin: 'automatic', score: mask.score } as const;
        return addObject(now, { id: newId(), classId, color: PALETTE[now.objects.length % PALETTE.length]!, start });
      }, document);
      return select(all, document.activeId);
    });
    say(text.everything.found(masks.length), masks.length > 0 ? text.everything.foundHint : text.everything.noneHint);
  } catch (error) {
    dropIfBroken(error);
    if (opened.peek() !== open) say(text.everything.left);
    else if (isAbort(error)) say(text.everything.stopped);
    else sayError(error);
  } finally {
    unfollow();
    end();
  }
}
