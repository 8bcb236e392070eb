/**
 * EfficientNet-Lite0 (Tan and Le, arXiv:1905.11946, in the Lite variant of tensorflow/tpu) down to a sixteenth of the image, by the
 * names of the PyTorch package `efficientnet-lite-pytorch`: the pretrained CNN branch of SAMUS.
 */

import { conv2d } from '../graph/ops/convolution.js';
import { depthwiseConv2d } from '../graph/ops/depthwise.js';
import { add, clip, mul, sub } from '../graph/ops/elementwise.js';
import { sum } from '../graph/ops/reduce.js';
import type { Tensor } from '../graph/tensor.js';
import { type BatchNormOptions, batchNorm2d, convStoredNorm } from './layers.js';
import { fanIn, type Parameters } from './parameters.js';

/** Epsilon and momentum of its batch norms, those of the TensorFlow original. */
const NORM: BatchNormOptions = { epsilon: 1e-3, momentum: 0.01 };

/** The stages down to a sixteenth of the image: kernel, stride, expansion, output channels, repeats. */
const STAGES = [
  { kernel: 3, stride: 1, expand: 1, outputs: 16, repeats: 1 },
  { kernel: 3, stride: 2, expand: 6, outputs: 24, repeats: 2 },
  { kernel: 5, stride: 2, expand: 6, outputs: 40, repeats: 2 },
  { kernel: 3, stride: 2, expand: 6, outputs: 80, repeats: 3 },
  { kernel: 5, stride: 1, expand: 6, outputs: 112, repeats: 3 },
] as const;

const STEM = 32;
const COLOURS = 3;

export interface EfficientNetMaps {
  /** [B, 24, H / 4, W / 4] */
  readonly quarter: Tensor;
  /** [B, 40, H / 8, W / 8] */
  readonly eighth: Tensor;
  /** [B, 112, H / 16, W / 16] */
  readonly sixteenth: Tensor;
}

/**
 * @param grey [B, 1, H, W] in 0…1
 * @param batchStatistics whether the batch norms use and update the statistics of the batch in training; if not, they keep the
 *   stored ones, which are merged into the convolutions
 */
export function efficientNetLite0(p: Parameters, grey: Tensor, batchStatistics: boolean): EfficientNetMaps {
  const norm: Norm = { stored: !batchStatistics || p.mode === 'infer' };
  let x = relu6(stem(p, grey, norm));
  const maps: Tensor[] = [];
  let block = 0;
  for (const { kernel, stride, expand, outputs, repeats } of STAGES) {
    for (let i = 0; i < repeats; i++) {
      const shape = { kernel, stride: i === 0 ? stride : 1, expand, outputs };
      x = invertedResidual(p.at(`_blocks.${block}`), x, shape, norm);
      block++;
    }
    maps.push(x);
  }
  return { quarter: maps[1]!, eighth: maps[2]!, sixteenth: maps[4]! };
}

interface Norm {
  /** Whether stored statistics count. */
  readonly stored: boolean;
}

/** The first convolution reads three equal channels of levels (255 · grey − 127) / 128: their kernels add up to one. */
function stem(p: Parameters, grey: Tensor, norm: Norm): Tensor {
  const levels = sub(mul(grey, 255 / 128), 127 / 128);
  const convolution = p.at('_conv_stem');
  const shape = [STEM, COLOURS, 3, 3];
  const colours = convolution.get('weight', shape, fanIn(COLOURS * 9));
  const weight = sum(colours, { axes: [1], keepDims: true });
  return normed(p.at('_bn0'), levels, weight, { stride: 2 }, norm);
}

interface BlockShape {
  readonly kernel: number;
  readonly stride: number;
  readonly expand: number;
  readonly outputs: number;
}

/** MBConv: 1×1 to more channels, depthwise, 1×1 to fewer; added to its input where both have one shape. */
function invertedResidual(p: Parameters, x: Tensor, shape: BlockShape, norm: Norm): Tensor {
  const { kernel, stride, expand, outputs } = shape;
  const inputs = x.size(1);
  const hidden = inputs * expand;
  const pointwise = (conv: string, bn: string, y: Tensor, channels: number): Tensor => {
    const weight = p.at(conv).get('weight', [channels, y.size(1), 1, 1], fanIn(y.size(1)));
    return normed(p.at(bn), y, weight, { stride: 1 }, norm);
  };
  const wide = expand === 1 ? x : relu6(pointwise('_expand_conv', '_bn0', x, hidden));
  const depthwise = p.at('_depthwise_conv').get('weight', [hidden, 1, kernel, kernel], fanIn(kernel * kernel));
  const moved = relu6(normed(p.at('_bn1'), wide, depthwise, { stride, convolve: depthwiseConv2d }, norm));
  const narrow = pointwise('_project_conv', '_bn2', moved, outputs);
  return stride === 1 && inputs === outputs ? add(narrow, x) : narrow;
}

/** A convolution padded as TensorFlow's SAME, and its batch norm. @param p of the norm */
function normed(
  p: Parameters,
  x: Tensor,
  weight: Tensor,
  { stride, convolve = conv2d }: { readonly stride: number; readonly convolve?: typeof depthwiseConv2d },
  { stored }: Norm,
): Tensor {
  const [top, bottom] = samePadding(x.size(2), weight.size(2), stride);
  const [left, right] = samePadding(x.size(3), weight.size(3), stride);
  const convolved = (kernels: Tensor, bias?: Tensor): Tensor =>
    convolve(x, kernels, bias, { stride, padding: [top, left, bottom, right] });
  return stored ? convStoredNorm(p, weight, convolved, NORM) : batchNorm2d(p, convolved(weight), NORM);
}

/** Zeros before and after an axis, the odd one after it. */
function samePadding(size: number, kernel: number, stride: number): readonly [number, number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

function relu6(x: Tensor): Tensor {
  return clip(x, 0, 6);
}
