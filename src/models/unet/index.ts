/**
 * U-Net (Ronneberger et al., arXiv:1505.04597) as milesial/Pytorch-UNet publishes it: padded convolutions with batch norm.
 */
import { add, sub } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, padImage } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { doubleConv } from '../../nn/blocks.js';
import { conv2d, convTranspose2d } from '../../nn/layers.js';
import { comparedMaps, softDice } from '../../nn/loss.js';
import type { Parameters } from '../../nn/parameters.js';
import type { ClassArchitecture, Losses } from '../architecture.js';
import {
  readConfig,
  recognise,
  referenceConfig,
  rules,
  UNET_B,
  UNET_BILINEAR,
  UNET_S,
  type UnetConfig,
} from './config.js';

/** How often the image is halved. */
const LEVELS = 4;
/** Keeps the Dice of empty maps at one. */
const SMOOTH = 1e-6;

export const UNET: ClassArchitecture<UnetConfig> = {
  id: 'unet',
  title: 'U-Net',
  presets: { 'unet-b': UNET_B, 'unet-bilinear': UNET_BILINEAR, 'unet-s': UNET_S },
  readConfig,
  rules,
  recognise,

  preprocessing({ channels }) {
    const all = (value: number) => Array.from({ length: channels }, () => value);
    return { channels: channels === 1 ? 1 : 3, fit: 'stretch', mean: all(0), std: all(255) };
  },

  describe({ base, classes, bilinear }) {
    return `${base} to ${base * 2 ** LEVELS} channels${bilinear ? ', bilinear' : ''}, ${classes} maps`;
  },

  task: 'classes',
  promptChannel: true,
  classes: ({ classes }) => Math.max(2, classes),

  forward(p, { base, bilinear, classes }, image) {
    // The lowest level of the bilinear variant has half of the channels, because enlarging does not halve them.
    const lowest = bilinear ? 2 : 1;
    const skips = [p.mark('inc', doubleConv(p.at('inc.double_conv'), image, base))];
    for (let level = 1; level <= LEVELS; level++) {
      const halved = maxPool2d(skips[level - 1]!, { kernel: 2 });
      const channels = (base * 2 ** level) / (level === LEVELS ? lowest : 1);
      const down = doubleConv(p.at(`down${level}.maxpool_conv.1.double_conv`), halved, channels);
      skips.push(p.mark(`down${level}`, down));
    }
    let x = skips[LEVELS]!;
    for (let step = 1; step <= LEVELS; step++) {
      const level = LEVELS - step;
      const channels = (base * 2 ** level) / (level === 0 ? 1 : lowest);
      x = p.mark(`up${step}`, up(p.at(`up${step}`), x, skips[level]!, channels, bilinear));
    }
    return { logits: conv2d(p.at('outc.conv'), x, classes, { kernel: 1 }) };
  },

  published: {
    isTrained: () => true,
    targetSide: ({ imageSize }) => imageSize,
    loss: ({ logits }, target) => unetLoss(logits, target),
    settings: {
      epochs: 5,
      batch: 1,
      optimizer: 'rmsprop',
      learningRate: 1e-5,
      weightDecay: 1e-8,
      augment: 'none',
      momentum: 0.999,
      clip: 1,
      schedule: 'plateau',
    },
  },

  reference: { models: ['unet', 'unet-bilinear'], config: referenceConfig },
};

/** Enlarges a map, brings it to the size of the skip connection with zeros, and mixes both. */
function up(p: Parameters, x: Tensor, skip: Tensor, channels: number, bilinear: boolean): Tensor {
  const larger = bilinear
    ? resizeBilinear(x, 2 * x.size(2), 2 * x.size(3), { alignCorners: true })
    : convTranspose2d(p.at('up'), x, x.size(1) / 2, { kernel: 2, stride: 2 });
  const [rows, columns] = [skip.size(2) - larger.size(2), skip.size(3) - larger.size(3)];
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  const both = concat([skip, padImage(larger, [top, left, rows - top, columns - left])], 1);
  return doubleConv(p.at('conv.double_conv'), both, channels, bilinear ? { middle: both.size(1) / 2 } : {});
}

/** Cross-entropy and Dice of equal weight. This Dice takes all maps of the batch as one. @param labels [B, H, W] */
function unetLoss(logits: Tensor, labels: Tensor): Losses {
  const { p, target, ce } = comparedMaps(logits, labels);
  const dice = sub(1, softDice(p, target, { precise: true, smooth: SMOOTH }));
  return { loss: add(ce, dice), ce, dice };
}
