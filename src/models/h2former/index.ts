/**
 * H2Former (He et al., IEEE TMI 2023) by the names of NKUhealong/H2Former: at each of four sizes residual blocks, maps of patches of
 * several sizes, and Swin blocks; then the decoder of U-Net without a skip connection at full size.
 */
import {
  type AugmentRecipe,
  elastic,
  flipX,
  flipY,
  half,
  move,
  sharpen,
  zoomAndCrop,
} from '../../data/augmentSteps.js';
import { conv2d as convolve } from '../../graph/ops/convolution.js';
import { add, mul, sigmoid, sub } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { mean, softmax } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, reshape, slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNormRelu } from '../../nn/blocks.js';
import { conv2d, convTranspose2d, layerNorm } from '../../nn/layers.js';
import { classLoss } from '../../nn/loss.js';
import { fanIn, type Parameters } from '../../nn/parameters.js';
import { resnetLayer, resnetStem } from '../../nn/resnet.js';
import { imageOf, mlp, swinBlock, tokensOf } from '../../nn/transformer.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import { resnet34 } from '../backbone.js';
import {
  H2FORMER_B,
  H2FORMER_S,
  type H2formerConfig,
  readConfig,
  recognise,
  referenceConfig,
  rules,
  WINDOW_SCALE,
} from './config.js';

const EPSILON = 1e-5;
/** How often the last transformer block is left out in training; the rate rises linearly from 0. */
const DROP_PATH = 0.1;
/** Sides of the first patches, of stride 2, and the share of the channels that each has. */
const PATCHES = [
  { kernel: 2, share: 1 / 2 },
  { kernel: 4, share: 1 / 4 },
  { kernel: 8, share: 1 / 8 },
  { kernel: 16, share: 1 / 8 },
];

const AUGMENTATION: AugmentRecipe = {
  choose: 'shuffled',
  steps: [sharpen, elastic(50, 5, 512), move({ degrees: 45 }), half(flipX), half(flipY), zoomAndCrop(1, 1 / 0.9)],
};

export const H2FORMER: ClassArchitecture<H2formerConfig> = {
  id: 'h2former',
  title: 'H2Former',
  presets: { 'h2former-b': H2FORMER_B, 'h2former-s': H2FORMER_S },
  readConfig,
  rules,
  recognise,

  /** Levels as stored. The released class has a fourth channel, which its scripts do not feed. */
  preprocessing: () => ({ channels: 3, fit: 'stretch', resize: 'nearest', mean: [0, 0, 0], std: [1, 1, 1] }),

  describe({ width, layers, depths, classes }) {
    return `${width} to ${width * 8} channels, ${layers.join('+')} residual and ${depths.join('+')} transformer blocks, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, config, image) {
    const { width, layers, classes } = config;
    const patches = p.mark('patch_embed', patchEmbed(p.at('patch_embed'), image, width));
    const stem = maxPool2d(resnetStem(p, image, width, { stride: 1 }), { kernel: 3, stride: 2, padding: 1 });
    const maps: Tensor[] = [];
    for (const [stage, blocks] of layers.entries()) {
      const before = maps[stage - 1];
      const residual = resnetLayer(
        p.at(`layer${stage + 1}`),
        before ?? stem,
        width * 2 ** stage,
        blocks,
        before ? 2 : 1,
      );
      p.mark(`layer${stage + 1}`, residual);
      const [height, columns] = [residual.size(2), residual.size(3)];
      const scales = before
        ? p.mark(`MS${stage + 1}`, patchMerging(p.at(`MS${stage + 1}`), before))
        : imageOf(patches, height, columns);
      maps.push(imageOf(swinStage(p, add(residual, scales), config, stage, image.size(2)), height, columns));
    }
    let x = maps[3]!;
    for (const level of [4, 3, 2]) x = p.mark(`decode${level}`, decode(p.at(`decode${level}`), x, maps[level - 2]!));
    const larger = resizeBilinear(x, 2 * x.size(2), 2 * x.size(3), { alignCorners: true });
    return { logits: conv2d(p.at('decode0.1'), larger, classes, { kernel: 1, bias: false }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => h2formerLoss(logits, target),
    settings: {
      epochs: 92,
      batch: 20,
      optimizer: 'adamw',
      learningRate: 1e-4,
      weightDecay: 3e-5,
      augment: AUGMENTATION,
      schedule: 'polynomial',
    },
  },

  /** Tables that follow from the side of the windows. */
  isDerived: (name) => /\.(relative_position_index|attn_mask)$/.test(name),

  backbones: [resnet34((name) => (/^(conv1|bn1|layer[1-4])\./.test(name) ? name : undefined))],

  reference: { models: ['h2former'], config: referenceConfig },
};

/** Patches of four sizes around every second pixel. @returns tokens [B, H/2 · W/2, width] */
function patchEmbed(p: Parameters, image: Tensor, width: number): Tensor {
  const sizes = PATCHES.map(({ kernel, share }, i) =>
    conv2d(p.at(`projs.${i}`), image, width * share, { kernel, stride: 2, padding: kernel / 2 - 1 }),
  );
  return layerNorm(p.at('norm'), tokensOf(channelAttention(p.at('eca'), concat(sizes, 1))), EPSILON);
}

/** Half the size and twice the channels, from patches of two sizes. @param x [B, C, H, W] @returns [B, 2·C, H/2, W/2] */
function patchMerging(p: Parameters, x: Tensor): Tensor {
  const normed = imageOf(layerNorm(p.at('norm'), tokensOf(x), EPSILON), x.size(2), x.size(3));
  const sizes = [2, 4].map((kernel, i) =>
    conv2d(p.at(`reductions.${i}.0`), normed, x.size(1), { kernel, stride: 2, padding: kernel / 2 - 1 }),
  );
  return channelAttention(p.at('eca'), concat(sizes, 1));
}

/** Efficient channel attention (arXiv:1910.03151), added to its input: a weight for each channel, from it and its neighbours. */
function channelAttention(p: Parameters, x: Tensor): Tensor {
  const average = reshape(mean(x, { axes: [2, 3] }), [x.shape[0], 1, 1, x.size(1)]);
  const kernel = reshape(p.get('conv.weight', [1, 1, 3], fanIn(3)), [1, 1, 1, 3]);
  const mixed = convolve(average, kernel, undefined, { padding: [0, 1, 0, 1] });
  return add(mul(x, sigmoid(reshape(mixed, [x.shape[0], x.size(1), 1, 1]))), x);
}

/** @param x [B, C, H, W] @param side of the image, in pixels @returns tokens [B, H·W, C] */
function swinStage(p: Parameters, x: Tensor, config: H2formerConfig, stage: number, side: number): Tensor {
  const { depths, heads } = config;
  const before = depths.slice(0, stage).reduce((sum, depth) => sum + depth, 0);
  const last = depths.reduce((sum, depth) => sum + depth, 0) - 1;
  let tokens = tokensOf(x);
  for (let i = 0; i < depths[stage]!; i++) {
    tokens = swinBlock(p.at(`swin_layers.${stage}.blocks.${i}`), tokens, {
      height: x.size(2),
      width: x.size(3),
      heads: heads[stage]!,
      hidden: 4 * x.size(1),
      window: side / WINDOW_SCALE,
      shifted: i % 2 === 1,
      epsilon: EPSILON,
      dropPath: last === 0 ? 0 : (DROP_PATH * (before + i)) / last,
      mlp(own, y) {
        const mixed = shuffledMlp(own, y);
        return stage === 0 && i === 0 ? p.mark('mlp0', mixed) : mixed;
      },
    });
    p.mark(`swin${stage}.block${i}`, tokens);
  }
  return p.mark(`swin${stage}`, tokens);
}

/**
 * An MLP with channel attention. As published, it reads tokens [B, N, C] as an image [B, C, √N, √N] without a transpose, which
 * shuffles the features.
 */
function shuffledMlp(p: Parameters, x: Tensor): Tensor {
  const y = mlp(p, x, 4 * x.size(-1));
  const side = Math.sqrt(x.size(1));
  return tokensOf(channelAttention(p.at('eca'), reshape(y, [x.shape[0], x.size(-1), side, side])));
}

/** Twice the size, mixed with the skip connection. */
function decode(p: Parameters, x: Tensor, skip: Tensor): Tensor {
  const larger = convTranspose2d(p.at('up'), x, skip.size(1), { kernel: 2, stride: 2 });
  return convNormRelu(p.at('conv_bn_relu'), concat([larger, skip], 1), skip.size(1), { bias: true });
}

/** Cross-entropy, Dice, and how far the object's probability lies above the background's where the object is. */
function h2formerLoss(logits: Tensor, target: Tensor): Losses {
  const { ce, dice } = classLoss(logits, target, 1 / 2);
  const p = softmax(logits, 1);
  const ahead = reshape(sub(slice(p, 1, 1, 2), slice(p, 1, 0, 1)), target.shape);
  const margin = mean(sub(1, mul(ahead, target)), { precise: true });
  return { loss: add(add(ce, dice), margin), ce, dice, margin };
}
