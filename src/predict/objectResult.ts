/**
 * What the decoder says of one object, brought to the size of the image: mask, area, box.
 */
import type { PixelBox } from '../formats/rle.js';
import type { ModelConfig } from '../models/config.js';
import { MASKS } from '../models/maskDecoder.js';
import { type ImageFrame, imageLogits, lowResSide } from './imageFrame.js';
import type { Candidate, ObjectResult } from './types.js';

/**
 * The masks of one object that were asked for: the first of the decoder's four is for clear prompts, the other three
 * are for ambiguous ones.
 * @param logits of all objects [O, 4, 4g, 4g]
 * @param iou of all objects [O, 4]
 */
export function candidatesOf(
  config: ModelConfig,
  logits: Float32Array,
  iou: Float32Array,
  object: number,
  multimask: boolean,
): Candidate[] {
  const size = lowResSide(config) ** 2;
  const all = Array.from({ length: MASKS }, (_, i) => {
    const at = object * MASKS + i;
    return { score: iou[at]!, lowResLogits: logits.slice(at * size, (at + 1) * size) };
  });
  return multimask ? all.slice(1) : all.slice(0, 1);
}

/** The result of the candidate with the best predicted IoU. */
export function objectResult(
  frame: ImageFrame,
  name: string,
  candidates: readonly Candidate[],
  withLogits: boolean,
): ObjectResult {
  const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
  const { width, height } = frame;
  const logits = imageLogits(frame, best.lowResLogits);
  const mask = new Uint8Array(logits.length);
  // A loop: `Uint8Array.from` with a function takes forty times as long, 10 ms of 256 x 256 pixels.
  for (let i = 0; i < mask.length; i++) mask[i] = logits[i]! > 0 ? 1 : 0;
  const result = { name, width, height, mask, ...extent(mask, width), ...best, candidates };
  return withLogits ? { ...result, logits } : result;
}

/** Number of pixels of a mask and the box around them. */
export function extent(mask: Uint8Array, width: number): { area: number; box: PixelBox | null } {
  let area = 0;
  let [x0, y0, x1, y1] = [width, mask.length, -1, -1];
  for (let i = 0, y = 0; i < mask.length; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      area++;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  }
  return { area, box: area === 0 ? null : [x0, y0, x1, y1] };
}
