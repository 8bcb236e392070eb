/**
 * Layers with weights, by the reference's names for them: linear, convolution, norms, embedding, MLP.
 */

import {
  type ConvOptions,
  conv2d as convolve,
  convTranspose2d as convolveTransposed,
} from '../graph/ops/convolution.js';
import { gelu, relu } from '../graph/ops/elementwise.js';
import { linear as project } from '../graph/ops/matrix.js';
import { layerNorm as normalise, layerNorm2d as normalise2d } from '../graph/ops/normalise.js';
import { conv3x3OfTokensInt8, linearInt8 } from '../graph/ops/quantised.js';
import { pad, reshape } from '../graph/ops/shape.js';
import { conv3x3OfTokens as convolveTokens } from '../graph/ops/winograd.js';
import type { Tensor } from '../graph/tensor.js';
import { fanIn, NORMAL, ONES, type Parameters, ZEROS } from './parameters.js';

/** x·Wᵀ + b over the last axis. @param x [..., inputs] @returns [..., outputs] */
export function linear(p: Parameters, x: Tensor, outputs: number): Tensor {
  const inputs = x.size(-1);
  const quantised = p.quantised('weight', [outputs, inputs]);
  const bias = p.get('bias', [outputs], fanIn(inputs));
  if (quantised) return linearInt8(x, quantised.weight, quantised.scale, bias);
  return project(x, p.get('weight', [outputs, inputs], fanIn(inputs)), bias);
}

/**
 * A 3×3 convolution over the token grid, without a bias.
 * @param x [B·grid², I]
 * @returns [B·grid², outputs]
 */
export function conv3x3OfTokens(p: Parameters, x: Tensor, batch: number, grid: number, outputs: number): Tensor {
  const inputs = x.size(-1);
  const shape = [outputs, inputs, 3, 3];
  const quantised = p.quantised('weight', shape);
  if (quantised) return conv3x3OfTokensInt8(x, quantised.weight, quantised.scale, grid);
  const images = reshape(x, [batch, grid * grid, inputs]);
  return reshape(convolveTokens(images, p.get('weight', shape, fanIn(inputs * 9)), grid), [-1, outputs]);
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

interface ConvLayerOptions extends ConvOptions {
  readonly kernel: number;
  readonly bias?: boolean;
}

/** @param x [B, I, H, W] @returns [B, outputs, H', W'] */
export function conv2d(p: Parameters, x: Tensor, outputs: number, options: ConvLayerOptions): Tensor {
  const { kernel, bias = true, groups = 1 } = options;
  const inputs = x.size(1) / groups;
  const start = fanIn(inputs * kernel * kernel);
  const weight = p.get('weight', [outputs, inputs, kernel, kernel], start);
  return convolve(x, weight, bias ? p.get('bias', [outputs], start) : undefined, options);
}

/** Transposed convolution with a bias. @param x [B, I, H, W] @returns [B, outputs, H·stride, W·stride] for kernel = stride */
export function convTranspose2d(p: Parameters, x: Tensor, outputs: number, options: ConvLayerOptions): Tensor {
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

/** Rows this far apart fall on the same lines of a processor's first cache, and a product over them crawls. */
const ALIASED_BYTES = 4096;
/** Columns of zeros that move the rows apart: one cache line. */
const SPREAD = 16;

/**
 * SAM's MLP block: two linear layers (`lin1`, `lin2`) with an activation between that maps zero to zero.
 *
 * A hidden width whose rows alias is widened by columns of zeros: the same result, a tenth faster.
 */
export function mlpBlock(p: Parameters, x: Tensor, hidden: number, activation: (x: Tensor) => Tensor): Tensor {
  const width = x.size(-1);
  const [first, second] = [p.at('lin1'), p.at('lin2')];
  // Whole bytes do not alias, and both layers are quantised or none.
  if (first.quantised('weight', [hidden, width])) return linear(second, activation(linear(first, x, hidden)), width);
  const w1 = first.get('weight', [hidden, width], fanIn(width));
  const b1 = first.get('bias', [hidden], fanIn(width));
  const w2 = second.get('weight', [width, hidden], fanIn(hidden));
  const b2 = second.get('bias', [width], fanIn(hidden));
  const extra = (hidden * 4) % ALIASED_BYTES === 0 ? SPREAD : 0;
  const y = activation(project(x, pad(w1, 0, 0, extra), pad(b1, 0, 0, extra)));
  return project(y, pad(w2, 1, 0, extra), b2);
}

/** SAM's MLP head: linear layers `layers.0…` with ReLU between, as many as there are sizes. */
export function mlpHead(p: Parameters, x: Tensor, sizes: readonly number[]): Tensor {
  return sizes.reduce((y, size, i) => {
    const z = linear(p.at(`layers.${i}`), y, size);
    return i < sizes.length - 1 ? relu(z) : z;
  }, x);
}

/** The bottleneck adapter (`D_fc1`, GELU, `D_fc2`) at a quarter of the width, without its skip connection. */
export function adapter(p: Parameters, x: Tensor): Tensor {
  const width = x.size(-1);
  return linear(p.at('D_fc2'), gelu(linear(p.at('D_fc1'), x, Math.floor(width / 4))), width);
}
