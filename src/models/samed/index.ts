/**
 * SAMed (Zhang and Liu, arXiv:2304.13785): SAM whose encoder is adapted by low-rank products (LoRA) and whose decoder gives a map
 * for each class, without prompts.
 */
import { add } from '../../graph/ops/elementwise.js';
import { linear as project } from '../../graph/ops/matrix.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, pad } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32, type Shapes } from '../../graph/tensorData.js';
import { linear } from '../../nn/layers.js';
import { classLoss } from '../../nn/loss.js';
import { fanIn, type Parameters, ZEROS } from '../../nn/parameters.js';
import type { ClassArchitecture, ClassOutputs } from '../architecture.js';
import { shapeOf } from '../configFields.js';
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
import { imageEncoder } from '../sam/imageEncoder.js';
import { maskDecoder } from '../sam/maskDecoder.js';
import { declarePrompts, densePositions, noMask } from '../sam/promptEncoder.js';

export interface SamedConfig extends SamSizes {
  readonly architecture: 'samed';
  /** Maps of the output, the background included. */
  readonly classes: number;
  /** Of the low-rank products. */
  readonly rank: number;
}

export const SAMED_B: SamedConfig = {
  ...SAM_VIT_B,
  architecture: 'samed',
  imageSize: 512,
  tokenGrid: 32,
  classes: 2,
  rank: 4,
};

/** Half of a SAM's image and grid. */
function ofSam(sam: SamConfig): SamedConfig {
  const { classes, rank } = SAMED_B;
  const half = { imageSize: sam.imageSize / 2, tokenGrid: sam.tokenGrid / 2 };
  return { ...sam, ...half, architecture: 'samed', classes, rank };
}

/** What the authors' wrapper around SAM puts before all names. */
const PREFIX = 'sam.';
const DICE_SHARE = 0.8;

export const SAMED: ClassArchitecture<SamedConfig> = {
  id: 'samed',
  title: 'SAMed',
  presets: { 'samed-b': SAMED_B, 'samed-256': { ...SAMED_B, imageSize: 256, tokenGrid: 16 }, 'samed-s': ofSam(SAM_S) },

  readConfig(fields) {
    const sizes = readSizes(fields);
    return { architecture: 'samed', ...sizes, classes: fields.whole('classes', 256), rank: fields.whole('rank', 256) };
  },

  rules: (config) => [
    ...sizeRules(config),
    ...patchRules(config),
    { field: 'classes', holds: config.classes >= 2, rule: 'must be 2 at least: the background counts' },
  ],

  recognise(tensors) {
    const plain: Shapes = new Map([...tensors].map(([name, tensor]) => [nameInSam(name), tensor]));
    const first = `${PREFIX}image_encoder.blocks.0.attn.qkv.linear_a_q.weight`;
    if (!tensors.has(first)) return undefined;
    const [rank = 0] = shapeOf(tensors, first, 2);
    const [classes = 0] = shapeOf(tensors, `${PREFIX}mask_decoder.mask_tokens.weight`, 2);
    return { architecture: 'samed', ...recogniseSam(plain), classes, rank };
  },

  namePrefix: PREFIX,

  /** Grey from 0 to 1, three times. */
  preprocessing: () => ({
    channels: 3,
    colour: 'grey',
    fit: 'stretch',
    resize: 'cubic',
    mean: [0, 0, 0],
    std: [255, 255, 255],
  }),

  describe({ tokenGrid: grid, dim, depth, classes }) {
    return `${grid} x ${grid} tokens of ${dim}, ${depth} blocks, ${classes} classes`;
  },

  task: 'classes',
  classes: ({ classes }) => classes,
  forward: (p, config, image) => samed(p, config, image),

  published: {
    isTrained: (_, name) => !name.startsWith(`${PREFIX}image_encoder.`) || name.includes('.linear_'),
    targetSide: ({ tokenGrid }) => 4 * tokenGrid,
    // At the decoder's size: the target is [B, 4·tokenGrid, 4·tokenGrid].
    loss: ({ lowRes, logits }, target) => classLoss(lowRes ?? logits, target, DICE_SHARE),
    settings: {
      epochs: 200,
      batch: 12,
      learningRate: 0.005,
      weightDecay: 0.1,
      augment: 'synapse',
      optimizer: 'adamw',
      schedule: 'polynomial',
      warmup: 250,
    },
  },

  startFrom: {
    sam: fromSam({
      config: ofSam,
      nameInSam,
      // For another number of masks.
      isDrawn: (name) => /mask_decoder\.(mask_tokens|output_hypernetworks_mlps|iou_prediction_head)\./.test(name),
    }),
  },

  partial: {
    mark: 'w_a_000',
    nameOf: nameOfTrained,
    config(start, tensors) {
      const [rank = 0] = shapeOf(tensors, 'w_a_000', 2);
      const [classes = 0] = shapeOf(tensors, 'mask_decoder.mask_tokens.weight', 2);
      return { ...start, rank, classes };
    },
  },

  reference: {
    models: ['samed'],
    config: (fields, tensors) => ({
      architecture: 'samed',
      ...referenceSizes(fields, tensors),
      classes: fields.whole('classes', 255) + 1,
      rank: fields.whole('rank', 256),
    }),
    outputs(p, config, given) {
      const { logits, lowRes, scores } = samed(p, config, given('input'));
      return { output: lowRes, masks: logits, iou: scores };
    },
  },
};

/** The authors save the products by number: w_a_000 and w_b_000 of the queries of block 0, 001 of its values, and so on. */
function nameOfTrained(tensor: string): string {
  const [, side, digits] = /^w_([ab])_(\d+)$/.exec(tensor) ?? [];
  if (side === undefined) return PREFIX + tensor;
  const number = Number(digits);
  const block = `${PREFIX}image_encoder.blocks.${Math.floor(number / 2)}`;
  return `${block}.attn.qkv.linear_${side}_${number % 2 === 0 ? 'q' : 'v'}.weight`;
}

/** SAM's name of a weight, where SAM has it. */
function nameInSam(name: string): string {
  return name.replace(PREFIX, '').replace('.attn.qkv.qkv.', '.attn.qkv.');
}

interface SamedOutputs extends ClassOutputs {
  /** Logits [B, classes, 4·tokenGrid, 4·tokenGrid] */
  readonly lowRes: Tensor;
  /** Predicted IoU of each map, which no loss reaches. */
  readonly scores: Tensor;
}

function samed(parameters: Parameters, config: SamedConfig, image: Tensor): SamedOutputs {
  const p = parameters.at(PREFIX.slice(0, -1));
  const prompts = p.at('prompt_encoder');
  const { lowResLogits: lowRes, iou: scores } = maskDecoder(p.at('mask_decoder'), config, {
    embedding: imageEncoder(p.at('image_encoder'), config, image, {
      project: (at, x) => lowRankProjection(at, x, config.rank),
    }),
    positions: densePositions(prompts, config),
    dense: noMask(prompts, config),
    scored: false,
    masks: config.classes,
  });
  declarePrompts(p.unused('prompt_encoder'), config);
  return { logits: resizeBilinear(lowRes, config.imageSize, config.imageSize), lowRes, scores };
}

/** Queries, keys and values, of which the queries and the values have a low-rank product added. @param x [N, C] @returns [N, 3·C] */
function lowRankProjection(p: Parameters, x: Tensor, rank: number): Tensor {
  const width = x.size(-1);
  const down = (name: string) => p.at(name).get('weight', [rank, width], fanIn(width));
  const up = (name: string) => p.at(name).get('weight', [width, rank], ZEROS);
  const narrow = project(x, concat([down('linear_a_q'), down('linear_a_v')], 0));
  const keys = constant(float32(new Float32Array(width * 2 * rank), [width, 2 * rank]));
  const wide = concat([pad(up('linear_b_q'), 1, 0, rank), keys, pad(up('linear_b_v'), 1, rank, 0)], 0);
  return add(linear(p.at('qkv'), x, 3 * width), project(narrow, wide));
}
