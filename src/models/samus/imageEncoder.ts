/**
 * SAMUS's image encoder (arXiv:2309.06824): SAM's ViT on overlapped patches with adapters, and beside it a CNN branch
 * that feeds it local detail through cross-branch attention in the global blocks.
 *
 * Inside, tokens are the rows of a matrix, [B·grid², C].
 */
import { attend } from '../../graph/ops/attention.js';
import { conv2d as convolve } from '../../graph/ops/convolution.js';
import { add, gelu, mul } from '../../graph/ops/elementwise.js';
import { maxPool2d } from '../../graph/ops/pool.js';
import { sum } from '../../graph/ops/reduce.js';
import { resizeBilinear } from '../../graph/ops/resize.js';
import { concat, reshape, transpose } from '../../graph/ops/shape.js';
import type { Tensor } from '../../graph/tensor.js';
import { type EfficientNetMaps, efficientNetLite0 } from '../../nn/efficientNet.js';
import { conv2d, conv3x3OfTokens, layerNorm, layerNorm2d, linear, mlpBlock } from '../../nn/layers.js';
import { fanIn, type Parameters, ZEROS } from '../../nn/parameters.js';
import { packedDetail } from '../sam/detailMaps.js';
import { adapter, EPSILON, forEachImage, neck, samBlock, tokenRows } from '../sam/imageEncoder.js';
import { type AttentionPlan, globalAttention, planAttention, windowAttention } from '../sam/vitAttention.js';
import type { SamusSizes } from './config.js';

/** Called with each intermediate result, tokens [B·grid², C], by the name that the reference's code suggests. */
export type Observe = (name: string, value: Tensor) => void;

/** Channels of the image that the published weights expect: grey, three times. */
const COPIES = 3;

/**
 * @param image [B, 1, imageSize, imageSize] in 0…1, without further normalisation
 * @returns the image embedding [B, promptDim, tokenGrid, tokenGrid], with further channels for `detail`
 */
export function samusEncoder(p: Parameters, config: SamusSizes, image: Tensor, observe: Observe = () => {}): Tensor {
  const { tokenGrid: grid } = config;
  const maps = config.cnn && efficientNetLite0(p.at('cnn_embed.backbone'), image, config.cnnBatchStatistics === true);
  let c = config.cnnBranch === false ? undefined : cnnBranch(p.at('cnn_embed'), config, image, maps);
  if (c) observe('cnn_embed', c);
  let x = overlappedPatches(p.at('patch_embed.proj'), config, image);
  observe('patch_embed', x);
  if (config.featureAdapters !== false) x = add(x, adapter(p.at('input_Adapter'), x));
  observe('input_adapter', x);
  const position = config.positionAdapter === false ? resizedPosition(p, config) : positionAdapter(p, config);
  observe('position', position);
  x = add(x, forEachImage(reshape(position, [1, grid * grid, config.dim]), image));
  const plan = planAttention(image, grid, config.heads, config.window);
  for (let i = 0; i < config.depth; i++) {
    const block = p.at(`blocks.${i}`);
    if (config.globalBlocks.includes(i)) {
      [x, c] = globalBlock(block, config, x, c, plan);
      if (c) observe(`block${i}.c`, c);
    } else {
      x = samBlock(block, x, plan, config.mlp, windowAttention);
    }
    observe(`block${i}.x`, x);
  }
  const embedding = neck(p.at('neck'), c ? add(x, mul(c, 0.5)) : x, image.shape[0], grid, config.promptDim);
  if (!maps || !config.detail) return embedding;
  return concat([embedding, packedDetail(p, [maps.eighth, maps.quarter], grid)], 1);
}

/**
 * A convolution of the grey image by weights for three equal channels: their sum is the kernel of the one.
 * @returns [B, outputs, H', W']
 */
function convolveGrey(
  p: Parameters,
  image: Tensor,
  outputs: number,
  kernel: number,
  at: { stride?: number; padding?: number; bias: boolean },
) {
  const start = fanIn(COPIES * kernel * kernel);
  const weight = sum(p.get('weight', [outputs, COPIES, kernel, kernel], start), { axes: [1], keepDims: true });
  return convolve(image, weight, at.bias ? p.get('bias', [outputs], start) : undefined, at);
}

/** Local detail at the token grid. @param maps of a pretrained network, if it has one @returns [B·grid², dim] */
function cnnBranch(p: Parameters, config: SamusSizes, image: Tensor, maps: EfficientNetMaps | undefined): Tensor {
  return maps ? linear(p.at('project'), tokenRows(maps.sixteenth), config.dim) : publishedBranch(p, config, image);
}

/** Convolutions that halve the image down to the token grid. @returns [B·grid², dim] */
function publishedBranch(p: Parameters, config: SamusSizes, image: Tensor): Tensor {
  const activate = (norm: Parameters, x: Tensor) => gelu(layerNorm2d(norm, x), { flat: true });
  const stages = Math.log2(config.imageSize / config.tokenGrid);
  const first = p.at('inc.conv');
  let x = activate(first.at('1'), convolveGrey(first.at('0'), image, config.stem, 3, { padding: 1, bias: false }));
  for (let i = 0; i < stages; i++) {
    const down = p.at(`downs.${i}.maxpool_conv`);
    const width = i === stages - 1 ? config.dim : config.stem * 2 ** (i + 1);
    const convolved = conv2d(down.at('1'), maxPool2d(x, { kernel: 2 }), width, { kernel: 3, padding: 1, bias: false });
    x = activate(down.at('2'), convolved);
  }
  return tokenRows(x);
}

/** Patches that overlap: the image is stretched so that the grid is whole. @returns [B·grid², dim] */
function overlappedPatches(p: Parameters, config: SamusSizes, image: Tensor): Tensor {
  const { tokenGrid: grid, patchKernel: kernel } = config;
  const stride = config.imageSize / grid;
  const size = (grid - 1) * stride + kernel;
  return tokenRows(convolveGrey(p, resizeBilinear(image, size, size), config.dim, kernel, { stride, bias: true }));
}

/** SAM's position table brought down to the token grid; the same for every image. @returns [grid², dim] */
function positionAdapter(p: Parameters, config: SamusSizes): Tensor {
  let x = reshape(positionTable(p, config), [-1, config.dim]);
  let grid = config.positionGrid;
  for (let i = 0; grid > config.tokenGrid; i++) {
    const down = p.at(`post_pos_embed.downs.${i}.maxpool_conv`);
    const image = transpose(reshape(x, [1, grid, grid, config.dim]), [0, 3, 1, 2]);
    grid /= 2;
    const convolved = conv3x3OfTokens(down.at('1'), tokenRows(maxPool2d(image, { kernel: 2 })), 1, grid, config.dim);
    x = gelu(layerNorm(down.at('2'), convolved, EPSILON));
  }
  return x;
}

/** In place of the position adapter: the table resized to the token grid. @returns [grid², dim] */
function resizedPosition(p: Parameters, config: SamusSizes): Tensor {
  const image = transpose(positionTable(p, config), [0, 3, 1, 2]);
  return tokenRows(resizeBilinear(image, config.tokenGrid, config.tokenGrid));
}

/** SAM's table of absolute positions [1, positionGrid, positionGrid, dim]. */
function positionTable(p: Parameters, { positionGrid, dim }: SamusSizes): Tensor {
  return p.get('pos_embed', [1, positionGrid, positionGrid, dim], ZEROS);
}

/**
 * A block in which both branches meet. Seeded weights depend on the order in which they are declared here.
 * @param c the CNN features, if there is a CNN branch
 * @returns the tokens and the refined CNN features
 */
function globalBlock(
  p: Parameters,
  config: SamusSizes,
  x: Tensor,
  c: Tensor | undefined,
  plan: AttentionPlan,
): [Tensor, Tensor | undefined] {
  const { crossBranchAttention: crossing, featureAdapters: adapting } = config;
  const normed = layerNorm(p.at('norm1'), x, EPSILON);
  const mixed =
    c && crossing !== false ? add(normed, crossBranchAttention(p.at('Space_Adapter'), normed, c, plan)) : normed;
  const attended = add(x, globalAttention(p.at('attn'), mixed, plan));
  const y = layerNorm(p.at('norm2'), attended, EPSILON);
  const mlp = add(attended, mlpBlock(p.at('mlp'), y, config.mlp, gelu));
  const refined = c && conv3x3OfTokens(p.at('refine_Adapter.conv.0'), c, plan.batch, plan.grid, config.dim);
  return [
    adapting === false ? mlp : add(mlp, mul(adapter(p.at('MLP_Adapter'), y), 0.5)),
    refined && gelu(layerNorm(p.at('refine_Adapter.conv.1'), refined, EPSILON)),
  ];
}

/** The ViT's tokens ask the CNN's features. @param c [B·grid², C], not normalised @returns [B·grid², C] */
function crossBranchAttention(p: Parameters, x: Tensor, c: Tensor, { batch, heads }: AttentionPlan): Tensor {
  const width = x.size(-1);
  const project = (name: string, from: Tensor) => reshape(linear(p.at(name), from, width), [batch, -1, width]);
  const attended = attend(project('q', x), project('k', c), project('v', c), { heads });
  return linear(p.at('proj'), reshape(attended, x.shape), width);
}
