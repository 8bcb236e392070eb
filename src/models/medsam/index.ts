/**
 * MedSAM (Ma et al., arXiv:2304.12306): SAM without a change to the network, trained on medical images with boxes. Encoder and
 * decoder are trained, at the size of the image; the prompt encoder stays.
 */
import { add, sigmoid, sub } from '../../graph/ops/elementwise.js';
import { mean } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { reshape, slice } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { binaryCrossEntropy, softDice } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { Losses, PromptAnswer, PromptedArchitecture, ReferenceInput } from '../architecture.js';
import { POINT_LABEL } from '../imageFrame.js';
import {
  patchRules,
  readSizes,
  referenceSizes,
  SAM_S,
  SAM_VIT_B,
  type SamConfig,
  type SamSizes,
  sizeRules,
} from '../sam/config.js';
import { fromSam } from '../sam/fromSam.js';
import { imageEncoder } from '../sam/imageEncoder.js';
import { SAM } from '../sam/index.js';
import { SAM_DECODING } from '../sam/maskDecoder.js';

interface MedSamConfig extends SamSizes {
  readonly architecture: 'medsam';
}

/** The sizes of a SAM. */
function ofSam(sam: SamConfig): MedSamConfig {
  return { ...sam, architecture: 'medsam' };
}

/** Keeps the Dice of two empty masks at one. */
const SMOOTH = 1e-5;

export const MEDSAM: PromptedArchitecture<MedSamConfig> = {
  ...SAM_DECODING,
  id: 'medsam',
  title: 'MedSAM',
  presets: { 'medsam-b': ofSam(SAM_VIT_B), 'medsam-s': ofSam(SAM_S) },

  readConfig(fields) {
    return { architecture: 'medsam', ...readSizes(fields) };
  },

  rules: (config) => [...sizeRules(config), ...patchRules(config)],

  // SAM's names and shapes: only config.json distinguishes them.
  recognise: () => undefined,
  recognisedAs: 'sam',

  /** Levels clipped to percentiles, the resized image stretched to 0 to 1, without SAM's mean and deviation. */
  preprocessing: () => ({
    channels: 3,
    fit: 'stretch',
    mean: [0, 0, 0],
    std: [255, 255, 255],
    levels: 'stretched',
    resize: 'cubic-smooth',
    percentiles: [0.5, 99.5],
    points: 'corner',
  }),

  encode(p, config, image) {
    return imageEncoder(p.at('image_encoder'), config, image);
  },

  published: {
    isTrained: (_, name) => !name.startsWith('prompt_encoder.'),
    targetSide: ({ imageSize }) => imageSize,
    loss: medSamLoss,
    settings: {
      epochs: 1000,
      batch: 2,
      learningRate: 1e-4,
      weightDecay: 0.01,
      augment: 'none',
      optimizer: 'adamw',
      boxGrowth: 20,
    },
  },

  isQuantisable: (name) => SAM.isQuantisable?.(name) === true,

  startFrom: {
    sam: fromSam({ config: ofSam }),
  },

  reference: {
    models: ['medsam'],
    config: (fields, tensors) => ({ architecture: 'medsam', ...referenceSizes(fields, tensors) }),
    outputs(p, config, given) {
      const { lowResLogits, iou } = answerOf(p, config, given);
      const low = slice(lowResLogits, 1, 0, 1);
      return {
        output: resizeBilinear(low, config.imageSize, config.imageSize),
        low_res: low,
        iou: slice(iou, 1, 0, 1),
      };
    },
    losses: (p, config, given) => medSamLoss(answerOf(p, config, given), given('target')),
  },
};

/** The answer to one box for each image of a reference file. */
function answerOf(p: Parameters, config: MedSamConfig, given: ReferenceInput): PromptAnswer {
  const boxes = given('boxes');
  const batch = boxes.size(0);
  const side = 4 * config.tokenGrid;
  const { boxTopLeft, boxBottomRight } = POINT_LABEL;
  const corners = Array.from({ length: batch }, () => [boxTopLeft, boxBottomRight]).flat();
  const prompt = {
    coords: reshape(boxes, [batch, 2, 2]),
    labels: constant(float32(corners, [batch, 2])),
    mask: constant(float32(new Float32Array(batch * side * side), [batch, 1, side, side])),
    hasMask: constant(float32(new Float32Array(batch), [batch])),
  };
  return MEDSAM.decoder(p, config, MEDSAM.encode(p, config, given('input')))(prompt);
}

/**
 * Binary cross-entropy and the Dice of each image, at the size of the target.
 * @param target 0 or 1, [B, 1, H, W] or [B, H, W]
 */
function medSamLoss({ lowResLogits }: PromptAnswer, target: Tensor): Losses {
  const [height, width] = [target.size(-2), target.size(-1)];
  const logits = resizeBilinear(slice(lowResLogits, 1, 0, 1), height, width);
  const truth = reshape(target, logits.shape);
  const ofImage = { axes: [1, 2, 3], precise: true, squared: true, smooth: SMOOTH };
  const dice = mean(sub(1, softDice(sigmoid(logits), truth, ofImage)));
  const bce = binaryCrossEntropy(logits, truth);
  return { loss: add(dice, bce), bce, dice };
}
