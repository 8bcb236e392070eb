/**
 * Common parts of the architectures with SAM's prompt encoder and mask decoder: the prompts they take, the decoder, and
 * the training on its first mask.
 */
import { slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { maskLoss } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { Losses, PromptAnswer, PromptedArchitecture, PromptInputs } from '../architecture.js';
import type { SamSizes } from './config.js';
import { MASKS, maskDecoder } from './maskDecoder.js';
import { densePositions, densePrompts, sparsePrompts } from './promptEncoder.js';
import type { TwoWayVariant } from './twoWayTransformer.js';

type Decoding = Pick<PromptedArchitecture<SamSizes>, 'task' | 'prompts' | 'shapes' | 'decoder' | 'describe'>;

export const SAM_DECODING: Decoding = {
  task: 'prompted',
  prompts: ['points', 'box', 'mask'],

  shapes({ promptDim, tokenGrid: grid }) {
    return { embedding: [promptDim, grid, grid], lowRes: 4 * grid, masks: MASKS };
  },

  decoder: (parameters, config, embedding) => samDecoder(parameters, config, embedding),

  describe({ tokenGrid: grid, dim, depth }) {
    return `${grid} x ${grid} tokens of ${dim}, ${depth} blocks`;
  },
};

/** Answers prompts with SAM's prompt encoder and mask decoder. */
export function samDecoder(
  parameters: Parameters,
  config: SamSizes,
  embedding: Tensor,
  variant: TwoWayVariant = 'sam',
): (prompt: PromptInputs) => PromptAnswer {
  const p = parameters.at('prompt_encoder');
  const positions = densePositions(p, config);
  return ({ coords, labels, mask, hasMask, bias }) =>
    maskDecoder(parameters.at('mask_decoder'), config, {
      embedding,
      positions,
      sparse: p.mark('sparse', sparsePrompts(p, config, coords, labels)),
      dense: densePrompts(p, config, mask, hasMask),
      ...(bias && { sparseBias: bias }),
      variant,
    });
}

/** Training on mask 0 alone, as SAMUS's authors train both models (train.py of SAMUS and its options). */
export const ONE_MASK_TRAINING = {
  /** Low-resolution logits are compared with the nearest pixels of the label. */
  targetSide: ({ tokenGrid }: SamSizes): number => 4 * tokenGrid,

  /** Mask 0 alone, Dice summed over the batch. */
  loss({ lowResLogits }: PromptAnswer, target: Tensor): Losses {
    const { total, bce, dice } = maskLoss(slice(lowResLogits, 1, 0, 1), target);
    return { loss: total, bce, dice };
  },

  settings: { epochs: 200, batch: 8, learningRate: 5e-4, weightDecay: 0.1 },
};
