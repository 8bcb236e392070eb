/**
 * CPFNet (Feng et al., IEEE TMI 2020) as FENGShuanglang/CPFNet_Project publishes it: ResNet-34, a fusion of three scales at the
 * bottom (SAP), and a decoder whose skip connections see all deeper maps (GPG).
 */
import { type AugmentRecipe, blur, contrastBy, flipX, flipY, move, noise } from '../../data/augmentSteps.js';
import { add, mul, relu, sub } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { logSoftmax, mean, softmax } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, slice } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNorm, convNormRelu } from '../../nn/blocks.js';
import { batchNorm2d, conv2d, linear } from '../../nn/layers.js';
import { BY_CLASS, comparedMaps, softDice } from '../../nn/loss.js';
import { kaimingUniform, nearOne, type Parameters, ZEROS } from '../../nn/parameters.js';
import { resnetLayers, resnetStem } from '../../nn/resnet.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import { resnet34 } from '../backbone.js';
import { CPFNET_B, CPFNET_S, type CpfnetConfig, readConfig, recognise, referenceConfig, rules } from './config.js';

/** Keeps the Dice of a class that is nowhere at one. */
const SMOOTH = 1e-3;
/** Classes of ImageNet, in a layer of the backbone that is not used. */
const IMAGENET = 1000;

/** Ours: the steps and their ranges; published is that one to four are chosen. */
const AUGMENTATION: AugmentRecipe = {
  choose: [1, 4],
  steps: [flipX, flipY, move({ degrees: 30 }), move({ shift: 0.1 }), noise(2, 5), blur(1, 256), contrastBy(0.75, 1.5)],
};

export const CPFNET: ClassArchitecture<CpfnetConfig> = {
  id: 'cpfnet',
  title: 'CPFNet',
  presets: { 'cpfnet-b': CPFNET_B, 'cpfnet-s': CPFNET_S },
  readConfig,
  rules,
  recognise,

  /** The authors take neighbouring slices as channels; an image has none. */
  preprocessing() {
    return { channels: 3, fit: 'stretch', colour: 'grey', mean: [0, 0, 0], std: [255, 255, 255] };
  },

  describe({ width, layers, classes }) {
    return `${width} to ${width * 8} channels, ${layers.join('+')} blocks, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, { width, layers, head, classes }, image) {
    const backbone = p.at('backbone');
    const c1 = resnetStem(backbone, image, width);
    const pooled = maxPool2d(c1, { kernel: 3, stride: 2, padding: 1 });
    const maps = resnetLayers(backbone, pooled, width, layers);
    for (const [i, map] of maps.entries()) p.mark(`layer${i + 1}`, map);
    linear(backbone.unused('fc'), mean(maps[3]!, { axes: [2, 3] }), IMAGENET);

    const guides = [2, 3, 4].map((level) => {
      const guide = globalPyramid(p.at(`mce_${level}`), maps.slice(level - 2), width * 2 ** (level - 2), level);
      return p.mark(`mce_${level}`, guide);
    });
    let x = p.mark('sap', scaleAware(p.at('sap'), maps[3]!));
    for (const level of [5, 4, 3, 2]) {
      const outputs = width * 2 ** Math.max(0, level - 3);
      const larger = p.mark(`decoder${level}`, decoder(p.at(`decoder${level}`), x, outputs, level < 5));
      x = level > 2 ? relu(add(larger, guides[level - 3]!)) : add(larger, c1);
    }
    return { logits: p.mark('main_head', mainHead(p.at('main_head'), x, head, classes)) };
  },

  published: {
    isTrained: () => true,
    initial: (name, shape) => {
      if (/^(backbone|sap)\.|\.gamma$/.test(name)) return undefined;
      return shape.length > 1 ? kaimingUniform(shape) : nearOne(name);
    },
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => cpfnetLoss(logits, target),
    settings: {
      epochs: 80,
      batch: 6,
      optimizer: 'sgd',
      learningRate: 0.01,
      weightDecay: 1e-4,
      augment: AUGMENTATION,
      schedule: 'polynomial',
    },
  },

  backbones: [resnet34((name) => /^backbone\.(.*)$/.exec(name)?.[1])],

  reference: {
    models: ['cpfnet'],
    config: referenceConfig,
    outputs: (p, config, given) => ({ output: logSoftmax(CPFNET.forward(p, config, given('input')).logits, 1) }),
  },
};

/**
 * Global pyramid guidance: a map with all deeper ones, seen by separable convolutions of growing dilation, one for each map.
 * @param maps the shallowest first
 * @param level number of the first in the names of the convolutions
 */
function globalPyramid(p: Parameters, maps: readonly Tensor[], width: number, level: number): Tensor {
  const [height, columns] = [maps[0]!.size(2), maps[0]!.size(3)];
  const narrowed = maps.map((map, i) => {
    const narrow = convNormRelu(p.at(`conv${level + i}`), map, width);
    return i === 0 ? narrow : resizeBilinear(narrow, height, columns, { alignCorners: true });
  });
  const all = concat(narrowed.reverse(), 1);
  const views = maps.map((_, i) => {
    const own = p.at(`dilation${i + 1}`);
    return relu(batchNorm2d(own.at('1'), separable(own.at('0'), all, width, 2 ** i)));
  });
  return convNorm(p.at('conv_out'), concat(views, 1), width, { kernel: 1 });
}

/** A convolution of each channel on its own, batch norm, and a 1×1 convolution. */
function separable(p: Parameters, x: Tensor, outputs: number, dilation: number): Tensor {
  const names = ['conv1', 'bn'] as const;
  const each = convNorm(p, x, x.size(1), { names, dilation, groups: x.size(1) });
  return conv2d(p.at('pointwise'), each, outputs, { kernel: 1, bias: false });
}

/** Scale-aware pyramid fusion: one convolution with dilations of 1, 2 and 4, fused by attention, then mixed with x by `gamma`. */
function scaleAware(p: Parameters, x: Tensor): Tensor {
  const channels = x.size(1);
  const scales = [1, 2, 4].map((dilation, i) => {
    // Only the first has the bias, as published.
    const options = { kernel: 3, dilation, padding: dilation, bias: i === 0 };
    return batchNorm2d(p.at(`bn.${i}`), conv2d(p.at('conv3x3'), x, channels, options));
  });
  // Published with two sets of weights, of which both fusions use the first.
  fuse(p.unused.bind(p), '1', scales[0]!, scales[1]!);
  const at = p.at.bind(p);
  const fused = fuse(at, '0', fuse(at, '0', scales[0]!, scales[1]!), scales[2]!);
  const gamma = p.get('gamma', [1], ZEROS);
  const mixed = relu(add(mul(fused, gamma), mul(x, sub(1, gamma))));
  return convBnRelu(p.at('conv_last'), mixed, channels, 1);
}

/** The mean of two maps, weighted at each pixel. */
function fuse(at: (name: string) => Parameters, set: string, u: Tensor, v: Tensor): Tensor {
  const channels = u.size(1);
  const first = relu(conv2d(at(`conv1x1.${set}`), concat([u, v], 1), channels, { kernel: 1 }));
  const second = relu(conv2d(at(`conv3x3_1.${set}`), first, channels / 2, { kernel: 3, padding: 1 }));
  const weights = softmax(conv2d(at(`conv3x3_2.${set}`), second, 2, { kernel: 3, padding: 1 }), 1);
  return add(mul(u, slice(weights, 1, 0, 1)), mul(v, slice(weights, 1, 1, 2)));
}

/** Twice the size. Each decoder has a fusion of scales that is not used, the deepest one also skips its first convolution. */
function decoder(p: Parameters, x: Tensor, outputs: number, convolves: boolean): Tensor {
  scaleAware(p.unused('sap'), x);
  const convolved = convBnRelu(convolves ? p.at('conv_3x3') : p.unused('conv_3x3'), x, x.size(1), 3);
  return convBnRelu(p.at('conv_1x1'), twice(convolves ? convolved : x), outputs, 1);
}

function mainHead(p: Parameters, x: Tensor, head: number, classes: number): Tensor {
  const own = p.at('conv_1x1_3x3');
  const y = convBnRelu(own.at('1'), convBnRelu(own.at('0'), twice(x), head, 1), head, 3);
  return conv2d(p.at('conv_1x1_2'), y, classes, { kernel: 1 });
}

function convBnRelu(p: Parameters, x: Tensor, outputs: number, kernel: number): Tensor {
  return convNormRelu(p, x, outputs, { kernel, names: ['conv', 'bn'] });
}

function twice(x: Tensor): Tensor {
  return resizeBilinear(x, 2 * x.size(2), 2 * x.size(3), { alignCorners: true });
}

/** Cross-entropy, and the mean of the Dice loss over the classes. @param labels [B, H, W] */
function cpfnetLoss(logits: Tensor, labels: Tensor): Losses {
  const { p, target, ce: nll } = comparedMaps(logits, labels);
  const dice = sub(1, mean(softDice(p, target, { ...BY_CLASS, smooth: SMOOTH })));
  return { loss: add(nll, dice), nll, dice };
}
