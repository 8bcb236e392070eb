/**
 * How much arithmetic an image costs a model's encoder, whoever computes it: the yardstick that turns a time into a
 * share of the machine's rate. It is not what our graph computes (src/models/cost.ts counts that): a graph that needs
 * fewer operations for the same result is to look better by this measure, not worse.
 */
import type { SamConfig, SamSizes } from '#dist/models/sam/config.js';
import type { SamusConfig } from '#dist/models/samus/config.js';

/** The published SAMUS sees a grey image as three equal channels. */
const CHANNELS = 3;

/** Positions of a 3×3 kernel. */
const KERNEL = 9;

/**
 * Billions of floating-point operations of one run of the encoder, 2 for each multiply-add of a product: convolutions
 * as direct ones, attention over whole windows, relative positions, and linear layers. Left out is what need not be
 * computed: queries, keys, values and projections of the tokens that pad windows, and whatever does not depend on the
 * image (SAMUS's position adapter). For the published SAMUS this is 287, the 315 of PyTorch's own counter without the
 * position adapter, less 28 for padded tokens.
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

/** Attention with relative positions: each query with a table for the rows and one for the columns of its keys. */
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

/** What SAMUS adds: a bottleneck after the patches, and in each global block three parts more. */
function adapters(config: SamusConfig, linear: (inputs: number, outputs: number) => number): number {
  const { dim, globalBlocks, tokenGrid } = config;
  const bottleneck = 2 * linear(dim, Math.floor(dim / 4));
  const crossBranch = 4 * linear(dim, dim) + products(tokenGrid ** 2, tokenGrid ** 2, dim);
  const refine = KERNEL * linear(dim, dim);
  return bottleneck + globalBlocks.length * (bottleneck + crossBranch + refine);
}
