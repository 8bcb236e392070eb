/**
 * SAM's image encoder (ViT): patches, absolute positions, windowed and global blocks, neck.
 *
 * Inside, tokens are the rows of a matrix, [B·grid², C].
 */

import type { Dim } from '../../graph/dims.js';
import { expand } from '../../graph/ops/broadcasting.js';
import { add, gelu } from '../../graph/ops/elementwise.js';
import { linear } from '../../graph/ops/matrix.js';
import { reshape, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { conv2d, conv3x3OfTokens, layerNorm, linear as linearLayer, mlpBlock } from '../../nn/layers.js';
import { fanIn, type Parameters, ZEROS } from '../../nn/parameters.js';
import type { SamSizes } from './config.js';
import {
  type AttentionChanges,
  type AttentionPlan,
  globalAttention,
  planAttention,
  windowAttention,
} from './vitAttention.js';

/** Epsilon of the encoder's norms. */
export const EPSILON = 1e-6;

/** How an encoder differs from SAM's. */
interface EncoderChanges extends AttentionChanges {
  /** From the patches, before positions are added: changes to the input of each block. */
  readonly adapt?: (patches: Tensor) => (x: Tensor, block: number) => Tensor;
}

/**
 * @param image preprocessed [B, 3, imageSize, imageSize]
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid]
 */
export function imageEncoder(p: Parameters, config: SamSizes, image: Tensor, changes: EncoderChanges = {}): Tensor {
  const { tokenGrid: grid, dim } = config;
  const stride = config.imageSize / grid;
  const patches = conv2d(p.at('patch_embed.proj'), image, dim, { kernel: config.patchKernel, stride });
  const tokens = tokenRows(patches);
  const adapted = changes.adapt?.(tokens);
  let x = add(tokens, forEachImage(p.get('pos_embed', [1, grid, grid, dim], ZEROS), image));
  const plan = planAttention(image, grid, config.heads, config.window, changes);
  for (let i = 0; i < config.depth; i++) {
    const block = p.at(`blocks.${i}`);
    if (adapted) x = adapted(x, i);
    x = samBlock(block, x, plan, config.mlp, config.globalBlocks.includes(i) ? globalAttention : windowAttention);
    p.mark(`block${i}`, x);
  }
  return p.mark('embedding', neck(p.at('neck'), x, image.shape[0], grid, config.promptDim));
}

type Attention = (p: Parameters, x: Tensor, plan: AttentionPlan) => Tensor;

/** A block of SAM's ViT; SAMUS keeps the windowed ones unchanged. @param x [B·grid², C] */
export function samBlock(p: Parameters, x: Tensor, plan: AttentionPlan, mlp: number, attention: Attention): Tensor {
  const attended = add(x, attention(p.at('attn'), layerNorm(p.at('norm1'), x, EPSILON), plan));
  return add(attended, mlpBlock(p.at('mlp'), layerNorm(p.at('norm2'), attended, EPSILON), mlp, gelu));
}

/** The bottleneck adapter (`D_fc1`, GELU, `D_fc2`) at a quarter of the width, without its skip connection. */
export function adapter(p: Parameters, x: Tensor): Tensor {
  const width = x.size(-1);
  return linearLayer(p.at('D_fc2'), gelu(linearLayer(p.at('D_fc1'), x, Math.floor(width / 4))), width);
}

/** Repeats a table of positions [1, …, C] for each image. @param image [B, …] @returns [B·grid², C] */
export function forEachImage(table: Tensor, image: Tensor): Tensor {
  const rows = reshape(table, [1, -1, table.size(-1)]);
  return reshape(expand(rows, [image.shape[0], rows.size(1), rows.size(2)], image), [-1, table.size(-1)]);
}

/** An image as rows. @param x [B, C, H, W] @returns [B·H·W, C] */
export function tokenRows(x: Tensor): Tensor {
  return reshape(transpose(x, [0, 2, 3, 1]), [-1, x.size(1)]);
}

/** Two convolutions from the transformer's width to the prompts'. @param x [B·grid², C] @returns [B, width, grid, grid] */
export function neck(p: Parameters, x: Tensor, batch: Dim, grid: number, width: number): Tensor {
  const inputs = x.size(-1);
  const narrow = linear(x, reshape(p.at('0').get('weight', [width, inputs, 1, 1], fanIn(inputs)), [width, inputs]));
  const mixed = conv3x3OfTokens(p.at('2'), layerNorm(p.at('1'), narrow, EPSILON), batch, grid, width);
  return transpose(reshape(layerNorm(p.at('3'), mixed, EPSILON), [batch, grid, grid, width]), [0, 3, 1, 2]);
}
