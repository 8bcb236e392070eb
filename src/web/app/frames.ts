/** Moves between the frames of the open clip, and plays it. */
import { effect } from '@preact/signals';
import type { ImageDocument } from '../document/types.js';
import { text } from '../text/en.js';
import { carryFrom } from './carry.js';
import { readingBegins } from './engineControl.js';
import { FrameClock } from './frameClock.js';
import { isAbort, say, sayError } from './messages.js';
import { prepare } from './predictions.js';
import { carryPrompts, damagedFrames, document, entries, frameComing, type Open, opened, playing } from './state.js';
import { showFrame } from './works.js';

let going: AbortController | null = null;

/** Starts preparing the frame at which playing ends. */
export function followPlaying(): void {
  let before = false;
  effect(() => {
    const ended = before && !playing.value;
    before = playing.value;
    if (ended && opened.peek()) void prepare();
  });
}

/** Stops playing, and a frame that is on its way. */
export function stopFrames(): void {
  playing.value = false;
  going?.abort();
}

/** Shows a frame of the open clip once it is decoded. */
export async function goToFrame(frame: number): Promise<void> {
  await go(frame, null);
}

/**
 * So many frames on, at most to the first or the last, and past damaged ones. If enabled, carries the prompts to a frame
 * without objects.
 */
export async function stepFrames(by: number): Promise<void> {
  const open = opened.peek();
  if (!open || open.file.frames === 1) return;
  // A held key goes on from the frame that is on its way.
  const from = frameComing.peek() ?? open.picture.frame;
  const to = Math.min(open.file.frames, Math.max(1, from + by));
  playing.value = false;
  if (to === from) say(by > 0 ? text.frames.isLast : text.frames.isFirst);
  const before = carryPrompts.peek() && by > 0 ? document.peek() : null;
  for (let frame = to; frame !== from && frame >= 1 && frame <= open.file.frames; frame += Math.sign(by)) {
    if ((await go(frame, before)) !== 'damaged') return;
  }
}

export const goToEnd = (): Promise<void> => goToFrame(opened.peek()?.file.frames ?? 1);

export function togglePlay(): void {
  const open = opened.peek();
  if (playing.peek()) playing.value = false;
  else if (open && open.file.frames > 1) play(open);
}

/** `replaced`: another frame or image was requested meanwhile. */
type Showing = 'shown' | 'damaged' | 'replaced';

/** @param before the work whose prompts are carried */
async function go(frame: number, before: ImageDocument | null): Promise<Showing> {
  stopFrames();
  const open = opened.peek();
  if (!open || frame === open.picture.frame) return 'replaced';
  readingBegins();
  const showing = await show(open, frame, frame > open.picture.frame ? 1 : -1);
  if (showing === 'shown' && before) carryFrom(before, text.frames.carried);
  // A frame that stays because the other cannot be read has lost its encoding.
  if (showing === 'shown' || (opened.peek() === open && going === null)) await prepare();
  return showing;
}

function play({ file, picture }: Open): void {
  playing.value = true;
  const clock = new FrameClock(file.frames, file.timing);
  const begun = performance.now() - clock.startOf(picture.frame);
  let busy = false;
  const tick = async (): Promise<void> => {
    const open = opened.peek();
    if (!playing.peek() || open?.file !== file) return;
    requestAnimationFrame(tick);
    const wanted = clock.at(performance.now() - begun);
    const from = open.picture.frame;
    // Damaged frames are not tried again in each round.
    if (busy || wanted === from || damagedFrames.peek().has(wanted)) return;
    busy = true;
    // Where decoding is slower than the clip, frames in advance would be dropped.
    const ahead = wanted === from + 1 || wanted === 1 ? 1 : wanted === from - 1 ? -1 : 0;
    const showing = await show(open, wanted, ahead);
    busy = false;
    if (showing === 'replaced' && opened.peek()?.file === file) playing.value = false;
  };
  requestAnimationFrame(tick);
}

async function show(open: Open, frame: number, ahead: 0 | 1 | -1): Promise<Showing> {
  going?.abort();
  const attempt = new AbortController();
  going = attempt;
  frameComing.value = frame;
  try {
    const { entryId, content, file } = open;
    const picture = await file.read(frame, attempt.signal, ahead);
    const entry = entries.peek().find(({ id }) => id === entryId);
    if (attempt.signal.aborted || !entry || opened.peek()?.file !== file) return 'replaced';
    showFrame({ entryId, content, file, picture }, entry);
    return 'shown';
  } catch (error) {
    if (attempt.signal.aborted || isAbort(error)) return 'replaced';
    if (opened.peek()?.file === open.file) damagedFrames.value = new Set([...damagedFrames.peek(), frame]);
    sayError(error, text.frames.damaged(frame));
    return 'damaged';
  } finally {
    if (going === attempt) {
      going = null;
      frameComing.value = null;
    }
  }
}
