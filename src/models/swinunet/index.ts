/**
 * Swin-Unet (Cao et al., arXiv:2105.05537) by the names of HuCaoFighting/Swin-Unet: a U-Net whose levels are Swin blocks. The
 * skip connections are taken before each stage; both halves have the same number of blocks.
 */
import { concat, reshape, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { threeChannels } from '../../nn/blocks.js';
import { conv2d, layerNorm, linear } from '../../nn/layers.js';
import { classLoss } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import { imageOf, patchExpand, swinBlock, tokensOf } from '../../nn/transformer.js';
import type { ClassArchitecture } from '../architecture.js';
import { GREY_STRETCHED } from '../preprocessing.js';
import {
  PATCH,
  readConfig,
  recognise,
  referenceConfig,
  rules,
  STAGES,
  SWINUNET_B,
  SWINUNET_S,
  type SwinUnetConfig,
} from './config.js';

const EPSILON = 1e-5;
/** Of linear layers at the start. */
const DEVIATION = 0.02;
/** How often the last block of the encoder is left out in training; the rate rises linearly from 0. */
const DROP_PATH = 0.2;
const DICE_SHARE = 0.6;

export const SWINUNET: ClassArchitecture<SwinUnetConfig> = {
  id: 'swinunet',
  title: 'Swin-Unet',
  presets: { 'swinunet-b': SWINUNET_B, 'swinunet-s': SWINUNET_S },
  readConfig,
  rules,
  recognise,
  preprocessing: () => ({ ...GREY_STRETCHED, resize: 'cubic' }),

  describe({ width, depths, window, classes }) {
    return `${width} to ${width * 2 ** (STAGES - 1)} channels, ${depths.join(', ')} blocks, windows of ${window}, ${classes} classes`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(root, config, image) {
    const p = root.at('swin_unet');
    const { width, classes } = config;
    const patches = conv2d(p.at('patch_embed.proj'), threeChannels(image), width, { kernel: PATCH, stride: PATCH });
    const grids = Array.from({ length: STAGES }, (_, stage) => ({
      height: patches.size(2) / 2 ** stage,
      width: patches.size(3) / 2 ** stage,
    }));
    let x = p.mark('patch_embed', layerNorm(p.at('patch_embed.norm'), tokensOf(patches), EPSILON));
    const skips: Tensor[] = [];
    for (const [stage, grid] of grids.entries()) {
      skips.push(x);
      const layer = p.at(`layers.${stage}`);
      const labels = stage === 0 ? ['block0', 'block1_shifted'] : [];
      x = swinStage(layer, x, config, stage, grid, labels);
      if (stage < STAGES - 1) x = p.mark(`merge${stage}`, patchMerge(layer.at('downsample'), x, grid));
      else x = p.mark(`layer${stage}`, x);
    }
    x = p.mark('norm', layerNorm(p.at('norm'), x, EPSILON));

    for (let step = 0; step < STAGES; step++) {
      const stage = STAGES - 1 - step;
      const channels = width * 2 ** stage;
      const layer = p.at(`layers_up.${step}`);
      if (step > 0) {
        const both = concat([x, skips[stage]!], 2);
        const mixed = linear(p.at(`concat_back_dim.${step}`), both, channels, { deviation: DEVIATION });
        x = swinStage(layer, mixed, config, stage, grids[stage]!);
      }
      if (stage > 0) {
        const doubled = { ...grids[stage]!, factor: 2, outputs: channels / 2, deviation: DEVIATION };
        x = patchExpand(step === 0 ? layer : layer.at('upsample'), x, doubled);
      }
      x = p.mark(step === 0 ? 'expand0' : `up${step}`, x);
    }
    x = p.mark('norm_up', layerNorm(p.at('norm_up'), x, EPSILON));
    const whole = { ...grids[0]!, factor: PATCH, outputs: width, deviation: DEVIATION };
    const pixels = p.mark('final_expand', patchExpand(p.at('up'), x, whole));
    const map = imageOf(pixels, image.size(2), image.size(3));
    return { logits: conv2d(p.at('output'), map, classes, { kernel: 1, bias: false }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => classLoss(logits, target, DICE_SHARE),
    settings: {
      epochs: 150,
      batch: 24,
      optimizer: 'sgd',
      learningRate: 0.05,
      weightDecay: 1e-4,
      augment: 'synapse',
      momentum: 0.9,
      schedule: 'polynomial',
    },
  },

  /** Tables that follow from the side of the windows. */
  isDerived: (name) => /\.(relative_position_index|attn_mask)$/.test(name),

  backbones: [
    {
      title: 'Swin-T',
      mark: 'layers.0.blocks.0.attn.relative_position_bias_table',
      nameOf: nameInSwin,
      // Tables of windows of another side stay random.
      shaped: (tensor, { name, shape }) =>
        name.endsWith('_bias_table') && tensor.shape.join() !== shape.join() ? undefined : tensor,
    },
  ],

  reference: { models: ['swinunet'], config: referenceConfig },
};

/** The encoder's weights, and again those of the same stage for the blocks of the decoder. */
function nameInSwin(weight: string): string | undefined {
  const name = weight.replace(/^swin_unet\./, '');
  const [, step, block] = /^layers_up\.([1-3])\.(blocks\..*)$/.exec(name) ?? [];
  if (step !== undefined) return `layers.${STAGES - 1 - Number(step)}.${block}`;
  return /^(patch_embed|layers|norm)\./.test(name) ? name : undefined;
}

interface Grid {
  readonly height: number;
  readonly width: number;
}

/** The blocks of a stage; every second one shifts its windows. @param labels of the results of the first blocks */
function swinStage(
  p: Parameters,
  tokens: Tensor,
  { width, depths, heads, window }: SwinUnetConfig,
  stage: number,
  grid: Grid,
  labels: readonly string[] = [],
): Tensor {
  const before = depths.slice(0, stage).reduce((sum, depth) => sum + depth, 0);
  const last = depths.reduce((sum, depth) => sum + depth, 0) - 1;
  let x = tokens;
  for (let i = 0; i < depths[stage]!; i++) {
    x = swinBlock(p.at(`blocks.${i}`), x, {
      ...grid,
      heads: heads[stage]!,
      hidden: 4 * width * 2 ** stage,
      window,
      shifted: i % 2 === 1,
      epsilon: EPSILON,
      deviation: DEVIATION,
      dropPath: last === 0 ? 0 : (DROP_PATH * (before + i)) / last,
    });
    const label = labels[i];
    if (label) p.mark(label, x);
  }
  return x;
}

/** Four tokens become one of twice the width. @param x [B, height·width, C] @returns [B, height·width / 4, 2·C] */
function patchMerge(p: Parameters, x: Tensor, { height, width }: Grid): Tensor {
  const channels = x.size(-1);
  const pairs = reshape(x, [x.shape[0], height / 2, 2, width / 2, 2, channels]);
  // Columns first: the pixels (0, 0), (1, 0), (0, 1), (1, 1) as (row, column).
  const fours = reshape(transpose(pairs, [0, 1, 3, 4, 2, 5]), [x.shape[0], -1, 4 * channels]);
  const normed = layerNorm(p.at('norm'), fours, EPSILON);
  return linear(p.at('reduction'), normed, 2 * channels, { bias: false, deviation: DEVIATION });
}
