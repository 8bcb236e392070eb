/**
 * SAM (Kirillov et al., Segment Anything, 2023, arXiv:2304.02643) as an architecture, and its parts that architectures
 * with SAM's prompt encoder and mask decoder share: the prompts they take, the decoder, and the training on its first
 * mask.
 */
import { slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { maskLoss } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { Losses, PromptAnswer, PromptedArchitecture, PromptInputs } from '../architecture.js';
import {
  hasSamParts,
  patchRules,
  readSizes,
  recogniseSam,
  SAM_PREPROCESSING,
  SAM_S,
  SAM_VIT_B,
  SAM_VIT_H,
  SAM_VIT_L,
  type SamConfig,
  type SamSizes,
  sizeRules,
} from './config.js';
import { DETAIL_CHANNELS, unpackedDetail } from './detailMaps.js';
import { imageEncoder } from './imageEncoder.js';
import { MASKS, maskDecoder } from './maskDecoder.js';
import { densePositions, densePrompts, sparsePrompts } from './promptEncoder.js';
import type { TwoWayVariant } from './twoWayTransformer.js';

type Decoding = Pick<PromptedArchitecture<SamSizes>, 'task' | 'prompts' | 'shapes' | 'decoder' | 'describe'>;

export const SAM_DECODING: Decoding = {
  task: 'prompted',
  prompts: ['points', 'box', 'mask'],

  shapes({ promptDim, tokenGrid: grid, detail }) {
    return { embedding: [promptDim + (detail ? DETAIL_CHANNELS : 0), grid, grid], lowRes: 4 * grid, masks: MASKS };
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
  const decoder = parameters.at('mask_decoder');
  const parts = config.detail ? unpackedDetail(decoder, embedding, config.promptDim, config.tokenGrid) : { embedding };
  return ({ coords, labels, mask, hasMask, bias }) =>
    maskDecoder(decoder, config, {
      ...parts,
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
  loss: ({ lowResLogits }: PromptAnswer, target: Tensor): Losses => maskLoss(slice(lowResLogits, 1, 0, 1), target),

  settings: { epochs: 200, batch: 8, learningRate: 5e-4, weightDecay: 0.1 },
};

/** The large products of the encoder's blocks hold nine tenths of its weights and arithmetic. */
const LARGE = /^image_encoder\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.lin[12])\.weight$/;

export const SAM: PromptedArchitecture<SamConfig> = {
  ...SAM_DECODING,
  id: 'sam',
  title: 'SAM',
  presets: { 'sam-b': SAM_VIT_B, 'sam-l': SAM_VIT_L, 'sam-h': SAM_VIT_H, 'sam-s': SAM_S },

  readConfig(fields) {
    return { architecture: 'sam', ...readSizes(fields) };
  },

  rules(config) {
    return [...sizeRules(config), ...patchRules(config)];
  },

  recognise(tensors) {
    return hasSamParts(tensors) ? { architecture: 'sam', ...recogniseSam(tensors) } : undefined;
  },

  preprocessing: () => SAM_PREPROCESSING,
  preprocessingSentence: 'rgb, longest side to imageSize, normalised, padded',

  encode(p, config, image) {
    return imageEncoder(p.at('image_encoder'), config, image);
  },

  published: {
    ...ONE_MASK_TRAINING,
    /** As SAMUS's authors compare it: the decoder. */
    isTrained: (_, name) => name.startsWith('mask_decoder.'),
  },

  isQuantisable: (name) => LARGE.test(name),

  // 9.8, validation 2.9.
  memory: [{ preset: 'sam-b', trained: 'all', rounds: 1, peaks: { 1: 12.7 } }],
};
