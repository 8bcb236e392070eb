/**
 * CA-Net (Gu et al., arXiv:2009.10549) by the names of HiLab-git/CA-Net: a U-Net with attention to places (a non-local block and
 * gates of skip connections), to channels (in each block of the decoder), and to the scales of the decoder.
 *
 * Published quirks that only make results random are mended: dropout stays off in inference, and an odd size is filled up with
 * zeros. Pools over fixed sizes are global pools.
 */
import { type AugmentRecipe, flipX, flipY, half, move, zoomAndCrop } from '../../data/augmentSteps.js';
import { add, div, log, mul, neg, relu, sigmoid } from '../../graph/ops/elementwise.js';
import { matmul } from '../../graph/ops/matrix.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { max, mean, softmax, sum } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, padImage, reshape, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { convNorm, convNormRelu, doubleConv } from '../../nn/blocks.js';
import { batchNorm2d, conv2d, convTranspose2d, dropout2d, linear } from '../../nn/layers.js';
import { BY_CLASS, oneHot } from '../../nn/loss.js';
import { kaimingNormal, nearOne, type Parameters } from '../../nn/parameters.js';
import { tokensOf } from '../../nn/transformer.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import { CANET_B, CANET_S, type CanetConfig, readConfig, recognise, referenceConfig, rules } from './config.js';

/** How often the image is halved. */
const LEVELS = 4;
/** Channels that each level of the decoder contributes to the result. */
const SCALE_CHANNELS = 4;
const DROPOUT = 0.5;
const SMOOTH = 1e-5;

/** Images of 342 x 256 cut to 300 x 224. */
const AUGMENTATION: AugmentRecipe = {
  choose: 'all',
  steps: [zoomAndCrop(8 / 7, 8 / 7), half(flipX), half(flipY), move({ degrees: 30 })],
};

export const CANET: ClassArchitecture<CanetConfig> = {
  id: 'canet',
  title: 'CA-Net',
  presets: { 'canet-b': CANET_B, 'canet-s': CANET_S },
  readConfig,
  rules,
  recognise,

  /** (level / 255 − 0.5) / 0.5 */
  preprocessing({ channels }) {
    const all = Array.from({ length: channels }, () => 127.5);
    return { channels: channels === 1 ? 1 : 3, fit: 'stretch', mean: all, std: all };
  },

  describe({ width, classes }) {
    return `${width} to ${width * 2 ** LEVELS} channels, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, { width, classes }, image) {
    const [height, columns] = [image.size(2), image.size(3)];
    const skips: Tensor[] = [];
    let x = image;
    for (let level = 0; level <= LEVELS; level++) {
      const name = level === LEVELS ? 'center' : `conv${level + 1}`;
      if (level > 0) x = maxPool2d(x, { kernel: 2 });
      x = doubleConv(p.at(`${name}.conv`), x, width * 2 ** level, { bias: true });
      if (level >= LEVELS - 1) x = dropout2d(p.at(name), x, DROPOUT);
      skips.push(p.mark(name, x));
    }

    const scales: Tensor[] = [];
    for (const level of [4, 3, 2, 1]) {
      const skip = skips[level - 1]!;
      const gated = level === 3 || level === 2;
      const seen = gated ? p.mark(`attentionblock${level}`, gates(p.at(`attentionblock${level}`), skip, x)) : skip;
      const both = upConcat(p.at(`up_concat${level}`), seen, x);
      const mixed = level === 4 ? p.mark('nonlocal4_2', nonLocal(p.at('nonlocal4_2'), both)) : both;
      const block = channelBlock(p.at(`up${level}`), mixed, width * 2 ** (level - 1));
      x = p.mark(`up${level}`, level === 4 ? dropout2d(p.at('up4'), block, DROPOUT) : block);
      const dsv = p.at(level === 1 ? 'dsv1' : `dsv${level}.dsv.0`);
      const scale = conv2d(dsv, x, SCALE_CHANNELS, { kernel: 1 });
      scales.unshift(p.mark(`dsv${level}`, level === 1 ? scale : resizeBilinear(scale, height, columns)));
    }
    const chosen = p.mark('scale_att', scaleAttention(p.at('scale_att'), concat(scales, 1)));
    return { logits: conv2d(p.at('final.0'), chosen, classes, { kernel: 1 }) };
  },

  published: {
    isTrained: () => true,
    initial: (name, shape) => {
      if (!/^(attentionblock|nonlocal)/.test(name)) return undefined;
      if (shape.length > 1) return kaimingNormal(shape);
      return /\.W\.1\.|combine_gates\.1\./.test(name) ? nearOne(name) : undefined;
    },
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => canetLoss(logits, target),
    settings: {
      epochs: 300,
      batch: 16,
      learningRate: 1e-4,
      weightDecay: 1e-8,
      augment: AUGMENTATION,
      schedule: 'step',
      drops: [256 / 300],
      dropFactor: 0.5,
    },
  },

  reference: {
    models: ['canet'],
    config: referenceConfig,
    outputs: (p, config, given) => ({ output: softmax(CANET.forward(p, config, given('input')).logits, 1) }),
  },
};

/** The skip connection, then the enlarged map of the level below. */
function upConcat(p: Parameters, skip: Tensor, below: Tensor): Tensor {
  const larger = convTranspose2d(p.at('up'), below, skip.size(1), { kernel: 2, stride: 2 });
  const [rows, columns] = [skip.size(2) - larger.size(2), skip.size(3) - larger.size(3)];
  return concat([skip, padImage(larger, [0, 0, rows, columns])], 1);
}

/** Each place with the mean of all places that resemble it, added to the map. */
function nonLocal(p: Parameters, x: Tensor): Tensor {
  const [channels, inner] = [x.size(1), x.size(1) / 4];
  const half = (name: string) => maxPool2d(conv2d(p.at(`${name}.0`), x, inner, { kernel: 1 }), { kernel: 2 });
  const queries = tokensOf(conv2d(p.at('theta'), x, inner, { kernel: 1 }));
  const keys = reshape(half('phi'), [x.shape[0], inner, -1]);
  const values = tokensOf(half('g'));
  const seen = transpose(matmul(softmax(matmul(queries, keys)), values), [0, 2, 1]);
  const image = reshape(seen, [x.shape[0], inner, x.size(2), x.size(3)]);
  return add(convNorm(p.at('W'), image, channels, { kernel: 1, bias: true }), x);
}

/** Two gates of a skip connection by the map of the level below, mixed. */
function gates(p: Parameters, x: Tensor, below: Tensor): Tensor {
  const gated = [1, 2].map((i) => gate(p.at(`gate_block_${i}`), x, below));
  return convNormRelu(p.at('combine_gates'), concat(gated, 1), x.size(1), { kernel: 1, bias: true });
}

function gate(p: Parameters, x: Tensor, below: Tensor): Tensor {
  const channels = x.size(1);
  const theta = conv2d(p.at('theta'), x, channels, { kernel: 1 });
  const phi = resizeBilinear(conv2d(p.at('phi'), below, channels, { kernel: 1 }), x.size(2), x.size(3));
  const open = sigmoid(conv2d(p.at('psi'), relu(add(theta, phi)), 1, { kernel: 1 }));
  return convNorm(p.at('W'), mul(open, x), channels, { kernel: 1, bias: true });
}

/** A residual block whose channels are weighted by their mean and their maximum, then a convolution to `outputs` channels. */
function channelBlock(p: Parameters, x: Tensor, outputs: number): Tensor {
  const wide = 2 * outputs;
  const first = convNormRelu(p, x, outputs, { names: ['conv1', 'bn1'] });
  const u = convNorm(p, first, wide, { names: ['conv2', 'bn2'] });
  const weight = (pooled: Tensor) =>
    reshape(sigmoid(linear(p.at('fc2'), relu(linear(p.at('fc1'), pooled, outputs / 2)), wide)), [
      x.shape[0],
      wide,
      1,
      1,
    ]);
  const weighted = add(mul(u, weight(averages(u))), mul(u, weight(maxima(u))));
  const y = relu(add(weighted, convNorm(p.at('downchannel'), x, wide, { kernel: 1 })));
  return convNormRelu(p, y, outputs, { names: ['conv3', 'bn3'] });
}

function averages(x: Tensor): Tensor {
  return mean(x, { axes: [2, 3], precise: true });
}

function maxima(x: Tensor): Tensor {
  return max(x, { axes: [2, 3], ties: 'first' });
}

/** Weights for each scale as a whole and at each pixel. @param x the channels of each scale in turn */
function scaleAttention(p: Parameters, x: Tensor): Tensor {
  const [batch, channels, height, width] = [x.shape[0], x.size(1), x.size(2), x.size(3)];
  const groups = channels / SCALE_CHANNELS;
  const byScale = (y: Tensor) => reshape(y, [batch, groups, SCALE_CHANNELS, height, width]);
  const byChannel = (y: Tensor) => reshape(y, x.shape);

  const own = p.at('cbam.ChannelGate.mlp');
  const score = (pooled: Tensor) => linear(own.at('3'), relu(linear(own.at('1'), pooled, channels / 4)), channels);
  const scores = reshape(add(score(averages(x)), score(maxima(x))), [batch, groups, SCALE_CHANNELS]);
  const whole = reshape(sigmoid(mean(scores, { axes: [2] })), [batch, groups, 1, 1, 1]);
  const weighted = byChannel(mul(byScale(x), whole));

  const spatial = p.at('cbam.SpatialGate');
  const conv1 = spatial.at('conv1');
  const around = conv2d(conv1.at('conv'), weighted, groups, { kernel: 3, padding: 1, bias: false });
  const first = relu(batchNorm2d(conv1.at('bn'), around, { momentum: 0.01 }));
  const maps = sigmoid(relu(conv2d(spatial.at('conv2.conv'), first, groups, { kernel: 1, bias: false })));
  const local = byChannel(mul(byScale(weighted), reshape(maps, [batch, groups, 1, height, width])));

  const attended = relu(add(add(local, weighted), x));
  return convNormRelu(p, attended, SCALE_CHANNELS, { names: ['conv3', 'bn3'] });
}

/** The mean over the classes of −log Dice. @param target [B, H, W] */
function canetLoss(logits: Tensor, target: Tensor): Losses {
  const p = softmax(logits, 1);
  const truth = oneHot(target, logits.size(1));
  const overlap = add(mul(sum(mul(p, truth), BY_CLASS), 2), SMOOTH);
  const total = add(add(sum(p, BY_CLASS), sum(truth, BY_CLASS)), 1 + SMOOTH);
  return { loss: mean(neg(log(div(overlap, total)))) };
}
