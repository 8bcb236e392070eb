/**
 * SAM-Adapter (Chen et al., arXiv:2304.09148): SAM without prompts of a user. What the encoder needs to know of the task is
 * added to its blocks as prompts that it makes of the image.
 */
import { add, div, mul, sigmoid, sub } from '../../graph/ops/elementwise.js';
import { mean, sum } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { reshape, slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { binaryCrossEntropy } from '../../nn/loss.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';
import type { ClassArchitecture, ClassOutputs, Losses } from '../architecture.js';
import { shapeOf } from '../configFields.js';
import { IMAGENET_STRETCHED } from '../preprocessing.js';
import {
  patchRules,
  readSizes,
  recogniseSam,
  referenceSizes,
  SAM_S,
  SAM_VIT_B,
  type SamConfig,
  type SamSizes,
  sizeRules,
} from '../sam/config.js';
import { fromSam } from '../sam/fromSam.js';
import { maskDecoder } from '../sam/maskDecoder.js';
import { densePositions, noMask } from '../sam/promptEncoder.js';
import { samAdapterEncoder } from './imageEncoder.js';

export interface SamAdapterConfig extends SamSizes {
  readonly architecture: 'samadapter';
  /** Width of the prompts before the layer that all blocks share. */
  readonly hidden: number;
}

/** Of SAM's width. */
const HIDDEN_SHARE = 32;

export const SAM_ADAPTER_B: SamAdapterConfig = ofSam(SAM_VIT_B);

/** The sizes of a SAM. */
function ofSam(sam: SamConfig): SamAdapterConfig {
  return { ...sam, architecture: 'samadapter', hidden: Math.max(1, Math.floor(sam.dim / HIDDEN_SHARE)) };
}

export const SAM_ADAPTER: ClassArchitecture<SamAdapterConfig> = {
  id: 'samadapter',
  title: 'SAM-Adapter',
  presets: {
    'samadapter-b': SAM_ADAPTER_B,
    'samadapter-256': { ...SAM_ADAPTER_B, imageSize: 256, tokenGrid: 16 },
    'samadapter-s': ofSam(SAM_S),
  },

  readConfig(fields) {
    return { architecture: 'samadapter', ...readSizes(fields), hidden: fields.whole('hidden', 8192) };
  },

  rules: (config) => [
    ...sizeRules(config),
    ...patchRules(config),
    { field: 'imageSize', holds: config.imageSize % 4 === 0, rule: 'must be a multiple of 4' },
  ],

  recognise(tensors) {
    const shared = 'image_encoder.prompt_generator.shared_mlp.weight';
    if (!tensors.has(shared)) return undefined;
    const [, hidden = 0] = shapeOf(tensors, shared, 2);
    return { architecture: 'samadapter', ...recogniseSam(tensors), hidden };
  },

  /** RGB by the mean and deviation of ImageNet, as SAM's; stretched over the square. */
  preprocessing: () => IMAGENET_STRETCHED,

  describe({ tokenGrid: grid, dim, depth, hidden }) {
    return `${grid} x ${grid} tokens of ${dim}, ${depth} blocks, prompts of ${hidden}`;
  },

  task: 'classes',
  classes: () => 2,
  forward: samAdapter,

  published: {
    isTrained: (_, name) => !name.startsWith('image_encoder.') || name.includes('.prompt_generator.'),
    initial(name, shape) {
      if (!name.includes('.prompt_generator.')) return undefined;
      if (shape.length === 1) return ZEROS;
      const [outputs = 1, , ...kernel] = shape;
      const deviation = shape.length === 2 ? 0.02 : Math.sqrt(2 / kernel.reduce((a, b) => a * b, outputs));
      return { kind: 'normal', deviation };
    },
    targetSide: ({ imageSize }) => imageSize,
    loss: samAdapterLoss,
    settings: {
      epochs: 20,
      batch: 2,
      learningRate: 2e-4,
      weightDecay: 0.01,
      augment: 'mirror',
      optimizer: 'adamw',
      schedule: 'cosine',
      lowestRate: 1e-7,
    },
  },

  startFrom: {
    sam: fromSam({ config: ofSam }),
  },

  reference: {
    models: ['samadapter'],
    config: (fields, tensors) => ({
      architecture: 'samadapter',
      ...referenceSizes(fields, tensors),
      hidden: Math.floor(fields.whole('embed', 8192) / fields.whole('scale_factor', 8192)),
    }),
  },
};

/** The first of SAM's masks, at the size of the image. The positions and the "no mask" are its own, SAM's are named otherwise. */
function samAdapter(p: Parameters, config: SamAdapterConfig, image: Tensor): ClassOutputs {
  const { lowResLogits } = maskDecoder(p.at('mask_decoder'), config, {
    embedding: samAdapterEncoder(p.at('image_encoder'), config, config.hidden, image),
    positions: densePositions(p, config),
    dense: noMask(p, config),
    scored: false,
  });
  return { logits: resizeBilinear(slice(lowResLogits, 1, 0, 1), config.imageSize, config.imageSize) };
}

/** Binary cross-entropy and the IoU of each image, without smoothing. @param target 0 or 1, [B, H, W] */
function samAdapterLoss({ logits }: ClassOutputs, target: Tensor): Losses {
  const truth = reshape(target, logits.shape);
  const p = sigmoid(logits);
  const ofImage = { axes: [1, 2, 3], precise: true };
  const overlap = sum(mul(p, truth), ofImage);
  const union = sub(add(sum(p, ofImage), sum(truth, ofImage)), overlap);
  const iou = mean(sub(1, div(overlap, union)));
  const bce = binaryCrossEntropy(logits, truth);
  return { loss: add(bce, iou), bce, iou };
}
