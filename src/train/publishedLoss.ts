/**
 * The loss that SAMUS publishes: one prompt, mask 0 at low resolution, Dice summed over the batch.
 */
import { slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { maskLoss } from './loss.js';
import type { Decode, PromptInputs } from './promptedDecoder.js';

/** @param target 0 or 1, [B, 1, 4g, 4g] @returns scalars by name */
export function publishedLoss(
  decode: Decode,
  prompt: PromptInputs,
  target: Tensor,
): { loss: Tensor; bce: Tensor; dice: Tensor } {
  const { total, bce, dice } = maskLoss(slice(decode(prompt).lowResLogits, 1, 0, 1), target);
  return { loss: total, bce, dice };
}
