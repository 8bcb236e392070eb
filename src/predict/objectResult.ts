/**
 * The decoder's result for one object at the size of the image: mask, area, box.
 */
import { SamusError } from '../errors.js';
import { extentOf, type Mask } from '../formats/mask.js';
import { type CleaningPrompt, cleanMask, partsOf } from '../formats/maskRegions.js';
import { firstNotFinite } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { type ImageFrame, imageLogits, imageMask } from '../models/imageFrame.js';
import { promptedOf } from '../models/registry.js';
import type { Candidate, ObjectResult } from './types.js';

/**
 * The requested masks of one object: the decoder's first for a clear prompt, the others for an ambiguous one.
 * @throws SamusError MODEL_OUTPUT if the decoder returns NaN or infinite values
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
  // A model with one mask uses it for ambiguous prompts too.
  const ambiguous = multimask && masks > 1;
  const first = object * masks + (ambiguous ? 1 : 0);
  return Array.from({ length: ambiguous ? masks - 1 : 1 }, (_, i) => {
    const at = first + i;
    const lowResLogits = logits.slice(at * size, (at + 1) * size);
    const score = iou[at]!;
    if (Number.isFinite(score) && firstNotFinite(lowResLogits) < 0) return { score, lowResLogits };
    const hint = 'try another image; if that fails too, the model is damaged';
    throw new SamusError('MODEL_OUTPUT', 'expected a mask and a score of finite numbers, got NaN or infinity', hint);
  });
}

/**
 * The result of the candidate with the best predicted IoU.
 * @param prompt the prompt for cleaning; undefined leaves the mask unchanged
 */
export function objectResult(
  frame: ImageFrame,
  name: string,
  candidates: readonly Candidate[],
  { prompt, logits = false }: { readonly prompt?: CleaningPrompt; readonly logits?: boolean } = {},
): ObjectResult {
  const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
  const { width, height } = frame;
  const raw = { width, height, data: imageMask(frame, best.lowResLogits) };
  const result = { name, ...maskFields(prompt ? cleanMask(raw, prompt) : raw), ...best, candidates };
  return logits ? { ...result, logits: imageLogits(frame, best.lowResLogits) } : result;
}

/** A mask in the form of results. */
export function maskFields(mask: Mask): Pick<ObjectResult, 'width' | 'height' | 'mask' | 'area' | 'box' | 'parts'> {
  const { width, height, data } = mask;
  return { width, height, mask: data, ...extentOf(data, width), parts: partsOf(mask).sizes.length };
}
