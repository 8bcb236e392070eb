/**
 * AutoSAMUS's prompt generator: object tokens and image tokens attend to each other, and the results are a prompt for the
 * decoder and an image embedding of its own.
 */

import { expand } from '../../graph/ops/broadcasting.js';
import { add, div, exp, gelu, mul, relu, sub } from '../../graph/ops/elementwise.js';
import { matmul, matmulTransposed, linear as project } from '../../graph/ops/matrix.js';
import { max, sum } from '../../graph/ops/reduce.js';
import { concat, reshape, slice, split, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { conv2d, layerNorm, layerNorm2d, linear } from '../../nn/layers.js';
import { fanIn, NORMAL, type Parameters } from '../../nn/parameters.js';

/** Sizes of the generator. */
export interface GeneratorSizes {
  /** Learned tokens, of which the first becomes the prompt. */
  readonly objectTokens: number;
  /** Width of the attention over all heads. */
  readonly generatorWidth: number;
  /** Hidden width of its MLP. */
  readonly generatorMlp: number;
  /** Channels between the convolutions of the feature adapter. */
  readonly adapterChannels: number;
}

const DEPTH = 2;
/** Heads of the attention; they leave no trace in the shapes. */
export const GENERATOR_HEADS = 8;
const EPSILON = 1e-5;
/** Convolutions of the feature adapter; each is followed by a norm and an activation. */
const ADAPTER_CONVOLUTIONS = 4;

/**
 * @param embedding of the image [B, C, g, g]
 * @param own the decoder's tokens [1, T, C]
 * @returns the image embedding [B, C, g, g] and the prompt [B, 1, C]
 */
export function promptGenerator(
  p: Parameters,
  sizes: GeneratorSizes,
  embedding: Tensor,
  own: Tensor,
): [Tensor, Tensor] {
  const [batch, width, grid] = [embedding.shape[0], embedding.size(1), embedding.size(2)];
  const objects = p.get('object_token', [1, sizes.objectTokens, width], NORMAL);
  const [asked] = crossTransformer(p.at('cross_token_token'), sizes, objects, own, false);
  const tokens = concat([add(linear(p.at('token_proj'), asked, width), objects), own], 1);
  const image = reshape(transpose(embedding, [0, 2, 3, 1]), [batch, grid * grid, width]);
  const ofImages = expand(tokens, [batch, tokens.size(1), width], image);
  const [changed, prompts] = crossTransformer(p.at('cross_image_token'), sizes, image, ofImages, true);
  return [transpose(reshape(changed, [batch, grid, grid, width]), [0, 3, 1, 2]), slice(prompts, 1, 0, 1)];
}

/** Convolutions that make the dense prompt of the image embedding. @param x [B, C, g, g] @returns [B, C, g, g] */
export function featureAdapter(p: Parameters, x: Tensor, channels: number): Tensor {
  let y = x;
  for (let i = 0; i < ADAPTER_CONVOLUTIONS; i++) {
    const outputs = i === ADAPTER_CONVOLUTIONS - 1 ? x.size(1) : channels;
    const convolved = conv2d(p.at(`${3 * i}`), y, outputs, { kernel: 3, padding: 1, bias: false });
    y = gelu(layerNorm2d(p.at(`${3 * i + 1}`), convolved));
  }
  return y;
}

/**
 * Both sides attend to each other at once, twice.
 * @param x1 [B, N, C]
 * @param x2 [B, M, C]
 * @param usesBoth whether the second result is used; else its last layer is dead
 */
function crossTransformer(
  p: Parameters,
  sizes: GeneratorSizes,
  x1: Tensor,
  x2: Tensor,
  usesBoth: boolean,
): [Tensor, Tensor] {
  let [a, b] = [x1, x2];
  for (let i = 0; i < DEPTH; i++) {
    const layer = p.at(`layers.${i}`);
    const second = (name: string) => (i < DEPTH - 1 || usesBoth ? layer.at(name) : layer.unused(name));
    const [toA, toB] = [attention(layer.at('0'), sizes, a, b), attention(second('1'), sizes, b, a)];
    [a, b] = [add(a, toA), add(b, toB)];
    [a, b] = [add(a, feedForward(layer.at('2'), sizes, a)), add(b, feedForward(second('3'), sizes, b))];
  }
  return [a, b];
}

/** @param x asks [B, N, C] @param context is asked [B, M, C] @returns [B, N, C] */
function attention(p: Parameters, { generatorWidth: inner }: GeneratorSizes, x: Tensor, context: Tensor): Tensor {
  const fn = p.at('fn');
  const width = x.size(-1);
  const projected = (name: string, from: Tensor, outputs: number) =>
    project(from, fn.at(name).get('weight', [outputs, width], fanIn(width)));
  const q = projected('to_q', layerNorm(p.at('norm1'), x, EPSILON), inner);
  const kv = projected('to_kv', layerNorm(p.at('norm2'), context, EPSILON), 2 * inner);
  const [k, v] = split(kv, 2, [inner, inner]);
  const scaled = mul(byHead(q), Math.sqrt(GENERATOR_HEADS / inner));
  const attended = matmul(softerMax(matmulTransposed(scaled, byHead(k))), byHead(v));
  const merged = reshape(transpose(attended, [0, 2, 1, 3]), [x.shape[0], x.size(1), inner]);
  return linear(fn.at('to_out.0'), merged, width);
}

/** [B, N, heads·d] → [B, heads, N, d] */
function byHead(x: Tensor): Tensor {
  const [batch, tokens, inner] = [x.shape[0], x.size(1), x.size(2)];
  return transpose(reshape(x, [batch, tokens, GENERATOR_HEADS, inner / GENERATOR_HEADS]), [0, 2, 1, 3]);
}

/** exp(z − m) / (1 + Σ exp(z − m)) with the largest m: as published, so that the weights add up to less than one. */
function softerMax(z: Tensor): Tensor {
  const powers = exp(sub(z, max(z, { axes: [-1], keepDims: true, ties: 'first' })));
  return div(powers, add(sum(powers, { axes: [-1], keepDims: true }), 1));
}

function feedForward(p: Parameters, { generatorMlp }: GeneratorSizes, x: Tensor): Tensor {
  const net = p.at('fn.net');
  const hidden = relu(linear(net.at('0'), layerNorm(p.at('norm'), x, EPSILON), generatorMlp));
  return linear(net.at('3'), hidden, x.size(-1));
}
