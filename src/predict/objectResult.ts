/**
 * What the decoder says of one object, brought to the size of the image: mask, area, box.
 */
import { SamusError } from '../errors.js';
import type { PixelBox } from '../formats/rle.js';
import { firstNotFinite } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { promptedOf } from '../models/registry.js';
import { type ImageFrame, imageLogits, imageMask } from './imageFrame.js';
import type { Candidate, ObjectResult } from './types.js';

/**
 * The masks of one object that were asked for: the decoder's first is for clear prompts, the others are for ambiguous
 * ones.
 * @throws SamusError MODEL_OUTPUT if the decoder gave NaN or infinite values
 * @param logits of all objects [O, masks, lowRes, lowRes]
 * @param iou of all objects [O, masks]
 */
export function candidatesOf(
  config: ModelConfig,
  logits: Float32Array,
  iou: Float32Array,
  object: number,
  multimask: boolean,
): Candidate[] {
  const { lowRes, masks } = promptedOf(config).shapes(config);
  const size = lowRes ** 2;
  // A model with one mask gives it for an ambiguous prompt too.
  const ambiguous = multimask && masks > 1;
  const first = object * masks + (ambiguous ? 1 : 0);
  return Array.from({ length: ambiguous ? masks - 1 : 1 }, (_, i) => {
    const at = first + i;
    const lowResLogits = logits.slice(at * size, (at + 1) * size);
    const score = iou[at]!;
    if (Number.isFinite(score) && firstNotFinite(lowResLogits) < 0) return { score, lowResLogits };
    const hint = 'check the image, and whether the model works on others; a model that does not is damaged';
    throw new SamusError('MODEL_OUTPUT', 'expected a mask and a score of finite numbers, got NaN or infinity', hint);
  });
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
  const mask = imageMask(frame, best.lowResLogits);
  const result = { name, width, height, mask, ...extent(mask, width), ...best, candidates };
  return withLogits ? { ...result, logits: imageLogits(frame, best.lowResLogits) } : result;
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
