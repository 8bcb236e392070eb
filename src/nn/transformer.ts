/**
 * Transformer blocks of published networks, by timm's names: the pre-norm block of ViT, and that of Swin with its windows; between
 * images and tokens.
 */
import type { Dim } from '../graph/dims.js';
import { attend } from '../graph/ops/attention.js';
import { expand } from '../graph/ops/broadcasting.js';
import { add, gelu } from '../graph/ops/elementwise.js';
import { gather } from '../graph/ops/gather.js';
import { concat, reshape, roll, split, transpose } from '../graph/ops/shape.js';
import { constant, type Tensor } from '../graph/tensor.js';
import { float32 } from '../graph/tensorData.js';
import { dropPath, layerNorm, linear } from './layers.js';
import type { Parameters } from './parameters.js';

/** [B, C, H, W] → [B, H·W, C], row-major. */
export function tokensOf(image: Tensor): Tensor {
  return transpose(reshape(image, [image.shape[0], image.size(1), -1]), [0, 2, 1]);
}

/** The inverse of {@link tokensOf}. */
export function imageOf(tokens: Tensor, height: number, width: number): Tensor {
  return reshape(transpose(tokens, [0, 2, 1]), [tokens.shape[0], tokens.size(-1), height, width]);
}

interface ExpandOptions {
  /** Size of the grid of tokens. */
  readonly height: number;
  readonly width: number;
  /** How often each side of a token is divided. */
  readonly factor: number;
  /** Width of the new tokens. */
  readonly outputs: number;
  readonly deviation?: number | undefined;
}

/**
 * Swin-Unet's patch expansion: each token becomes factor × factor tokens (`expand`), which are normalised (`norm`).
 * @param x [B, height·width, C], row-major
 * @returns [B, height·width·factor², outputs], row-major
 */
export function patchExpand(p: Parameters, x: Tensor, options: ExpandOptions): Tensor {
  const { height, width, factor, outputs, deviation } = options;
  const parts = linear(p.at('expand'), x, factor * factor * outputs, { bias: false, deviation });
  const grid = reshape(parts, [x.shape[0], height, width, factor, factor, outputs]);
  const rows = reshape(transpose(grid, [0, 1, 3, 2, 4, 5]), [x.shape[0], -1, outputs]);
  return layerNorm(p.at('norm'), rows, 1e-5);
}

interface BlockOptions {
  readonly heads: number;
  /** Width of the hidden layer of the MLP. */
  readonly hidden: number;
  /** Of the layer norms. */
  readonly epsilon: number;
  /** How likely a branch is left out for a sample in training. Default 0. */
  readonly dropPath?: number;
  /** Deviation of the weights of linear layers at the start, their biases zero. Default: PyTorch's initialisation. */
  readonly deviation?: number | undefined;
}

/** x + attention(norm1 x), then + MLP(norm2 x). @param x [B, N, C] */
export function vitBlock(p: Parameters, x: Tensor, options: BlockOptions): Tensor {
  const { heads, hidden, epsilon, dropPath: rate = 0, deviation } = options;
  const attn = p.at('attn');
  const [q, k, v] = queriesKeysValues(attn, layerNorm(p.at('norm1'), x, epsilon), deviation);
  const attended = linear(attn.at('proj'), attend(q, k, v, { heads }), x.size(-1), { deviation });
  const y = add(x, dropPath(p, attended, rate));
  return add(y, dropPath(p, mlp(p.at('mlp'), layerNorm(p.at('norm2'), y, epsilon), hidden, deviation), rate));
}

/** fc2(gelu(fc1 x)), of the width of x. @param deviation see {@link BlockOptions} */
export function mlp(p: Parameters, x: Tensor, hidden: number, deviation?: number): Tensor {
  return linear(p.at('fc2'), gelu(linear(p.at('fc1'), x, hidden, { deviation })), x.size(-1), { deviation });
}

/** One product for all three. @param x [B, N, C] */
function queriesKeysValues(p: Parameters, x: Tensor, deviation?: number): readonly [Tensor, Tensor, Tensor] {
  const width = x.size(-1);
  const [q, k, v] = split(linear(p.at('qkv'), x, 3 * width, { deviation }), -1, [width, width, width]);
  return [q!, k!, v!];
}

interface SwinOptions extends BlockOptions {
  /** Size of the grid of tokens. */
  readonly height: number;
  readonly width: number;
  /** Side of a window; the grid's where that is smaller. It divides both sides of the grid. */
  readonly window: number;
  /** Whether windows are shifted by half their side: in every second block of a stage. */
  readonly shifted: boolean;
  /** In place of fc1, GELU and fc2. @param x [B, N, C] */
  readonly mlp?: (p: Parameters, x: Tensor) => Tensor;
}

/** A block of Swin (Liu et al., arXiv:2103.14030). @param x [B, height·width, C], row-major */
export function swinBlock(p: Parameters, x: Tensor, options: SwinOptions): Tensor {
  const { height, width, hidden, epsilon, dropPath: rate = 0, deviation } = options;
  const side = Math.min(height, width, options.window);
  const shift = options.shifted && Math.min(height, width) > options.window ? Math.floor(side / 2) : 0;
  const grid: Grid = { batch: x.shape[0], images: x, height, width, side };
  const normed = reshape(layerNorm(p.at('norm1'), x, epsilon), [grid.batch, height, width, x.size(-1)]);
  const windows = toWindows(roll(roll(normed, -shift, 1), -shift, 2), grid);
  const image = fromWindows(windowAttention(p.at('attn'), windows, grid, shift, options), grid);
  const attended = reshape(roll(roll(image, shift, 1), shift, 2), x.shape);
  const y = add(x, dropPath(p, attended, rate));
  const mix = options.mlp ?? ((own: Parameters, tokens: Tensor) => mlp(own, tokens, hidden, deviation));
  return add(y, dropPath(p, mix(p.at('mlp'), layerNorm(p.at('norm2'), y, epsilon)), rate));
}

interface Grid {
  readonly batch: Dim;
  /** A tensor of all images, [B, …]. */
  readonly images: Tensor;
  readonly height: number;
  readonly width: number;
  /** Of a window. */
  readonly side: number;
}

/** [B, H, W, C] → [B·windows, side², C] */
function toWindows(x: Tensor, { batch, height, width, side }: Grid): Tensor {
  const parts = reshape(x, [batch, height / side, side, width / side, side, x.size(-1)]);
  return reshape(transpose(parts, [0, 1, 3, 2, 4, 5]), [-1, side * side, x.size(-1)]);
}

/** The inverse of {@link toWindows}. */
function fromWindows(x: Tensor, { batch, height, width, side }: Grid): Tensor {
  const parts = reshape(x, [batch, height / side, width / side, side, side, x.size(-1)]);
  return reshape(transpose(parts, [0, 1, 3, 2, 4, 5]), [batch, height, width, x.size(-1)]);
}

/** @param x [B·windows, side², C] */
function windowAttention(p: Parameters, x: Tensor, grid: Grid, shift: number, options: BlockOptions): Tensor {
  const { heads, deviation } = options;
  const { height, width, side } = grid;
  const tokens = side * side;
  const [q, k, v] = queriesKeysValues(p, x, deviation);
  const rows = (2 * side - 1) ** 2;
  const table = p.get('relative_position_bias_table', [rows, heads], { kind: 'normal', deviation: 0.02 });
  const places = relativePlaces(side);
  const own = transpose(reshape(gather(table, places, 0), [1, tokens, tokens, heads]), [0, 3, 1, 2]);
  const windows = (height / side) * (width / side);
  const masked = shift > 0 ? add(own, constant(float32(shiftMask(grid, shift), [windows, 1, tokens, tokens]))) : own;
  // The windows of one image, for each image.
  const bias = shift > 0 ? forEachImage(masked, grid) : masked;
  return linear(p.at('proj'), attend(q, k, v, { heads, bias }), x.size(-1), { deviation });
}

/** @param x [windows, …] of one image @returns [B·windows, …] */
function forEachImage(x: Tensor, { batch, images }: Grid): Tensor {
  if (typeof batch === 'number') return concat(new Array<Tensor>(batch).fill(x), 0);
  return reshape(expand(reshape(x, [1, ...x.shape]), [batch, ...x.shape], images), [-1, ...x.shape.slice(1)]);
}

/** For each pair of tokens of a window, the row of the table: (yi − yj + w − 1)·(2w − 1) + (xi − xj + w − 1). */
function relativePlaces(side: number): number[] {
  const tokens = Array.from({ length: side * side }, (_, i) => [Math.floor(i / side), i % side] as const);
  return tokens.flatMap(([yi, xi]) =>
    tokens.map(([yj, xj]) => (yi - yj + side - 1) * (2 * side - 1) + xi - xj + side - 1),
  );
}

/** Keeps apart tokens that only the shift brings into one window. */
const APART = -100;

/** The regions are cut where the shifted grid wraps around, and at the last window. @returns [windows, side², side²] */
function shiftMask({ height, width, side }: Grid, shift: number): Float32Array {
  const part = (at: number, size: number): number => (at < size - side ? 0 : at < size - shift ? 1 : 2);
  const values: number[] = [];
  for (let top = 0; top < height; top += side) {
    for (let left = 0; left < width; left += side) {
      const regions = Array.from(
        { length: side * side },
        (_, i) => 3 * part(top + Math.floor(i / side), height) + part(left + (i % side), width),
      );
      for (const a of regions) for (const b of regions) values.push(a === b ? 0 : APART);
    }
  }
  return Float32Array.from(values);
}
