/**
 * AAU-net (Chen et al., arXiv:2204.12077): a U-Net whose convolutions are hybrid adaptive attention modules (HAAM). Only the module
 * is published (CGPxy/AAU-net, in Keras). Two of them a level, the order of the skip connection and the head are choices made
 * here, and so are all names.
 */
import { type AugmentRecipe, box3, elastic, flipX, gammaBy, move, noise } from '../../data/augmentSteps.js';
import { add, mul, relu, sigmoid, sub } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { mean } from '../../graph/ops/reduce.js';
import { concat, reshape } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNorm, convNormRelu } from '../../nn/blocks.js';
import { batchNorm1d, conv2d, convTranspose2d, linear } from '../../nn/layers.js';
import { binaryCrossEntropy, targetMaps } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { ClassArchitecture } from '../architecture.js';
import { AAUNET_B, AAUNET_S, type AaunetConfig, readConfig, recognise, referenceConfig, rules } from './config.js';

/**
 * Keras's defaults. The running variance is PyTorch's, divided by n − 1 as in the reference tensors; Keras divides by n, which
 * matters for `c_bnf` only.
 */
const KERAS = { epsilon: 1e-3, momentum: 0.01 };

const AUGMENTATION: AugmentRecipe = {
  choose: 'one',
  steps: [
    move({ degrees: 20 }),
    flipX,
    // Ours: the range of the gamma, and the elastic step of H2Former.
    gammaBy(1 / 1.5, 1.5),
    box3,
    noise(5, 10),
    elastic(50, 5, 512),
  ],
};

export const AAUNET: ClassArchitecture<AaunetConfig> = {
  id: 'aaunet',
  title: 'AAU-net',
  presets: { 'aaunet-b': AAUNET_B, 'aaunet-s': AAUNET_S },
  readConfig,
  rules,
  recognise,

  preprocessing() {
    return { channels: 3, fit: 'stretch', colour: 'bgr', mean: [0, 0, 0], std: [255, 255, 255] };
  },

  describe({ width, levels, classes }) {
    return `${width} to ${width * 2 ** (levels - 1)} channels, ${classes} ${classes === 1 ? 'map' : 'maps'}`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => Math.max(2, classes),

  forward(p, { width, levels, classes }, image) {
    const skips: Tensor[] = [];
    let x = image;
    for (let level = 0; level < levels; level++) {
      if (level > 0) x = maxPool2d(x, { kernel: 2 });
      x = twoModules(p, 'down', level, x, width * 2 ** level);
      skips.push(x);
    }
    p.mark('bottom', x);
    for (let step = 0; step < levels - 1; step++) {
      const skip = skips[levels - 2 - step]!;
      const larger = convTranspose2d(p.at(`ups.${step}`), x, skip.size(1), { kernel: 2, stride: 2 });
      x = twoModules(p, 'up', step, concat([skip, larger], 1), skip.size(1));
    }
    return { logits: conv2d(p.at('head'), x, classes, { kernel: 1 }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => ({ loss: binaryCrossEntropy(logits, targetMaps(logits, target)) }),
    settings: { epochs: 50, batch: 12, learningRate: 1e-3, weightDecay: 0, augment: AUGMENTATION },
  },

  reference: { models: ['aaunet'], config: referenceConfig },
};

function twoModules(p: Parameters, name: string, level: number, x: Tensor, outputs: number): Tensor {
  let y = x;
  for (const i of [0, 1])
    y = p.mark(`${name}${level}.${i}`, hybridAttention(p.at(`${name}.${level}.${i}`), y, outputs));
  return y;
}

/**
 * HAAM: channels chosen between a dilated and a large convolution, then places chosen between that and a small convolution.
 * Training needs two images at least: `c_bnf` normalises one value for each image and channel.
 * @param x [B, I, H, W]
 * @returns [B, outputs, H, W], without an activation
 */
function hybridAttention(p: Parameters, x: Tensor, outputs: number): Tensor {
  const conv = (name: string, y: Tensor, options: { kernel: number; dilation?: number }) =>
    convNormRelu(p, y, outputs, { ...options, bias: true, names: [name, name.replace('conv', 'bn')], norm: KERAS });

  const dilated = conv('c_conv1', x, { kernel: 3, dilation: 3 });
  const large = conv('c_conv2', x, { kernel: 5 });
  const average = mean(concat([dilated, large], 1), { axes: [2, 3], precise: true });
  const hidden = relu(batchNorm1d(p.at('c_bnf'), linear(p.at('c_fc1'), average, outputs), KERAS));
  const share = reshape(sigmoid(linear(p.at('c_fc2'), hidden, outputs)), [x.shape[0], outputs, 1, 1]);
  const channels = conv('c_conv3', mixed(share, dilated, large), { kernel: 1 });

  const small = conv('s_conv1', x, { kernel: 3 });
  const places = conv('s_conv2', small, { kernel: 1 });
  const map = sigmoid(conv2d(p.at('s_att'), relu(add(channels, places)), 1, { kernel: 1 }));
  const last = { bias: true, names: ['s_conv3', 's_bn3'], norm: KERAS } as const;
  return convNorm(p, mixed(map, channels, places), outputs, last);
}

/** [share · a, (1 − share) · b] */
function mixed(share: Tensor, a: Tensor, b: Tensor): Tensor {
  return concat([mul(a, share), mul(b, sub(1, share))], 1);
}
