/**
 * The decoder as training uses it: many prompts on the embeddings of one batch, one prompt for each image.
 */
import type { Tensor } from '../graph/tensor.js';
import type { ModelConfig } from '../models/config.js';
import { type DecoderOutputs, maskDecoder } from '../models/maskDecoder.js';
import { densePositions, densePrompts, sparsePrompts } from '../models/promptEncoder.js';
import type { Parameters } from '../nn/parameters.js';

export interface PromptInputs {
  /** [B, N, 2] */
  readonly coords: Tensor;
  /** [B, N] */
  readonly labels: Tensor;
  /** [B, 1, 4g, 4g] */
  readonly mask: Tensor;
  /** [B] */
  readonly hasMask: Tensor;
}

export type Decode = (prompt: PromptInputs) => DecoderOutputs;

/** @param embedding [B, promptDim, g, g] */
export function promptedDecoder(parameters: Parameters, config: ModelConfig, embedding: Tensor): Decode {
  const p = parameters.at('prompt_encoder');
  const positions = densePositions(p, config);
  return ({ coords, labels, mask, hasMask }) =>
    maskDecoder(parameters.at('mask_decoder'), config, {
      embedding,
      positions,
      sparse: sparsePrompts(p, config, coords, labels),
      dense: densePrompts(p, config, mask, hasMask),
    });
}
