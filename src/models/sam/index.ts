/**
 * SAM (Kirillov et al., Segment Anything, 2023, arXiv:2304.02643) as an architecture.
 */
import type { PromptedArchitecture } from '../architecture.js';
import {
  hasSamParts,
  patchRules,
  readSizes,
  recogniseSam,
  SAM_PREPROCESSING,
  SAM_VIT_B,
  SAM_VIT_H,
  SAM_VIT_L,
  type SamConfig,
  sizeRules,
} from './config.js';
import { imageEncoder } from './imageEncoder.js';
import { ONE_MASK_TRAINING, SAM_DECODING } from './prompted.js';

/** The large products of the encoder's blocks hold nine tenths of its weights and arithmetic. */
const LARGE = /^image_encoder\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.lin[12])\.weight$/;

export const SAM: PromptedArchitecture<SamConfig> = {
  ...SAM_DECODING,
  id: 'sam',
  title: 'SAM',
  presets: { 'sam-b': SAM_VIT_B, 'sam-l': SAM_VIT_L, 'sam-h': SAM_VIT_H },

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
