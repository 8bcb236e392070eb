/**
 * SAM's image encoder (ViT): patches, absolute positions, windowed and global blocks, neck.
 */
import { add, gelu } from '../graph/ops/elementwise.js';
import { reshape, transpose } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { conv2d, layerNorm, layerNorm2d, mlpBlock } from '../nn/layers.js';
import { type Parameters, ZEROS } from '../nn/parameters.js';
import type { SamConfig } from './config.js';
import { vitAttention } from './vitAttention.js';

/** Epsilon of the encoder's norms. */
export const EPSILON = 1e-6;

/**
 * @param image preprocessed [B, 3, imageSize, imageSize]
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid]
 */
export function imageEncoder(p: Parameters, config: SamConfig, image: Tensor): Tensor {
  const { tokenGrid: grid, dim } = config;
  const stride = config.imageSize / grid;
  const patches = conv2d(p.at('patch_embed.proj'), image, dim, { kernel: config.patchKernel, stride });
  const positions = reshape(p.get('pos_embed', [1, grid, grid, dim], ZEROS), [1, grid * grid, dim]);
  let x = add(tokensOf(patches), positions);
  for (let i = 0; i < config.depth; i++) {
    const block = p.at(`blocks.${i}`);
    const window = config.globalBlocks.includes(i) ? 0 : config.window;
    const attended = vitAttention(
      block.at('attn'),
      layerNorm(block.at('norm1'), x, EPSILON),
      grid,
      config.heads,
      window,
    );
    x = add(x, attended);
    x = add(x, mlpBlock(block.at('mlp'), layerNorm(block.at('norm2'), x, EPSILON), config.mlp, gelu));
  }
  return neck(p.at('neck'), x, grid, config.promptDim);
}

/** An image as a list of tokens. @param x [B, C, H, W] @returns [B, H·W, C] */
export function tokensOf(x: Tensor): Tensor {
  const [batch, channels] = x.shape;
  return reshape(transpose(x, [0, 2, 3, 1]), [batch, x.size(2) * x.size(3), channels]);
}

/** Tokens of a square grid as an image. @param x [B, grid², C] @returns [B, C, grid, grid] */
export function imageOf(x: Tensor, grid: number): Tensor {
  return transpose(reshape(x, [x.shape[0], grid, grid, x.size(-1)]), [0, 3, 1, 2]);
}

/** Two convolutions from the transformer's width to the prompts'. @param x [B, grid², C] @returns [B, width, grid, grid] */
export function neck(p: Parameters, x: Tensor, grid: number, width: number): Tensor {
  const narrow = layerNorm2d(p.at('1'), conv2d(p.at('0'), imageOf(x, grid), width, { kernel: 1, bias: false }));
  return layerNorm2d(p.at('3'), conv2d(p.at('2'), narrow, width, { kernel: 3, padding: 1, bias: false }));
}
