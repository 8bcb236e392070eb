/**
 * SAMUS's image encoder (arXiv:2309.06824): SAM's ViT on overlapped patches with adapters, and beside it a CNN branch
 * that feeds it local detail through cross-branch attention in the global blocks.
 */
import { attend } from '../graph/ops/attention.js';
import { expand } from '../graph/ops/broadcasting.js';
import { add, gelu, mul } from '../graph/ops/elementwise.js';
import { maxPool2d } from '../graph/ops/pool.js';
import { resizeBilinear } from '../graph/ops/resize.js';
import { transpose } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { adapter, conv2d, layerNorm, layerNorm2d, linear, mlpBlock } from '../nn/layers.js';
import { type Parameters, ZEROS } from '../nn/parameters.js';
import type { SamusConfig } from './config.js';
import { EPSILON, imageOf, neck, tokensOf } from './imageEncoder.js';
import { vitAttention } from './vitAttention.js';

/** Called with each intermediate result, tokens [B, grid², C], by the name that the reference's code suggests. */
export type Observe = (name: string, value: Tensor) => void;

/**
 * @param image [B, 1, imageSize, imageSize] in 0…1, without further normalisation
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid]
 */
export function samusEncoder(p: Parameters, config: SamusConfig, image: Tensor, observe: Observe = () => {}): Tensor {
  const { tokenGrid: grid } = config;
  const rgb = expand(image, [image.shape[0], 3, image.shape[2], image.shape[3]]);
  let c = cnnBranch(p.at('cnn_embed'), config, rgb);
  observe('cnn_embed', c);
  let x = overlappedPatches(p.at('patch_embed.proj'), config, rgb);
  observe('patch_embed', x);
  x = add(x, adapter(p.at('input_Adapter'), x));
  observe('input_adapter', x);
  const position = positionAdapter(p, config);
  observe('position', position);
  x = add(x, position);
  for (let i = 0; i < config.depth; i++) {
    const block = p.at(`blocks.${i}`);
    if (config.globalBlocks.includes(i)) {
      [x, c] = globalBlock(block, config, x, c);
      observe(`block${i}.c`, c);
    } else {
      const normed = layerNorm(block.at('norm1'), x, EPSILON);
      x = add(x, vitAttention(block.at('attn'), normed, grid, config.heads, config.window));
      x = add(x, mlpBlock(block.at('mlp'), layerNorm(block.at('norm2'), x, EPSILON), config.mlp, gelu));
    }
    observe(`block${i}.x`, x);
  }
  return neck(p.at('neck'), add(x, mul(c, 0.5)), grid, config.promptDim);
}

/** Convolutions that halve the image down to the token grid. @returns [B, grid², dim] */
function cnnBranch(p: Parameters, config: SamusConfig, rgb: Tensor): Tensor {
  const stage = (conv: Parameters, norm: Parameters, x: Tensor, width: number) =>
    gelu(layerNorm2d(norm, conv2d(conv, x, width, { kernel: 3, padding: 1, bias: false })));
  const stages = Math.log2(config.imageSize / config.tokenGrid);
  let x = stage(p.at('inc.conv.0'), p.at('inc.conv.1'), rgb, config.stem);
  for (let i = 0; i < stages; i++) {
    const down = p.at(`downs.${i}.maxpool_conv`);
    const width = i === stages - 1 ? config.dim : config.stem * 2 ** (i + 1);
    x = stage(down.at('1'), down.at('2'), maxPool2d(x, { kernel: 2 }), width);
  }
  return tokensOf(x);
}

/** Patches that overlap: the image is stretched so that the grid comes out whole. @returns [B, grid², dim] */
function overlappedPatches(p: Parameters, config: SamusConfig, rgb: Tensor): Tensor {
  const { tokenGrid: grid, patchKernel: kernel } = config;
  const stride = config.imageSize / grid;
  const size = (grid - 1) * stride + kernel;
  return tokensOf(conv2d(p, resizeBilinear(rgb, size, size), config.dim, { kernel, stride }));
}

/** SAM's position table brought down to the token grid; the same for every image. @returns [1, grid², dim] */
function positionAdapter(p: Parameters, config: SamusConfig): Tensor {
  const table = p.get('pos_embed', [1, config.positionGrid, config.positionGrid, config.dim], ZEROS);
  let x = transpose(table, [0, 3, 1, 2]);
  for (let i = 0; i < Math.log2(config.positionGrid / config.tokenGrid); i++) {
    const down = p.at(`post_pos_embed.downs.${i}.maxpool_conv`);
    const pooled = maxPool2d(x, { kernel: 2 });
    x = gelu(
      layerNorm2d(down.at('2'), conv2d(down.at('1'), pooled, config.dim, { kernel: 3, padding: 1, bias: false })),
    );
  }
  return tokensOf(x);
}

/** A block in which both branches meet. @returns the tokens and the refined CNN features */
function globalBlock(p: Parameters, config: SamusConfig, x: Tensor, c: Tensor): [Tensor, Tensor] {
  const { tokenGrid: grid } = config;
  const normed = layerNorm(p.at('norm1'), x, EPSILON);
  const mixed = add(normed, crossBranchAttention(p.at('Space_Adapter'), normed, c, config.heads));
  const refined = conv2d(p.at('refine_Adapter.conv.0'), imageOf(c, grid), config.dim, {
    kernel: 3,
    padding: 1,
    bias: false,
  });
  const attended = add(x, vitAttention(p.at('attn'), mixed, grid, config.heads, 0));
  const y = layerNorm(p.at('norm2'), attended, EPSILON);
  const mlp = add(attended, mlpBlock(p.at('mlp'), y, config.mlp, gelu));
  return [
    add(mlp, mul(adapter(p.at('MLP_Adapter'), y), 0.5)),
    tokensOf(gelu(layerNorm2d(p.at('refine_Adapter.conv.1'), refined))),
  ];
}

/** The ViT's tokens ask the CNN's features. @param x [B, N, C] @param c [B, N, C], not normalised @returns [B, N, C] */
function crossBranchAttention(p: Parameters, x: Tensor, c: Tensor, heads: number): Tensor {
  const width = x.size(-1);
  const [q, k, v] = [linear(p.at('q'), x, width), linear(p.at('k'), c, width), linear(p.at('v'), c, width)];
  return linear(p.at('proj'), attend(q, k, v, { heads }), width);
}
