/**
 * FAT-Net (Wu et al., Medical Image Analysis 76, 2022) by the names of SZUcsh/FAT-Net: a ResNet and a transformer side by side.
 * Their last maps are weighed by squeeze and excitation; skip connections pass feature adaptation.
 */
import { add, mul, relu, sigmoid } from '../../graph/ops/elementwise.js';
import { mean } from '../../graph/ops/reduce.js';
import { concat, reshape } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNorm, linkDecoder, threeChannels } from '../../nn/blocks.js';
import { conv2d, convTranspose2d, linear } from '../../nn/layers.js';
import { classDice, comparedMaps } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import { resnetLayers } from '../../nn/resnet.js';
import { imageOf, tokensOf, vitBlock } from '../../nn/transformer.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import { nameInRenamedResnet, resnet34, timmVit } from '../backbone.js';
import { GREY_STRETCHED } from '../preprocessing.js';
import {
  FATNET_B,
  FATNET_S,
  type FatNetConfig,
  PATCH,
  readConfig,
  recognise,
  referenceConfig,
  rules,
} from './config.js';

const EPSILON = 1e-6;
/** Of the transformer's linear layers at the start. */
const DEVIATION = 0.02;
/** Channels of the last convolutions, at the size of the image. */
const HEAD = 32;
const DECODER_NAMES = ['up.0', 'up.1'] as const;

export const FATNET: ClassArchitecture<FatNetConfig> = {
  id: 'fatnet',
  title: 'FAT-Net',
  presets: { 'fatnet-b': FATNET_B, 'fatnet-s': FATNET_S },
  readConfig,
  rules,
  recognise,
  // The authors publish the network only. Preprocessing and settings are those of SAMUS.
  preprocessing: () => GREY_STRETCHED,

  describe({ width, layers, tokens, depth, classes }) {
    return `ResNet of ${layers.join(', ')} blocks from ${width} channels, ${depth} blocks of ${tokens}, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => Math.max(2, classes),

  forward(p, config, grey) {
    const { width, layers, classes } = config;
    const image = threeChannels(grey);
    // There is no max pooling: the first maps have half of the size of the image.
    const names = ['firstconv', 'firstbn'] as const;
    const stem = p.mark('firstbn', convNorm(p, image, width, { kernel: 7, stride: 2, names }));
    const maps = resnetLayers(p, relu(stem), width, layers, 'encoder');
    for (const [i, map] of maps.entries()) p.mark(`encoder${i + 1}`, map);
    const [e1, e2, e3, e4] = maps;

    const both = concat([e4!, transformerBranch(p, config, image)], 1);
    const weighed = p.mark('se', squeezeExcite(p.at('se'), both, config.squeeze));
    const deepest = p.mark('conv2d', conv2d(p.at('conv2d'), weighed, 8 * width, { kernel: 1 }));

    const decode = (level: number, x: Tensor, outputs: number): Tensor =>
      p.mark(`decoder${level}`, linkDecoder(p.at(`decoder${level}`), x, outputs, DECODER_NAMES));
    const d4 = add(decode(4, deepest, 4 * width), adapted(p.at('FAMBlock3'), e3!, 2));
    const d3 = add(decode(3, d4, 2 * width), adapted(p.at('FAMBlock2'), e2!, 4));
    const d2 = add(decode(2, d3, width), adapted(p.at('FAMBlock1'), e1!, 6));
    linkDecoder(p.unused('decoder1'), d2, width, DECODER_NAMES);

    const larger = convTranspose2d(p.at('final_conv1'), d2, HEAD, { kernel: 4, stride: 2, padding: 1 });
    const mixed = relu(conv2d(p.at('final_conv2'), relu(larger), HEAD, { kernel: 3, padding: 1 }));
    return { logits: conv2d(p.at('final_conv3'), mixed, classes, { kernel: 3, padding: 1 }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => fatnetLoss(logits, target),
    settings: { epochs: 200, batch: 8, learningRate: 5e-4, weightDecay: 0.1 },
  },

  /** The authors keep each block a second time, in lists of as many as it has passes. */
  isDerived: (name) => /^FAM[1-3]\./.test(name),

  backbones: [
    resnet34(nameInRenamedResnet),
    timmVit('DeiT-tiny', (name) =>
      /^(patch_embed|transformers)\./.test(name) ? name.replace(/^transformers\./, 'blocks.') : undefined,
    ),
  ],

  reference: { models: ['fatnet'], config: referenceConfig },
};

/** Blocks without positions, class token and final norm, as an image with as many channels as the ResNet. */
function transformerBranch(p: Parameters, { width, tokens, depth, heads }: FatNetConfig, image: Tensor): Tensor {
  const patches = conv2d(p.at('patch_embed.proj'), image, tokens, { kernel: PATCH, stride: PATCH });
  let x = p.mark('patch_embed', tokensOf(patches));
  for (let i = 0; i < depth; i++) {
    const sizes = { heads, hidden: 4 * tokens, epsilon: EPSILON, deviation: DEVIATION };
    x = vitBlock(p.at(`transformers.${i}`), x, sizes);
  }
  const map = imageOf(p.mark('transformers_last', x), patches.size(2), patches.size(3));
  return conv2d(p.at('conv_seq_img'), map, 8 * width, { kernel: 1 });
}

/** Weighs each channel by what all channels are on average. */
function squeezeExcite(p: Parameters, x: Tensor, squeeze: number): Tensor {
  const average = mean(x, { axes: [2, 3] });
  const squeezed = relu(linear(p.at('fc.0'), average, squeeze, { bias: false }));
  const weights = sigmoid(linear(p.at('fc.2'), squeezed, x.size(1), { bias: false }));
  return mul(x, reshape(weights, [x.shape[0], x.size(1), 1, 1]));
}

/** Feature adaptation: the same two convolutions several times. */
function adapted(p: Parameters, map: Tensor, times: number): Tensor {
  let x = map;
  for (let i = 0; i < times; i++) {
    const wide = conv2d(p.at('conv3'), x, map.size(1), { kernel: 3, padding: 1 });
    x = add(relu(wide), relu(conv2d(p.at('conv1'), x, map.size(1), { kernel: 1 })));
  }
  return x;
}

/** Cross-entropy and Dice of equal weight. @param labels [B, H, W] */
function fatnetLoss(logits: Tensor, labels: Tensor): Losses {
  const { p, target, ce: bce } = comparedMaps(logits, labels);
  const dice = classDice(p, target);
  return { loss: add(bce, dice), bce, dice };
}
