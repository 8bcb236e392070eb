/**
 * Which frames of a file to segment: all, or ranges of numbers.
 */
import { SamusError } from '../errors.js';
import type { ImageRef } from '../formats/annotation.js';
import { checkFrame, type ImageSource } from '../formats/imageSource.js';

/** Frames of a file: all, or ranges of numbers from 1, both ends inclusive. */
export type FrameRanges = 'all' | readonly (readonly [from: number, to: number])[];

/** The frame numbers, sorted. @throws SamusError IMAGE_FRAME if the file has fewer frames */
export function frameNumbers(choice: FrameRanges, source: ImageSource, path: string): number[] {
  const ranges = choice === 'all' ? [[1, source.frames] as const] : choice;
  for (const [, to] of ranges) checkFrame(source, to, path);
  const numbers = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** @throws SamusError PROMPTS_FRAME if the prompts are all for other frames */
export function chosenFrames<Planned extends { readonly image: ImageRef }>(
  planned: readonly Planned[],
  frames: readonly number[],
): Planned[] {
  const chosen = planned.flatMap((one) => {
    if (one.image.frame !== undefined) return frames.includes(one.image.frame) ? [one] : [];
    return frames.map((frame) => ({ ...one, image: { ...one.image, frame } }));
  });
  if (chosen.length > 0) return chosen;
  const named = planned.map(({ image }) => image.frame).join(', ');
  const message = `expected prompts on the chosen frames of ${planned[0]!.image.path}, got prompts on frame ${named}`;
  throw new SamusError('PROMPTS_FRAME', message, 'choose among these frames, or leave out --frame and --frames');
}
