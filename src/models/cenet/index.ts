/**
 * CE-Net (Gu et al., arXiv:1903.02740) as Guzaiwang/CE-Net publishes it: ResNet-34, a block of dilated convolutions and one of
 * pyramid pooling at the bottom, and LinkNet's decoder.
 */
import { type AugmentRecipe, flipX, flipY, move, shiftHsv, turn } from '../../data/augmentSteps.js';
import { add, relu, sigmoid, sub } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { linkDecoder } from '../../nn/blocks.js';
import { conv2d, convTranspose2d } from '../../nn/layers.js';
import { softDice, targetMaps } from '../../nn/loss.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';
import { resnetLayers, resnetStem } from '../../nn/resnet.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import { nameInRenamedResnet, resnet34 } from '../backbone.js';
import { CENET_B, CENET_S, type CenetConfig, readConfig, recognise, referenceConfig, rules } from './config.js';

/** Sides of the windows of pyramid pooling. */
const WINDOWS = [2, 3, 5, 6];

const AUGMENTATION: AugmentRecipe = {
  choose: 'each',
  steps: [
    // OpenCV's hue has steps of two degrees.
    (scene, random) => shiftHsv(scene, 2 * random.uniform(-30, 30), random.uniform(-5, 5), random.uniform(-15, 15)),
    move({ shift: 0.1 }),
    move({ scale: [0.9, 1.1] }),
    move({ aspect: 0.1 }),
    flipX,
    flipY,
    turn,
  ],
};

export const CENET: ClassArchitecture<CenetConfig> = {
  id: 'cenet',
  title: 'CE-Net',
  presets: { 'cenet-b': CENET_B, 'cenet-s': CENET_S },
  readConfig,
  rules,
  recognise,

  /** level / 255 · 3.2 − 1.6 */
  preprocessing() {
    const all = (value: number) => [value, value, value];
    return { channels: 3, fit: 'stretch', colour: 'bgr', mean: all(127.5), std: all(255 / 3.2) };
  },

  describe({ width, layers, classes }) {
    return `${width} to ${width * 8} channels, ${layers.join('+')} blocks, ${classes} ${classes === 1 ? 'map' : 'maps'}`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => Math.max(2, classes),

  forward(p, { width, layers, head, classes }, image) {
    const stem = resnetStem(p, image, width, { names: ['firstconv', 'firstbn'] });
    const maps = resnetLayers(p, maxPool2d(stem, { kernel: 3, stride: 2, padding: 1 }), width, layers, 'encoder');
    for (const [i, map] of maps.entries()) p.mark(`encoder${i + 1}`, map);
    let x = p.mark('dblock', denseAtrous(p.at('dblock'), maps[3]!));
    x = p.mark('spp', pyramidPooling(p.at('spp'), x));
    for (const level of [4, 3, 2, 1]) {
      const outputs = width * 2 ** Math.max(0, level - 2);
      const larger = p.mark(`decoder${level}`, linkDecoder(p.at(`decoder${level}`), x, outputs, ['deconv2', 'norm2']));
      x = level === 1 ? larger : add(larger, maps[level - 2]!);
    }
    x = relu(convTranspose2d(p.at('finaldeconv1'), x, head, { kernel: 4, stride: 2, padding: 1 }));
    x = relu(conv2d(p.at('finalconv2'), x, head, { kernel: 3, padding: 1 }));
    return { logits: conv2d(p.at('finalconv3'), x, classes, { kernel: 3, padding: 1 }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => cenetLoss(logits, target),
    settings: {
      epochs: 140,
      batch: 24,
      learningRate: 1.25e-4,
      weightDecay: 0,
      augment: AUGMENTATION,
      schedule: 'step',
      drops: [90 / 140, 120 / 140],
    },
  },

  backbones: [resnet34(nameInRenamedResnet)],

  reference: {
    models: ['cenet'],
    config: referenceConfig,
    outputs: (p, config, given) => ({ output: sigmoid(CENET.forward(p, config, given('input')).logits) }),
  },
};

/** Dense atrous convolution: the same convolutions one after another, in four branches of growing view. */
function denseAtrous(p: Parameters, x: Tensor): Tensor {
  const channels = x.size(1);
  const conv = (name: string, y: Tensor, kernel: number, dilation: number): Tensor => {
    const own = p.at(name);
    own.get('bias', [channels], ZEROS);
    return conv2d(own, y, channels, { kernel, dilation, padding: (dilation * (kernel - 1)) / 2 });
  };
  const dilate1 = (y: Tensor) => conv('dilate1', y, 3, 1);
  const dilate3 = (y: Tensor) => conv('dilate2', y, 3, 3);
  const dilate5 = (y: Tensor) => conv('dilate3', y, 3, 5);
  const point = (y: Tensor) => conv('conv1x1', y, 1, 1);
  const first = dilate1(x);
  const third = dilate3(first);
  return [first, point(dilate3(x)), point(third), point(dilate5(third))].reduce((y, branch) => add(y, relu(branch)), x);
}

/** The map with one channel for each size of window, all by one convolution. */
function pyramidPooling(p: Parameters, x: Tensor): Tensor {
  const views = WINDOWS.map((kernel) => {
    const pooled = conv2d(p.at('conv'), maxPool2d(x, { kernel }), 1, { kernel: 1 });
    return resizeBilinear(pooled, x.size(2), x.size(3));
  });
  return concat([...views, x], 1);
}

/** Dice over the whole batch, without smoothing: the authors compute cross-entropy too, but leave it out of the sum. */
function cenetLoss(logits: Tensor, target: Tensor): Losses {
  return { loss: sub(1, softDice(sigmoid(logits), targetMaps(logits, target), { precise: true })) };
}
