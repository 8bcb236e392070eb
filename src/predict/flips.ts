/**
 * Test-time augmentation by flips: an image, its prompts and its logits mirrored, and the mean of the logits of several
 * runs. segmenter.ts and classNetwork.ts run the model.
 */
import type { Flip } from '../formats/image.js';
import type { PixelBox } from '../formats/mask.js';
import type { ImageFrame } from '../models/imageFrame.js';
import type { ObjectPrompt } from './types.js';

/** The prompt that asks a flipped image for the same object. */
export function flipPrompt<P extends ObjectPrompt>(prompt: P, frame: ImageFrame, flip: Flip): P {
  const { points, box, mask, lowResLogits } = prompt;
  const { width, height } = frame;
  const place = (x: number, y: number): readonly [number, number] =>
    flip === 'horizontal' ? [width - 1 - x, y] : [x, height - 1 - y];
  return {
    ...prompt,
    ...(points && { points: points.map(([x, y, ...label]) => [...place(x, y), ...label] as const) }),
    ...(box && { box: flippedBox(box, place) }),
    ...(mask && { mask: flipPixels(mask, width, flip) }),
    ...(lowResLogits && { lowResLogits: flipLogits(lowResLogits, frame, flip) }),
  };
}

function flippedBox([x0, y0, x1, y1]: PixelBox, place: (x: number, y: number) => readonly [number, number]): PixelBox {
  const [[ax, ay], [bx, by]] = [place(x0, y0), place(x1, y1)];
  return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
}

/** @param values row-major */
function flipPixels(values: Uint8Array | Float32Array, width: number, flip: Flip): Uint8Array | Float32Array {
  const height = values.length / width;
  const flipped = values.slice();
  for (let i = 0; i < values.length; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    flipped[i] = values[flip === 'horizontal' ? y * width + width - 1 - x : (height - 1 - y) * width + x]!;
  }
  return flipped;
}

/**
 * Square logits of the model, flipped about the middle of the part that shows the image. Where padding follows the image,
 * that middle can lie between two places; then the two nearest are mixed. Beyond the image the nearest inside counts.
 */
function flipLogits(logits: Float32Array, frame: ImageFrame, flip: Flip): Float32Array {
  const side = Math.sqrt(logits.length);
  const shown = ((flip === 'horizontal' ? frame.shownWidth : frame.shownHeight) * side) / frame.imageSize;
  const [along, across] = flip === 'horizontal' ? [1, side] : [side, 1];
  const flipped = new Float32Array(logits.length);
  for (let to = 0; to < side; to++) {
    const from = Math.min(side - 1, Math.max(0, shown - 1 - to));
    const [low, share] = [Math.floor(from), from % 1];
    const high = Math.min(side - 1, low + 1);
    for (let line = 0; line < side; line++) {
      const at = line * across;
      const near = logits[at + low * along]!;
      flipped[at + to * along] = share === 0 ? near : near + share * (logits[at + high * along]! - near);
    }
  }
  return flipped;
}

/** Several maps of logits of the model in turn, each flipped. */
export function flipEach(logits: Float32Array, frame: ImageFrame, flip: Flip): Float32Array {
  const area = frame.logitSide ** 2;
  const flipped = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += area)
    flipped.set(flipLogits(logits.subarray(at, at + area), frame, flip), at);
  return flipped;
}

/** The mean of lists of equal length, element by element. */
export function meanMap(lists: readonly Float32Array[]): Float32Array {
  const [first, ...others] = lists;
  if (!first || others.length === 0) return first ?? new Float32Array(0);
  return first.map((value, i) => others.reduce((sum, other) => sum + other[i]!, value) / lists.length);
}
