/**
 * SAM (Kirillov et al., Segment Anything, 2023, arXiv:2304.02643) as an architecture, and the training on one mask that
 * SAMUS's authors use for it and for SAMUS. maskDecoder.ts is the decoder that models built on SAM share.
 */
import { slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { maskLoss } from '../../nn/loss.js';
import type { Losses, PromptAnswer, PromptedArchitecture } from '../architecture.js';
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
import { imageEncoder } from './imageEncoder.js';
import { SAM_DECODING } from './maskDecoder.js';

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
