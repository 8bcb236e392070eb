/**
 * TransUNet (Chen et al., arXiv:2102.04306) by the names of Beckschen/TransUNet: a ResNet with standardised weights and group
 * norm, a transformer over its last map, and a decoder with skip connections to the ResNet.
 */
import { attend } from '../../graph/ops/attention.js';
import { conv2d as convolve } from '../../graph/ops/convolution.js';
import { add, gelu, relu } from '../../graph/ops/elementwise.js';
import { layerNorm as normalise } from '../../graph/ops/normalise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, padImage, reshape, slice } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { convNormRelu, threeChannels } from '../../nn/blocks.js';
import { conv2d, dropout, groupNorm, layerNorm, linear } from '../../nn/layers.js';
import { classLoss } from '../../nn/loss.js';
import { fanIn, type Parameters, ZEROS } from '../../nn/parameters.js';
import { imageOf, tokensOf } from '../../nn/transformer.js';
import type { ClassArchitecture } from '../architecture.js';
import { GREY_STRETCHED } from '../preprocessing.js';
import {
  readConfig,
  recognise,
  referenceConfig,
  rules,
  TRANSUNET_B,
  TRANSUNET_S,
  type TransUnetConfig,
} from './config.js';
import { R50_VIT_B16 } from './pretrained.js';

/** Of layer norms and group norms; the norm of a shortcut and the standardisation of weights have another. */
const EPSILON = 1e-6;
const SHORTCUT_EPSILON = 1e-5;
const DROPOUT = 0.1;
const DICE_SHARE = 0.5;

export const TRANSUNET: ClassArchitecture<TransUnetConfig> = {
  id: 'transunet',
  title: 'TransUNet',
  presets: { 'transunet-b': TRANSUNET_B, 'transunet-s': TRANSUNET_S },
  readConfig,
  rules,
  recognise,
  preprocessing: () => ({ ...GREY_STRETCHED, resize: 'cubic' }),

  describe({ width, units, hidden, layers, classes }) {
    return `ResNet of ${units.join(', ')} units from ${width} channels, ${layers} layers of ${hidden}, ${classes} classes`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => classes,

  forward(p, config, image) {
    const embeddings = p.at('transformer.embeddings');
    const { deepest, skips } = hybridResnet(embeddings.at('hybrid_model'), config, threeChannels(image));

    const patches = conv2d(embeddings.at('patch_embeddings'), deepest, config.hidden, { kernel: 1 });
    const tokens = tokensOf(patches);
    const positions = embeddings.get('position_embeddings', [1, tokens.size(1), config.hidden], ZEROS);
    let x = p.mark('embeddings', dropout(embeddings, add(tokens, positions), DROPOUT));
    const encoder = p.at('transformer.encoder');
    for (let i = 0; i < config.layers; i++) {
      x = p.mark(`layer${i}`, transformerLayer(encoder.at(`layer.${i}`), x, config));
    }
    x = p.mark('encoded', layerNorm(encoder.at('encoder_norm'), x, EPSILON));

    const map = imageOf(x, patches.size(2), patches.size(3));
    let y = p.mark('conv_more', convNormRelu(p.at('decoder.conv_more'), map, config.head));
    for (const [j, outputs] of config.decoder.entries()) {
      const block = p.at(`decoder.blocks.${j}`);
      const larger = resizeBilinear(y, 2 * y.size(2), 2 * y.size(3), { alignCorners: true });
      const skip = j < config.skips ? skips[j] : undefined;
      const mixed = convNormRelu(block.at('conv1'), skip ? concat([larger, skip], 1) : larger, outputs);
      y = p.mark(`dec${j}`, convNormRelu(block.at('conv2'), mixed, outputs));
    }
    return { logits: conv2d(p.at('segmentation_head.0'), y, config.classes, { kernel: 3, padding: 1 }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => classLoss(logits, target, DICE_SHARE),
    settings: {
      epochs: 150,
      batch: 24,
      optimizer: 'sgd',
      learningRate: 0.01,
      weightDecay: 1e-4,
      augment: 'synapse',
      momentum: 0.9,
      schedule: 'polynomial',
    },
  },

  backbones: [R50_VIT_B16],

  reference: { models: ['transunet'], config: referenceConfig },
};

const COLOURS = 3;

/** @returns the map at a sixteenth of the image, and those at an eighth, a quarter and half of it */
function hybridResnet(p: Parameters, config: TransUnetConfig, image: Tensor) {
  const { width, groups, units } = config;
  const first = standardisedConv(p.at('root'), 'conv', image, width, {
    kernel: 7,
    stride: 2,
    padding: 3,
    plain: image.size(1) - COLOURS,
  });
  const root = p.mark('root', relu(groupNorm(p.at('root.gn'), first, groups, EPSILON)));
  // Without padding: one row and column fewer than a quarter of the image.
  let x = maxPool2d(root, { kernel: 3, stride: 2 });
  const maps = units.map((count, b) => {
    for (let u = 1; u <= count; u++) {
      const sizes = { middle: width * 2 ** b, stride: b > 0 && u === 1 ? 2 : 1, groups };
      x = bottleneck(p.at(`body.block${b + 1}.unit${u}`), x, sizes);
    }
    return p.mark(`block${b + 1}`, x);
  });
  const [quarter, eighth, deepest] = [maps[0]!, maps[1]!, maps[2]!];
  const [below, beside] = [2, 3].map((axis) => image.size(axis) / 4 - quarter.size(axis));
  return { deepest, skips: [eighth, padImage(quarter, [0, 0, below!, beside!]), root] };
}

interface BottleneckSizes {
  /** Channels of the 3×3 convolution; the result has four times as many. */
  readonly middle: number;
  readonly stride: number;
  readonly groups: number;
}

function bottleneck(p: Parameters, x: Tensor, { middle, stride, groups }: BottleneckSizes): Tensor {
  const outputs = 4 * middle;
  const norm = (name: string, y: Tensor): Tensor => groupNorm(p.at(name), y, groups, EPSILON);
  const first = relu(norm('gn1', standardisedConv(p, 'conv1', x, middle, { kernel: 1 })));
  const second = relu(norm('gn2', standardisedConv(p, 'conv2', first, middle, { kernel: 3, stride, padding: 1 })));
  const third = norm('gn3', standardisedConv(p, 'conv3', second, outputs, { kernel: 1 }));
  if (x.size(1) === outputs && stride === 1) return relu(add(x, third));
  const shortcut = standardisedConv(p, 'downsample', x, outputs, { kernel: 1, stride });
  return relu(add(groupNorm(p.at('gn_proj'), shortcut, outputs, SHORTCUT_EPSILON), third));
}

interface ConvSizes {
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  /** Input channels, the last ones, whose weights stay as they are: a prompt channel changes no other weight. */
  readonly plain?: number;
}

/** A convolution whose filters are shifted to the mean 0 and scaled to the variance 1 before each use. */
function standardisedConv(p: Parameters, name: string, x: Tensor, outputs: number, sizes: ConvSizes): Tensor {
  const { kernel, plain = 0, ...options } = sizes;
  const [inputs, area] = [x.size(1) - plain, kernel * kernel];
  const weight = p.at(name).get('weight', [outputs, x.size(1), kernel, kernel], fanIn(x.size(1) * area));
  const count = inputs * area;
  const [ones, zeros] = [1, 0].map((value) => constant(float32(new Float32Array(count).fill(value), [count])));
  const scaled = plain === 0 ? weight : slice(weight, 1, 0, inputs);
  const standardised = reshape(normalise(reshape(scaled, [outputs, count]), ones!, zeros!, SHORTCUT_EPSILON), [
    outputs,
    inputs,
    kernel,
    kernel,
  ]);
  const filters = plain === 0 ? standardised : concat([standardised, slice(weight, 1, inputs, x.size(1))], 1);
  return convolve(x, filters, undefined, options);
}

/** A pre-norm transformer layer with separate queries, keys and values. @param x [B, N, hidden] */
function transformerLayer(p: Parameters, x: Tensor, { hidden, mlp, heads }: TransUnetConfig): Tensor {
  const attn = p.at('attn');
  const normed = layerNorm(p.at('attention_norm'), x, EPSILON);
  const [q, k, v] = ['query', 'key', 'value'].map((name) => linear(attn.at(name), normed, hidden));
  const y = add(x, linear(attn.at('out'), attend(q!, k!, v!, { heads }), hidden));
  const ffn = p.at('ffn');
  const inner = gelu(mlpLinear(ffn.at('fc1'), layerNorm(p.at('ffn_norm'), y, EPSILON), mlp));
  const outer = mlpLinear(ffn.at('fc2'), dropout(ffn.at('fc1'), inner, DROPOUT), hidden);
  return add(y, dropout(ffn.at('fc2'), outer, DROPOUT));
}

/** A linear layer that starts from Xavier's uniform weights and biases near zero. */
function mlpLinear(p: Parameters, x: Tensor, outputs: number): Tensor {
  const inputs = x.size(-1);
  p.get('weight', [outputs, inputs], { kind: 'uniform', bound: Math.sqrt(6 / (inputs + outputs)) });
  p.get('bias', [outputs], { kind: 'normal', deviation: 1e-6 });
  return linear(p, x, outputs);
}
