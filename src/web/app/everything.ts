/**
 * Automatic mode, with a model that takes prompts; classMap.ts is for others. The engine segments the whole image; what is not annotated yet becomes a proposal. A click on a
 * proposal makes it an object. Nothing is added automatically.
 */
import { computed, signal } from '@preact/signals';
import { rleArea } from '../../formats/rle.js';
import { contains, subtract } from '../../formats/runs.js';
import { addObject, select } from '../document/edit.js';
import type { ImageDocument, PackedMask } from '../document/types.js';
import { text } from '../text/en.js';
import { newSeed, quietly, step } from './edits.js';
import { dropIfBroken, readyEngine } from './engineControl.js';
import { isAbort, say, sayError } from './messages.js';
import { packed } from './predictions.js';
import { document, engineStatus, type Open, opened } from './state.js';

/** A mask that the user has not accepted yet. */
interface Proposal {
  readonly mask: PackedMask;
  readonly score: number;
}

/** Largest overlap of a proposal with an object, as shares of their areas: more is the same structure. */
const MOST_OF_PROPOSAL = 0.3;
const MOST_OF_OBJECT = 0.5;

/** Everything found in an image, accepted or not. */
const found = signal<{ readonly open: Open; readonly all: readonly Proposal[] } | null>(null);
/** Proposals that no object covers. An accepted one disappears, and Undo brings it back. */
export const proposals = computed(() => {
  const shapes = document.value?.objects.flatMap(({ shape }) => (shape ? [shape] : [])) ?? [];
  const all = found.value?.open === opened.value ? (found.value?.all ?? []) : [];
  return all.filter(({ mask }) => !shapes.some((shape) => isSame(mask, shape)));
});

let running: AbortController | null = null;

/** @returns whether a search was running */
export function stopEverything(): boolean {
  running?.abort();
  return running !== null;
}

/** @returns whether there were proposals */
export function discardProposals(): boolean {
  const any = proposals.peek().length > 0;
  found.value = null;
  return any;
}

/** The proposal at a pixel; the smallest of several. */
export function proposalAt([x, y]: readonly [number, number]): Proposal | undefined {
  return proposals
    .peek()
    .filter(({ mask }) => contains(mask, x, y))
    .sort((a, b) => rleArea(a.mask) - rleArea(b.mask))[0];
}

/** Turns proposals into objects of the current class, as one step, and selects none of them. */
export function accept(chosen: readonly Proposal[]): void {
  step((before) => {
    const all = chosen.reduce<ImageDocument>((now, { mask, score }) => {
      return addObject(now, { ...newSeed(now), start: { mask, origin: 'automatic', score } });
    }, before);
    return select(all, null);
  });
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
  // Stop before another image is opened, so that the status line belongs to that image.
  const unfollow = opened.subscribe((now) => {
    if (now === open) return;
    end();
    attempt.abort();
  });
  found.value = null;
  engineStatus.value = { phase: 'everything', done: 0, total: 0 };
  try {
    const masks = await engine.everything(open.key, {
      signal: attempt.signal,
      progress: (done, total) => {
        if (running === attempt) engineStatus.value = { phase: 'everything', done, total };
      },
    });
    attempt.signal.throwIfAborted();
    found.value = { open, all: masks.map((mask) => ({ mask: packed(mask), score: mask.score })) };
    const count = proposals.peek().length;
    // The next click should accept a proposal, not correct the selected object.
    if (count > 0) quietly((present) => select(present, null));
    const hints = [text.everything.known(masks.length - count), text.everything.hint(count)];
    say(text.everything.found(count), hints.filter(Boolean).join(' '));
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

export function isSame(proposal: PackedMask, shape: PackedMask): boolean {
  const area = rleArea(proposal);
  const common = area - rleArea(subtract(proposal, shape));
  return common > MOST_OF_PROPOSAL * area || common > MOST_OF_OBJECT * rleArea(shape);
}
