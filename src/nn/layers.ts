/**
 * Layers with weights named as in PyTorch: linear, convolution, norms, embedding, MLP, dropout. The mode of the parameters
 * selects between training and inference.
 */

import { SamusError } from '../errors.js';
import type { Dim } from '../graph/dims.js';
import {
  type ConvOptions,
  type ConvTransposeOptions,
  conv2d as convolve,
  convTranspose2d as convolveTransposed,
} from '../graph/ops/convolution.js';
import { dropout as drop, dropout2d as drop2d, dropPath as dropSamples } from '../graph/ops/dropout.js';
import { add, div, mul, sqrt, sub } from '../graph/ops/elementwise.js';
import { linear as project } from '../graph/ops/matrix.js';
import {
  layerNorm as normalise,
  layerNorm2d as normalise2d,
  batchNorm as normaliseBatch,
  groupNorm as normaliseGroups,
  batchNormInfer as normaliseStored,
} from '../graph/ops/normalise.js';
import { conv3x3OfTokensInt8, linearInt8 } from '../graph/ops/quantised.js';
import { pad, reshape, transpose } from '../graph/ops/shape.js';
import { conv3x3OfTokens as convolveTokens } from '../graph/ops/winograd.js';
import { integers, shapeError, type Tensor } from '../graph/tensor.js';
import { fanIn, NORMAL, ONES, type Parameters, ZEROS } from './parameters.js';

interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean;
  /** Weights start normal with this deviation and biases at zero, in place of PyTorch's default. */
  readonly deviation?: number | undefined;
}

/** x·Wᵀ + b over the last axis. @param x [..., inputs] @returns [..., outputs] */
export function linear(p: Parameters, x: Tensor, outputs: number, options: LinearOptions = {}): Tensor {
  const { bias: hasBias = true, deviation } = options;
  const inputs = x.size(-1);
  const quantised = p.quantised('weight', [outputs, inputs]);
  const bias = hasBias ? p.get('bias', [outputs], deviation === undefined ? fanIn(inputs) : ZEROS) : undefined;
  if (quantised) return linearInt8(x, quantised.weight, quantised.scale, bias);
  const start = deviation === undefined ? fanIn(inputs) : ({ kind: 'normal', deviation } as const);
  return project(x, p.get('weight', [outputs, inputs], start), bias);
}

/**
 * A 3×3 convolution over the token grid, without a bias.
 * @param x [B·grid², I]
 * @returns [B·grid², outputs]
 */
export function conv3x3OfTokens(p: Parameters, x: Tensor, batch: Dim, grid: number, outputs: number): Tensor {
  const inputs = x.size(-1);
  const shape = [outputs, inputs, 3, 3];
  const quantised = p.quantised('weight', shape);
  if (quantised) return conv3x3OfTokensInt8(x, quantised.weight, quantised.scale, grid);
  const weight = p.get('weight', shape, fanIn(inputs * 9));
  if (typeof batch === 'string') {
    // The tables of the faster way are made for a known number of images.
    const image = transpose(reshape(x, [batch, grid, grid, inputs]), [0, 3, 1, 2]);
    return reshape(transpose(convolve(image, weight, undefined, { padding: 1 }), [0, 2, 3, 1]), [-1, outputs]);
  }
  return reshape(convolveTokens(reshape(x, [batch, grid * grid, inputs]), weight, grid), [-1, outputs]);
}

/** Layer norm over the last axis. @param x [..., C] */
export function layerNorm(p: Parameters, x: Tensor, epsilon: number): Tensor {
  const channels = x.size(-1);
  return normalise(x, p.get('weight', [channels], ONES), p.get('bias', [channels], ZEROS), epsilon);
}

/** SAM's LayerNorm2d: each pixel over its channels, epsilon 1e-6. @param x [B, C, H, W] */
export function layerNorm2d(p: Parameters, x: Tensor): Tensor {
  const channels = x.size(1);
  return normalise2d(x, p.get('weight', [channels], ONES), p.get('bias', [channels], ZEROS), 1e-6);
}

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Weight of the batch's statistics in the updated running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Whether the running variance is divided by n − 1 as in PyTorch, or by n as in Keras. Default true. */
  readonly unbiased?: boolean;
}

/**
 * Batch norm. Training uses the statistics of the batch and updates the running ones; inference uses the running ones.
 * @param x [B, C, H, W]
 * @throws SamusError TRAIN_BATCH_NORM in training if B·H·W is 1: a single value has no variance
 */
export function batchNorm2d(p: Parameters, x: Tensor, options: BatchNormOptions = {}): Tensor {
  if (x.rank !== 4) throw shapeError('batchNorm2d', '[B, C, H, W]', x);
  return batchNorm(p, x, options);
}

/** As {@link batchNorm2d}. @param x [B, C] */
export function batchNorm1d(p: Parameters, x: Tensor, options: BatchNormOptions = {}): Tensor {
  if (x.rank !== 2) throw shapeError('batchNorm1d', '[B, C]', x);
  return batchNorm(p, x, options);
}

/**
 * A convolution without a bias and a batch norm that keeps its stored statistics, in training too, as one convolution:
 * kernels · weight / √(variance + epsilon), and what is left as its bias. In inference it is computed once, and in training it
 * saves passes over the maps.
 * @param p of the norm
 * @param kernels [O, I / groups, kh, kw]
 * @param convolved the convolution by other kernels, with a bias
 */
export function convStoredNorm(
  p: Parameters,
  kernels: Tensor,
  convolved: (kernels: Tensor, bias: Tensor) => Tensor,
  { epsilon = 1e-5 }: BatchNormOptions = {},
): Tensor {
  const outputs = kernels.size(0);
  const { weight, bias, runningMean, runningVar } = normWeights(p, outputs);
  const scale = div(weight, sqrt(add(runningVar, epsilon)));
  const merged = mul(kernels, reshape(scale, [outputs, 1, 1, 1]));
  return convolved(merged, sub(bias, mul(runningMean, scale)));
}

/** The weights and buffers of a batch norm. */
function normWeights(p: Parameters, count: number) {
  const channels = [count];
  const weight = p.get('weight', channels, ONES);
  const bias = p.get('bias', channels, ZEROS);
  const runningMean = p.get('running_mean', channels, ZEROS, true);
  const runningVar = p.get('running_var', channels, ONES, true);
  p.count('num_batches_tracked');
  return { weight, bias, runningMean, runningVar };
}

function batchNorm(
  p: Parameters,
  x: Tensor,
  { epsilon = 1e-5, momentum = 0.1, unbiased = true }: BatchNormOptions,
): Tensor {
  const { weight, bias, runningMean, runningVar } = normWeights(p, x.size(1));
  if (p.mode === 'infer') return normaliseStored(x, weight, bias, runningMean, runningVar, epsilon);
  if (x.shape.every((dim, axis) => axis === 1 || dim === 1)) {
    const message =
      'expected at least two values of each channel for a batch norm, got a batch of one with maps of 1×1';
    throw new SamusError('TRAIN_BATCH_NORM', message, 'train with --batch 2 or more; networks may need larger images', {
      shape: x.shape.map(Number),
    });
  }
  const { y, mean, variance, unbiasedVariance } = normaliseBatch(x, weight, bias, epsilon);
  const towards = (value: Tensor) => (now: Tensor) => add(mul(now, 1 - momentum), mul(value, momentum));
  p.update('running_mean', towards(mean));
  p.update('running_var', towards(unbiased ? unbiasedVariance : variance));
  p.update('num_batches_tracked', (now) => add(now, integers([1], [])));
  return y;
}

/** Group norm of each image. @param x [B, C, ...], C a multiple of `groups` */
export function groupNorm(p: Parameters, x: Tensor, groups: number, epsilon = 1e-5): Tensor {
  const channels = [x.size(1)];
  return normaliseGroups(x, groups, p.get('weight', channels, ONES), p.get('bias', channels, ZEROS), epsilon);
}

/** In training, sets values to zero with probability `rate` and divides the others by 1 − rate. */
export function dropout(p: Parameters, x: Tensor, rate: number): Tensor {
  return dropped(p, x, rate, x.rank, drop);
}

/** {@link dropout} of whole channels. @param x [B, C, ...] */
export function dropout2d(p: Parameters, x: Tensor, rate: number): Tensor {
  return dropped(p, x, rate, 2, drop2d);
}

/** {@link dropout} of whole samples (stochastic depth), for a branch added to a skip connection. @param x [B, ...] */
export function dropPath(p: Parameters, x: Tensor, rate: number): Tensor {
  return dropped(p, x, rate, 1, dropSamples);
}

/** @param axes how many of the first axes of `x` have random numbers */
function dropped(p: Parameters, x: Tensor, rate: number, axes: number, operation: typeof drop): Tensor {
  if (!p.drops || rate === 0) return x;
  return operation(x, p.noise(Array.from({ length: axes }, (_, axis) => x.size(axis))), rate);
}

interface ConvLayerOptions extends ConvOptions {
  readonly kernel: number;
  readonly bias?: boolean;
  /** Weights start normal with the deviation √(2 / fan-in) (He et al.), in place of PyTorch's default. */
  readonly kaiming?: boolean;
}

/** @param x [B, I, H, W] @returns [B, outputs, H', W'] */
export function conv2d(p: Parameters, x: Tensor, outputs: number, options: ConvLayerOptions): Tensor {
  const { kernel, bias = true, groups = 1, kaiming = false } = options;
  const inputs = x.size(1) / groups;
  const fan = inputs * kernel * kernel;
  const start = fanIn(fan);
  const initial = kaiming ? ({ kind: 'normal', deviation: Math.sqrt(2 / fan) } as const) : start;
  const weight = p.get('weight', [outputs, inputs, kernel, kernel], initial);
  return convolve(x, weight, bias ? p.get('bias', [outputs], start) : undefined, options);
}

interface ConvTransposeLayerOptions extends ConvTransposeOptions {
  readonly kernel: number;
}

/** Transposed convolution with a bias. @param x [B, I, H, W] @returns [B, outputs, H·stride, W·stride] for kernel = stride */
export function convTranspose2d(p: Parameters, x: Tensor, outputs: number, options: ConvTransposeLayerOptions): Tensor {
  const { kernel } = options;
  // PyTorch counts the fan-in of a transposed convolution on the axis of its outputs.
  const start = fanIn(outputs * kernel * kernel);
  const weight = p.get('weight', [x.size(1), outputs, kernel, kernel], start);
  return convolveTransposed(x, weight, p.get('bias', [outputs], start), options);
}

/** A learned table. @returns [rows, size] */
export function embedding(p: Parameters, rows: number, size: number): Tensor {
  return p.get('weight', [rows, size], NORMAL);
}

/** Rows this far apart share the same lines of a processor's first cache, which makes products over them slow. */
const ALIASED_BYTES = 4096;
/** Columns of zeros to add: one cache line. */
const SPREAD = 16;

/**
 * SAM's MLP block: two linear layers (`lin1`, `lin2`) and an activation between them that maps zero to zero.
 *
 * If the rows of the hidden width share cache lines, columns of zeros are added: same result, a tenth faster.
 */
export function mlpBlock(p: Parameters, x: Tensor, hidden: number, activation: (x: Tensor) => Tensor): Tensor {
  const width = x.size(-1);
  const [first, second] = [p.at('lin1'), p.at('lin2')];
  // 8-bit rows do not share cache lines. Either both layers are quantised or neither is.
  if (first.quantised('weight', [hidden, width])) return linear(second, activation(linear(first, x, hidden)), width);
  const w1 = first.get('weight', [hidden, width], fanIn(width));
  const b1 = first.get('bias', [hidden], fanIn(width));
  const w2 = second.get('weight', [width, hidden], fanIn(hidden));
  const b2 = second.get('bias', [width], fanIn(hidden));
  const extra = (hidden * 4) % ALIASED_BYTES === 0 ? SPREAD : 0;
  const y = activation(project(x, pad(w1, 0, 0, extra), pad(b1, 0, 0, extra)));
  return project(y, pad(w2, 1, 0, extra), b2);
}
