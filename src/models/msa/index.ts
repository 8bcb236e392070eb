/**
 * Medical SAM Adapter (Wu et al., arXiv:2304.12620) as its code for pictures is released: adapters in SAM's encoder, EfficientSAM's
 * transformer in the decoder. That code names the tables of relative positions and the decoder's MLP otherwise than SAM and loads
 * only equal names, so that a model started from SAM has zeros in the tables and draws the MLP.
 */
import { resizeNearest } from '../../graph/ops/resize.js';
import { concat, reshape, slice } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { maskLoss } from '../../nn/loss.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';
import type { Losses, PromptAnswer, PromptedArchitecture, ReferenceInput } from '../architecture.js';
import { POINT_LABEL } from '../imageFrame.js';
import { SAM_S } from '../sam/config.js';
import { fromSam } from '../sam/fromSam.js';
import { SAM } from '../sam/index.js';
import { SAM_DECODING, samDecoder } from '../sam/maskDecoder.js';
import {
  fromSamConfig,
  MSA_256,
  MSA_B,
  type MsaConfig,
  readConfig,
  recognise,
  referenceConfig,
  rules,
  tableInSam,
} from './config.js';
import { msaEncoder } from './imageEncoder.js';

export const MSA: PromptedArchitecture<MsaConfig> = {
  ...SAM_DECODING,
  id: 'msa',
  title: 'Medical SAM Adapter',
  presets: { 'msa-b': MSA_B, 'msa-256': MSA_256, 'msa-s': fromSamConfig(SAM_S) },
  readConfig,
  rules,
  recognise,

  /** From 0 to 1. */
  preprocessing: () => ({ channels: 3, fit: 'stretch', mean: [0, 0, 0], std: [255, 255, 255] }),

  shapes: (config) => ({ ...SAM_DECODING.shapes(config), masks: 1 }),

  encode(p, config, image) {
    return msaEncoder(p.at('image_encoder'), config, image);
  },

  /** The first of SAM's masks. */
  decoder(p, config, embedding) {
    const decode = samDecoder(p, config, embedding, 'efficient-sam');
    return (prompt) => {
      const { lowResLogits, iou } = decode(prompt);
      return { lowResLogits: slice(lowResLogits, 1, 0, 1), iou: slice(iou, 1, 0, 1) };
    };
  },

  published: {
    isTrained: (_, name) =>
      name.startsWith('mask_decoder.') || (name.startsWith('image_encoder.') && name.includes('Adapter')),
    // EfficientSAM's attention.
    initial(name, [outputs = 1, inputs = 1]) {
      const [, part, kind] = /^mask_decoder\.transformer\..*attn.*\.([qkv]|out)_proj\.(weight|bias)$/.exec(name) ?? [];
      if (kind === 'bias') return ZEROS;
      if (kind === undefined || part === 'out') return undefined;
      return { kind: 'uniform', bound: Math.sqrt(6 / (inputs + 3 * outputs)) };
    },
    targetSide: ({ outputSize }) => outputSize,
    loss: msaLoss,
    settings: { epochs: 100, batch: 32, learningRate: 1e-4, weightDecay: 0, augment: 'none' },
  },

  isQuantisable: (name) => SAM.isQuantisable?.(name) === true,

  startFrom: { sam: fromSam({ config: fromSamConfig, nameInSam: tableInSam }) },

  reference: {
    models: ['msa'],
    config: referenceConfig,
    outputs(p, config, given) {
      const { lowResLogits, iou } = answerOf(p, config, given);
      return { output: resizeNearest(lowResLogits, config.outputSize, config.outputSize), low_res: lowResLogits, iou };
    },
    losses: (p, config, given) => msaLoss(answerOf(p, config, given), given('target')),
    isStopped: (name) => name.startsWith('prompt_encoder.'),
  },
};

/** Binary cross-entropy in which the object counts twice, of masks enlarged to the target. @param target [B, 1, H, W] or [B, H, W] */
function msaLoss({ lowResLogits }: PromptAnswer, target: Tensor): Losses {
  const logits = resizeNearest(lowResLogits, target.size(-2), target.size(-1));
  return { loss: maskLoss(logits, reshape(target, logits.shape)).bce };
}

/** The answer to the clicks of a reference file, with SAM's padding point. */
function answerOf(p: Parameters, config: MsaConfig, given: ReferenceInput): PromptAnswer {
  const batch = given('labels').size(0);
  const side = 4 * config.tokenGrid;
  const filled = (value: number, ...shape: number[]): Tensor =>
    constant(float32(new Float32Array(shape.reduce((a, b) => a * b)).fill(value), shape));
  const prompt = {
    coords: concat([given('points'), filled(0, batch, 1, 2)], 1),
    labels: concat([given('labels'), filled(POINT_LABEL.notAPoint, batch, 1)], 1),
    mask: filled(0, batch, 1, side, side),
    hasMask: filled(0, batch),
  };
  return MSA.decoder(p, config, MSA.encode(p, config, given('input')))(prompt);
}
