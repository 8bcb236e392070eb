/**
 * The image encoder of Medical SAM Adapter: SAM's with two bottleneck adapters in each block, one after the attention and one
 * beside the MLP. Windows are cut before the norm, so that a padded token is the norm's bias.
 *
 * Inside, tokens are the rows of a matrix, [B·grid², C].
 */
import { add, gelu, mul } from '../../graph/ops/elementwise.js';
import { resizeBicubic } from '../../graph/ops/resize.js';
import { transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { conv2d, layerNorm, mlpBlock } from '../../nn/layers.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';
import { adapter, EPSILON, forEachImage, neck, tokenRows } from '../sam/imageEncoder.js';
import {
  type AttentionPlan,
  globalAttention,
  planAttention,
  windowAttention,
  withPadding,
} from '../sam/vitAttention.js';
import type { MsaConfig } from './config.js';

/**
 * @param image preprocessed [B, 3, imageSize, imageSize]
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid]
 */
export function msaEncoder(p: Parameters, config: MsaConfig, image: Tensor): Tensor {
  const { tokenGrid: grid, dim } = config;
  const stride = config.imageSize / grid;
  const patches = conv2d(p.at('patch_embed.proj'), image, dim, { kernel: config.patchKernel, stride });
  let x = add(tokenRows(patches), forEachImage(positions(p, config), image));
  const plan = planAttention(image, grid, config.heads, config.window, { tables: ['rel_h', 'rel_w'] });
  for (let i = 0; i < config.depth; i++) {
    x = p.mark(`block${i}`, adaptedBlock(p.at(`blocks.${i}`), x, plan, config.mlp, config.globalBlocks.includes(i)));
  }
  return p.mark('embedding', neck(p.at('neck'), x, image.shape[0], grid, config.promptDim));
}

/** The table at the size of the token grid. @returns [1, grid, grid, C] */
function positions(p: Parameters, { tokenGrid: grid, positionGrid, dim }: MsaConfig): Tensor {
  const table = p.get('pos_embed', [1, positionGrid, positionGrid, dim], ZEROS);
  if (positionGrid === grid) return table;
  return transpose(resizeBicubic(transpose(table, [0, 3, 1, 2]), grid, grid), [0, 2, 3, 1]);
}

/** @param x [B·grid², C] */
function adaptedBlock(p: Parameters, x: Tensor, plan: AttentionPlan, mlp: number, isGlobal: boolean): Tensor {
  const isPadded = !isGlobal && plan.grid % plan.window !== 0;
  const normed = layerNorm(p.at('norm1'), isPadded ? withPadding(x, plan) : x, EPSILON);
  const attended = (isGlobal ? globalAttention : windowAttention)(p.at('attn'), normed, plan);
  const mixed = add(x, add(attended, adapter(p.at('Space_Adapter'), attended)));
  const y = layerNorm(p.at('norm2'), mixed, EPSILON);
  // For volumes; it does not run on pictures.
  adapter(p.unused('Depth_Adapter'), y);
  return add(add(mixed, mlpBlock(p.at('mlp'), y, mlp, gelu)), mul(adapter(p.at('MLP_Adapter'), y), 0.5));
}
