/**
 * Decomposed relative positions of SAM's attention, folded into plain attention.
 *
 * The logits gain q · rel_pos_h[yq − yk] + q · rel_pos_w[xq − xk], with the unscaled query. Appending these products
 * (one for each row and each column of the keys) to the query, and to each key a one at its row and at its column,
 * gives the same logits from one product, without an N×N bias in memory.
 */
import { mul } from '../../graph/ops/elementwise.js';
import { gather } from '../../graph/ops/gather.js';
import { matmul } from '../../graph/ops/matrix.js';
import { concat, reshape, transpose } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32 } from '../../graph/tensorData.js';
import { type Parameters, ZEROS } from '../../nn/parameters.js';

/**
 * Queries with their relative-position products.
 * @param q [B·grid², C], unscaled
 * @param side rows and columns of the keys that a query sees: the grid's or a window's
 * @param scale factor of the query itself; the products are not scaled
 * @param tables names of those of rows and columns
 * @returns [B, grid², heads, C / heads + 2·side]
 */
export function positionedQueries(
  p: Parameters,
  q: Tensor,
  batch: number,
  grid: number,
  side: number,
  heads: number,
  scale: number,
  tables: readonly [string, string],
): Tensor {
  const size = q.size(-1) / heads;
  const table = (name: string) => {
    const rows = gather(p.get(name, [2 * side - 1, size], ZEROS), distances(grid, side), 0);
    return transpose(reshape(rows, [grid, side, size]), [0, 2, 1]);
  };
  const split = reshape(q, [batch, grid, grid, heads, size]);
  const byRow = matmul(reshape(split, [batch, grid, grid * heads, size]), table(tables[0]));
  const columnsFirst = reshape(transpose(split, [0, 2, 1, 3, 4]), [batch, grid, grid * heads, size]);
  const byColumn = reshape(matmul(columnsFirst, table(tables[1])), [batch, grid, grid, heads, side]);
  const tokens = [batch, grid * grid, heads];
  return concat(
    [
      reshape(mul(q, scale), [...tokens, size]),
      reshape(byRow, [...tokens, side]),
      reshape(transpose(byColumn, [0, 2, 1, 3, 4]), [...tokens, side]),
    ],
    -1,
  );
}

/** Row of the table for each coordinate of a query (within its window) and each coordinate of a key. */
function distances(grid: number, side: number): number[] {
  return Array.from({ length: grid * side }, (_, i) => (Math.floor(i / side) % side) - (i % side) + side - 1);
}

/**
 * What each key of a square is extended by: a one at its row and a one at its column.
 * @param outerCopies how often all keys come in turn: once for each image, or for each head of each window
 * @param innerCopies how often each key comes at once: for each head of an image
 * @returns [outerCopies, side², innerCopies, 2·side]
 */
export function keyMarks(side: number, outerCopies: number, innerCopies: number): Tensor {
  const keys = side * side;
  const values = new Float32Array(outerCopies * keys * innerCopies * 2 * side);
  for (let i = 0; i < outerCopies * keys * innerCopies; i++) {
    const key = Math.floor(i / innerCopies) % keys;
    values[i * 2 * side + Math.floor(key / side)] = 1;
    values[i * 2 * side + side + (key % side)] = 1;
  }
  return constant(float32(values, [outerCopies, keys, innerCopies, 2 * side]));
}
