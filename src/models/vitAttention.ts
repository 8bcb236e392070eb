/**
 * Self-attention of SAM's image encoder, over all tokens or over windows, with decomposed relative positions.
 */
import { mulDims } from '../graph/dims.js';
import { attend } from '../graph/ops/attention.js';
import { expand } from '../graph/ops/broadcasting.js';
import { add } from '../graph/ops/elementwise.js';
import { gather } from '../graph/ops/gather.js';
import { matmul } from '../graph/ops/matrix.js';
import { concat, reshape, slice, transpose } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { linear } from '../nn/layers.js';
import { type Parameters, ZEROS } from '../nn/parameters.js';

/**
 * Attention of a block.
 * @param x tokens [B, grid², C]
 * @param grid tokens along each side
 * @param window side of the windows, or 0 for attention over all tokens
 * @returns [B, grid², C]
 */
export function vitAttention(p: Parameters, x: Tensor, grid: number, heads: number, window: number): Tensor {
  const channels = x.size(-1);
  const side = window || grid;
  const qkv = linear(p.at('qkv'), x, 3 * channels);
  const windows = window ? partition(qkv, p.at('qkv').get('bias', [3 * channels], ZEROS), grid, window) : qkv;
  const [q, k, v] = [0, 1, 2].map((i) => slice(windows, -1, i * channels, (i + 1) * channels));
  const size = channels / heads;
  const tables = ['rel_pos_h', 'rel_pos_w'].map((name) => p.get(name, [2 * side - 1, size], ZEROS));
  const bias = relativePositions(q, tables[0], tables[1], side, heads);
  const attended = attend(q, k, v, { heads, bias });
  return linear(p.at('proj'), window ? unpartition(attended, x, grid, window) : attended, channels);
}

/** For each place of the padded windows, the token that stands there, or `grid²` for padding. */
function windowIndices(grid: number, window: number): number[] {
  const across = Math.ceil(grid / window);
  const indices: number[] = [];
  for (let wy = 0; wy < across; wy++) {
    for (let wx = 0; wx < across; wx++) {
      for (let y = wy * window; y < (wy + 1) * window; y++) {
        for (let x = wx * window; x < (wx + 1) * window; x++) {
          indices.push(y < grid && x < grid ? y * grid + x : grid * grid);
        }
      }
    }
  }
  return indices;
}

/**
 * Queries, keys and values by window. SAM pads the normalised tokens with zeros, so a padded token's are the bias:
 * computing them for the real tokens and padding with the bias gives the same with less work.
 * @param qkv [B, grid², 3C]
 * @param bias [3C]
 * @returns [B·windows, window², 3C]
 */
function partition(qkv: Tensor, bias: Tensor, grid: number, window: number): Tensor {
  const channels = qkv.size(-1);
  const indices = windowIndices(grid, window);
  const padded = grid % window !== 0;
  const row = padded ? [expand(reshape(bias, [1, 1, channels]), [qkv.shape[0], 1, channels], slice(qkv, 1, 0, 1))] : [];
  const placed = gather(concat([qkv, ...row], 1), indices, 1);
  const windows = indices.length / window ** 2;
  return reshape(placed, [mulDims(qkv.shape[0], windows), window ** 2, channels]);
}

/** The tokens back in their order, padding left out. @param x [B·windows, window², C] @returns [B, grid², C] */
function unpartition(x: Tensor, like: Tensor, grid: number, window: number): Tensor {
  const indices = windowIndices(grid, window);
  const places = Array.from({ length: grid * grid }, () => 0);
  for (const [place, token] of indices.entries()) if (token < grid * grid) places[token] = place;
  return gather(reshape(x, [like.shape[0], indices.length, x.size(-1)]), places, 1);
}

/**
 * The part of the attention logits that depends on relative position: q · rel_pos_h[yq − yk] + q · rel_pos_w[xq − xk],
 * with the unscaled query.
 * @param q [B, side², C]
 * @returns [B, heads, side², side²]
 */
function relativePositions(q: Tensor, tableH: Tensor, tableW: Tensor, side: number, heads: number): Tensor {
  const size = q.size(-1) / heads;
  const distances = Array.from({ length: side * side }, (_, i) => Math.floor(i / side) - (i % side) + side - 1);
  const [rowsH, rowsW] = [tableH, tableW].map((table) =>
    transpose(reshape(gather(table, distances, 0), [side, side, size]), [0, 2, 1]),
  );
  const split = reshape(q, [q.shape[0], side, side, heads, size]);
  // [B, heads, y, x, size] · [y, size, yk] and [B, heads, x, y, size] · [x, size, xk]
  const byRow = matmul(transpose(split, [0, 3, 1, 2, 4]), rowsH);
  const byColumn = transpose(matmul(transpose(split, [0, 3, 2, 1, 4]), rowsW), [0, 1, 3, 2, 4]);
  const tokens = side * side;
  const bias = add(
    reshape(byRow, [q.shape[0], heads, tokens, side, 1]),
    reshape(byColumn, [q.shape[0], heads, tokens, 1, side]),
  );
  return reshape(bias, [q.shape[0], heads, tokens, tokens]);
}
