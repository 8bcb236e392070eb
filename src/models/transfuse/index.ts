/**
 * TransFuse-S (Zhang et al., arXiv:2102.08005) by the names of Rayicer/TransFuse: a ResNet and a transformer side by side, fused
 * at a sixteenth, an eighth and a quarter of the image.
 */

import {
  type AugmentRecipe,
  brighten,
  contrastBy,
  flipX,
  flipY,
  move,
  saturate,
  shiftHsv,
} from '../../data/augmentSteps.js';
import { abs, add, div, mul, sigmoid, softplus, sub } from '../../graph/ops/elementwise.js';
import { avgPool2d, maxPool2d } from '../../graph/ops/pool.js';
import { mean, sum } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNormRelu } from '../../nn/blocks.js';
import { conv2d, dropout2d, layerNorm } from '../../nn/layers.js';
import { targetMaps } from '../../nn/loss.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';
import { resnetLayer, resnetStem } from '../../nn/resnet.js';
import { imageOf, tokensOf, vitBlock } from '../../nn/transformer.js';
import type { ClassArchitecture, ClassOutputs, Losses } from '../architecture.js';
import { resizedPositions, resnet34, timmVit } from '../backbone.js';
import { IMAGENET_STRETCHED } from '../preprocessing.js';
import {
  PATCH,
  readConfig,
  recognise,
  referenceConfig,
  rules,
  TRANSFUSE_B,
  TRANSFUSE_S,
  type TransFuseConfig,
} from './config.js';
import { attentiveUp, biFusion, enlarge, FUSION, up } from './fusion.js';

const EPSILON = 1e-6;
/** Of the transformer's linear layers and positions at the start. */
const DEVIATION = 0.02;
/** Of whole channels of the maps of both branches. */
const DROPOUT = 0.2;
/** Shares of the three maps in the loss. */
const SHARES = { map_2: 0.5, map_1: 0.3, map_x: 0.2 };
/** Side of the window that finds pixels near an edge of the object, and how much more those count. */
const [WINDOW, EDGE_WEIGHT] = [31, 5];

const AUGMENTATION: AugmentRecipe = {
  choose: 'each',
  steps: [
    move({ degrees: 25, shift: 0.15, scale: [0.85, 1.15] }),
    (scene, random) => {
      brighten(0.8, 1.2, 'times')(scene, random);
      contrastBy(0.8, 1.2)(scene, random);
      saturate(0.8, 1.2)(scene, random);
      shiftHsv(scene, random.uniform(-72, 72), 0, 0);
    },
    flipX,
    flipY,
  ],
};

export const TRANSFUSE: ClassArchitecture<TransFuseConfig> = {
  id: 'transfuse',
  title: 'TransFuse',
  presets: { 'transfuse-b': TRANSFUSE_B, 'transfuse-s': TRANSFUSE_S },
  readConfig,
  rules,
  recognise,
  preprocessing: () => IMAGENET_STRETCHED,

  describe({ width, layers, tokens, depth }) {
    return `ResNet of ${layers.join(', ')} blocks from ${width} channels, ${depth} blocks of ${tokens}, 1 map`;
  },

  task: 'classes',
  promptChannel: true,
  classes: () => 2,

  forward(p, config, image) {
    const { width } = config;
    const dropped = (name: string, x: Tensor): Tensor => dropout2d(p.at(name), x, DROPOUT);
    const b0 = dropped('drop_b', transformerBranch(p, config, image));
    const b1 = dropped('drop_b1', p.mark('up1', up(p.at('up1'), b0, 2 * width)));
    const b2 = dropped('drop_b2', up(p.at('up2'), b1, width));

    const resnet = p.at('resnet');
    const stem = maxPool2d(resnetStem(resnet, image, width), { kernel: 3, stride: 2, padding: 1 });
    const layer = (i: number, x: Tensor): Tensor => {
      const map = resnetLayer(resnet.at(`layer${i}`), x, width * 2 ** (i - 1), config.layers[i - 1]!, i === 1 ? 1 : 2);
      return dropped(`drop_u${i}`, p.mark(`layer${i}`, map));
    };
    const u2 = layer(1, stem);
    const u1 = layer(2, u2);
    const u0 = layer(3, u1);

    const c0 = p.mark('up_c', biFusion(p.at('up_c'), u0, b0, { outputs: 4 * width, reduction: 4 }));
    const f1 = p.mark('up_c_1_1', biFusion(p.at('up_c_1_1'), u1, b1, { outputs: 2 * width, reduction: 2 }));
    const c1 = p.mark('up_c_1_2', attentiveUp(p.at('up_c_1_2'), c0, f1, 2 * width));
    const f2 = p.mark('up_c_2_1', biFusion(p.at('up_c_2_1'), u2, b2, { outputs: width, reduction: 1 }));
    const c2 = p.mark('up_c_2_2', attentiveUp(p.at('up_c_2_2'), c1, f2, width));

    return {
      logits: head(p.at('final_2'), c2, width, [3], 4),
      map_1: head(p.at('final_1'), b2, width, [3], 4),
      map_x: head(p.at('final_x'), c0, width, [1, 3], 16),
    };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: transfuseLoss,
    settings: {
      epochs: 25,
      batch: 16,
      learningRate: 7e-5,
      weightDecay: 0,
      augment: AUGMENTATION,
      momentum: 0.5,
      clip: 2,
    },
  },

  backbones: [
    resnet34((name) => /^resnet\.(.*)$/.exec(name)?.[1]),
    timmVit<TransFuseConfig>(
      'DeiT-small',
      (name) => /^transformer\.(.*)$/.exec(name)?.[1],
      (tensor, { name }, { grid: [rows = 0, columns = 0] }) =>
        name === 'transformer.pos_embed' ? resizedPositions(tensor, 0, [rows, columns], true) : tensor,
    ),
  ],

  reference: {
    models: ['transfuse'],
    config: referenceConfig,
    outputs(p, config, given) {
      const { logits, map_1, map_x } = TRANSFUSE.forward(p, config, given('input'));
      return { output: logits, output_1: map_1!, output_x: map_x! };
    },
  },
};

/** @returns the normalised tokens as an image [B, tokens, H / 16, W / 16] */
function transformerBranch(root: Parameters, { tokens, depth, heads, grid }: TransFuseConfig, image: Tensor): Tensor {
  const p = root.at('transformer');
  const patches = conv2d(p.at('patch_embed.proj'), image, tokens, { kernel: PATCH, stride: PATCH });
  const [height, width] = [patches.size(2), patches.size(3)];
  const [rows = 0, columns = 0] = grid;
  const table = p.get('pos_embed', [1, rows * columns, tokens], { kind: 'normal', deviation: DEVIATION });
  // No part of the network: the authors keep the class token of DeiT, and do not use it.
  root.unused('transformer').get('cls_token', [1, 1, tokens], ZEROS);
  const positions = resizeBilinear(imageOf(table, rows, columns), height, width, { alignCorners: true });
  let x = add(tokensOf(patches), tokensOf(positions));
  for (let i = 0; i < depth; i++) {
    const sizes = { heads, hidden: 4 * tokens, epsilon: EPSILON, deviation: DEVIATION };
    x = vitBlock(p.at(`blocks.${i}`), x, sizes);
  }
  return imageOf(root.mark('transformer', layerNorm(p.at('norm'), x, EPSILON)), height, width);
}

/** Convolutions of these kernels to `width` channels, then one to a single map, at the size of the image. */
function head(p: Parameters, map: Tensor, width: number, kernels: readonly number[], factor: number): Tensor {
  let x = map;
  for (const [i, kernel] of kernels.entries()) x = convNormRelu(p.at(`${i}`), x, width, { ...FUSION, kernel });
  const last = conv2d(p.at(`${kernels.length}.conv`), x, 1, { kernel: 3, padding: 1, kaiming: true });
  return enlarge(last, factor);
}

/** The weighed loss of the three maps. @param target [B, H, W] */
function transfuseLoss({ logits, map_1, map_x }: ClassOutputs, target: Tensor): Losses {
  const truth = targetMaps(logits, target);
  const losses = { map_2: edgeLoss(logits, truth), map_1: edgeLoss(map_1!, truth), map_x: edgeLoss(map_x!, truth) };
  const { map_2, map_1: first, map_x: deepest } = losses;
  const loss = add(add(mul(map_2, SHARES.map_2), mul(first, SHARES.map_1)), mul(deepest, SHARES.map_x));
  return { loss, ...losses };
}

/** Cross-entropy and IoU in which pixels near an edge of the object count more: the mean over images. */
function edgeLoss(logits: Tensor, truth: Tensor): Tensor {
  const near = abs(sub(avgPool2d(truth, { kernel: WINDOW, stride: 1, padding: (WINDOW - 1) / 2 }), truth));
  const weights = add(mul(near, EDGE_WEIGHT), 1);
  const total = (x: Tensor): Tensor => sum(mul(x, weights), { axes: [1, 2, 3], precise: true });
  const bce = div(total(sub(softplus(logits), mul(truth, logits))), sum(weights, { axes: [1, 2, 3], precise: true }));
  const p = sigmoid(logits);
  const overlap = total(mul(p, truth));
  const union = sub(total(add(p, truth)), overlap);
  return mean(add(bce, sub(1, div(add(overlap, 1), add(union, 1)))));
}
