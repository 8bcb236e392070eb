/**
 * The arithmetic that a model's encoder needs for an image, independent of the implementation. With it a time becomes a
 * share of the machine's rate. src/models/cost.ts counts the operations of our graph instead; by the measure here, a graph
 * with fewer operations for the same result looks better, not worse.
 */
import type { SamConfig, SamSizes } from '#dist/models/sam/config.js';
import type { SamusConfig } from '#dist/models/samus/config.js';

/** The published SAMUS repeats a grey image in three channels. */
const CHANNELS = 3;

/** Positions of a 3×3 kernel. */
const KERNEL = 9;

/**
 * Billions of floating-point operations of one run of the encoder, 2 for each multiply-add: direct convolutions, attention
 * over whole windows, relative positions, and linear layers. Not counted are the queries, keys, values and projections of
 * padding tokens, and everything that does not depend on the image (SAMUS's position adapter). For the published SAMUS the
 * result is 287: 315 by PyTorch's own counter without the position adapter, minus 28 for padding tokens.
 */
export function realGflop(config: SamConfig | SamusConfig): number {
  const { tokenGrid: grid, dim, depth, mlp, patchKernel, promptDim } = config;
  const tokens = grid * grid;
  const linear = (inputs: number, outputs: number): number => tokens * inputs * outputs;
  const globals = config.globalBlocks.length;

  const patches = linear(CHANNELS * patchKernel ** 2, dim);
  const layers = depth * (linear(dim, 4 * dim) + 2 * linear(dim, mlp));
  const attention = globals * attend(tokens, tokens, config) + (depth - globals) * attendInWindows(config);
  const neck = linear(dim, promptDim) + KERNEL * linear(promptDim, promptDim);
  const sam = patches + layers + attention + neck;
  const samus = config.architecture === 'samus' ? cnnBranch(config) + adapters(config, linear) : 0;
  return (2 * (sam + samus)) / 1e9;
}

/** Multiply-adds of queries with keys and of weights with values, over all heads. */
function products(queries: number, keys: number, dim: number): number {
  return 2 * queries * keys * dim;
}

/** Attention with relative positions: each query times a table for the rows and one for the columns of its keys. */
function attend(queries: number, keys: number, { dim }: SamSizes): number {
  return products(queries, keys, dim) + 2 * queries * Math.sqrt(keys) * dim;
}

function attendInWindows(config: SamSizes): number {
  const { tokenGrid: grid, window } = config;
  return Math.ceil(grid / window) ** 2 * attend(window ** 2, window ** 2, config);
}

/** The convolutions beside the transformer: one at the size of the image, then one after each halving. */
function cnnBranch({ imageSize, tokenGrid, stem, dim }: SamusConfig): number {
  const stages = Math.log2(imageSize / tokenGrid);
  let total = imageSize ** 2 * CHANNELS * stem * KERNEL;
  for (let i = 0; i < stages; i++) {
    const outputs = i === stages - 1 ? dim : stem * 2 ** (i + 1);
    total += (imageSize / 2 ** (i + 1)) ** 2 * stem * 2 ** i * outputs * KERNEL;
  }
  return total;
}

/** The additions of SAMUS: a bottleneck after the patches, and three parts in each global block. */
function adapters(config: SamusConfig, linear: (inputs: number, outputs: number) => number): number {
  const { dim, globalBlocks, tokenGrid } = config;
  const bottleneck = 2 * linear(dim, Math.floor(dim / 4));
  const crossBranch = 4 * linear(dim, dim) + products(tokenGrid ** 2, tokenGrid ** 2, dim);
  const refine = KERNEL * linear(dim, dim);
  return bottleneck + globalBlocks.length * (bottleneck + crossBranch + refine);
}
