/**
 * SAMUS (Lin et al., arXiv:2309.06824) as an architecture: SAM with adapters and a CNN branch, for ultrasound.
 */
import type { PromptedArchitecture } from '../architecture.js';
import { efficientNetLite0File } from '../backbone.js';
import { GREY_STRETCHED } from '../preprocessing.js';
import { ONE_MASK_TRAINING } from '../sam/index.js';
import { SAM_DECODING } from '../sam/maskDecoder.js';
import {
  readConfig,
  recognise,
  rules,
  SAMUS_B,
  SAMUS_S,
  SAMUS_S2,
  SAMUS_T,
  type SamusConfig,
  type SamusSizes,
} from './config.js';
import { isGlobalTable, SAMUS_FROM_SAM } from './fromSam.js';
import { samusEncoder } from './imageEncoder.js';

/** SAMUS's additions to SAM's image encoder, by name parts (SAMUS, models/segment_anything_samus). */
const ADDED = /^image_encoder\..*(?:cnn_embed|post_pos_embed|Adapter)/;

/**
 * The large products of the encoder's blocks hold nine tenths of its weights and arithmetic. The bottleneck adapters, the
 * CNN stem, the neck and the decoder stay float32: they are small and caused most of the error.
 */
const LARGE =
  /^image_encoder\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.lin[12]|Space_Adapter\.(q|k|v|proj)|refine_Adapter\.conv\.0)\.weight$/;

/** Its additions and the relative positions of the global blocks; prompt encoder and decoder are frozen. */
export function isTrainedBySamus(config: SamusSizes, name: string): boolean {
  return ADDED.test(name) || isGlobalTable(name, config);
}

/** The pretrained part of the CNN branch. */
const BACKBONE = 'image_encoder.cnn_embed.backbone.';

export const SAMUS: PromptedArchitecture<SamusConfig> = {
  ...SAM_DECODING,
  id: 'samus',
  title: 'SAMUS',
  presets: { 'samus-b': SAMUS_B, 'samus-s': SAMUS_S, 'samus-s2': SAMUS_S2, 'samus-t': SAMUS_T },
  readConfig,
  rules,
  recognise,

  preprocessing: () => GREY_STRETCHED,
  preprocessingSentence: 'grey, stretched to imageSize x imageSize, 0 to 1',

  encode(p, config, image) {
    return samusEncoder(p.at('image_encoder'), config, image);
  },

  published: {
    ...ONE_MASK_TRAINING,
    isTrained: isTrainedBySamus,
  },

  isQuantisable: (name) => LARGE.test(name),

  startFrom: { sam: SAMUS_FROM_SAM },

  backbones: [
    efficientNetLite0File<SamusConfig>(
      ({ cnn }) => cnn === 'efficientnet-lite0',
      (weight) => (weight.startsWith(BACKBONE) ? weight.slice(BACKBONE.length) : undefined),
    ),
  ],

  memory: [
    // One image 3.7, each further image 1.4, validation 1.5.
    { preset: 'samus-b', trained: 'published', rounds: 1, peaks: { 1: 5.2, 2: 6.6, 4: 9.4, 8: 15 } },
    { preset: 'samus-b', trained: 'all', rounds: 1, peaks: { 1: 6.2 } },
    // 1.5, validation 0.3.
    { preset: 'samus-s', trained: 'all', rounds: 3, peaks: { 8: 1.8 } },
  ],
};
