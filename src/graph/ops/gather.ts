/**
 * Picking elements of an axis by index, with indices known when the graph is built or when it runs.
 */
import { apply, integers, resolveAxis, scalar, type Tensor } from '../tensor.js';
import { add } from './elementwise.js';
import { gemm } from './matrix.js';
import { sum } from './reduce.js';
import { concat, pad, reshape, transpose } from './shape.js';

/**
 * The elements of `axis` at `indices`, in their order.
 * @param x [..., n, ...]
 * @param indices whole numbers in 0…n−1
 * @returns [..., indices.length, ...]
 */
export function gather(x: Tensor, indices: readonly number[], axis: number): Tensor {
  const at = resolveAxis('gather', x, axis);
  const shape = x.shape.map((dim, i) => (i === at ? indices.length : dim));
  return apply('Gather', [x, integers(indices)], shape, {
    dtype: x.dtype,
    attributes: { axis: { int: at } },
    gradient: ([dy]) => [dy && scatterSum(dy, indices, at, x.size(at))],
  });
}

/** An element taken more often than this is summed on its own instead of in rounds. */
const ROUNDS_AT_MOST = 8;

/**
 * The gradient of a gather: each place of the axis receives the sum of what was taken from it.
 *
 * Written with gathers, so that it is deterministic and runs on every provider: in round r each place picks up the
 * r-th of its copies, or the zero that is appended. The few places with many copies (the bias row that stands for all
 * padded tokens of a window) are summed on their own.
 */
function scatterSum(dy: Tensor, indices: readonly number[], axis: number, size: number): Tensor {
  const copies: number[][] = Array.from({ length: size }, () => []);
  for (const [place, index] of indices.entries()) copies[index].push(place);
  const often = copies.flatMap((places, index) => (places.length > ROUNDS_AT_MOST ? [index] : []));
  if (often.length > ROUNDS_AT_MOST) return scatterByProduct(dy, indices, axis, size);
  const sums = often.map((index) => sum(gather(dy, copies[index], axis), { axes: [axis], keepDims: true }));
  const zero = pad(dy, axis, 0, 1);
  const extended = concat([zero, ...sums], axis);
  const rounds = Math.max(1, ...copies.map((places) => (places.length > ROUNDS_AT_MOST ? 1 : places.length)));
  const picked = Array.from({ length: rounds }, (_, round) => {
    const sources = copies.map((places, index) => {
      if (places.length > ROUNDS_AT_MOST)
        return round === 0 ? indices.length + 1 + often.indexOf(index) : indices.length;
      return places[round] ?? indices.length;
    });
    return gather(extended, sources, axis);
  });
  return picked.reduce((total, part) => add(total, part));
}

/** The same as a product with the matrix of zeros and ones that says who came from where. */
function scatterByProduct(dy: Tensor, indices: readonly number[], axis: number, size: number): Tensor {
  const order = [axis, ...dy.shape.map((_, i) => i).filter((i) => i !== axis)];
  const moved = transpose(dy, order);
  const summed = gemm(oneHot(integers(indices), size), reshape(moved, [indices.length, -1]), { transA: true });
  const restored = order.map((_, i) => order.indexOf(i));
  return transpose(reshape(summed, [size, ...moved.shape.slice(1)]), restored);
}

/**
 * A row of zeros with a one at each index.
 * @param indices int64 [n]
 * @returns float32 [n, depth]
 */
function oneHot(indices: Tensor, depth: number): Tensor {
  const values = concat([reshape(scalar(0), [1]), reshape(scalar(1), [1])], 0);
  return apply('OneHot', [indices, integers([depth], []), values], [indices.shape[0], depth]);
}

/**
 * Rows of a table at indices known when the graph runs.
 * @param table [n, C]
 * @param indices int64 [m], each in 0…n−1
 * @returns [m, C]
 */
export function lookup(table: Tensor, indices: Tensor): Tensor {
  return apply('Gather', [table, indices], [...indices.shape, ...table.shape.slice(1)], {
    dtype: table.dtype,
    attributes: { axis: { int: 0 } },
    gradient: ([dy]) => [dy && gemm(oneHot(indices, table.size(0)), dy, { transA: true })],
  });
}
