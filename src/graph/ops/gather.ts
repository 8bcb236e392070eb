/**
 * Elements of an axis by index; the indices are known when the graph is built (gather) or when it runs (lookup).
 */
import { apply, integers, resolveAxis, scalar, shapeError, type Tensor } from '../tensor.js';
import { add } from './elementwise.js';
import { gemm } from './matrix.js';
import { sum } from './reduce.js';
import { concat, pad, reshape } from './shape.js';

/** The index of a row of zeros in {@link gather}. */
export const NOWHERE = -1;

/**
 * The elements of `axis` at `indices`, in their order.
 * @param x [..., n, ...]
 * @param indices whole numbers in 0…n−1, or NOWHERE for zeros
 * @returns [..., indices.length, ...]
 * @throws SamusError GRAPH_SHAPE for an index outside the axis
 */
export function gather(x: Tensor, indices: readonly number[], axis: number): Tensor {
  const at = resolveAxis('gather', x, axis);
  const shape = x.shape.map((dim, i) => (i === at ? indices.length : dim));
  const size = x.size(at);
  if (indices.some((i) => i !== NOWHERE && (i < 0 || i >= size))) {
    throw shapeError('gather', `an axis ${at} that has every element of the list`, x);
  }
  const padded = indices.includes(NOWHERE) ? pad(x, at, 0, 1) : x;
  return apply('Gather', [padded, integers(indices.map((i) => (i === NOWHERE ? size : i)))], shape, {
    dtype: x.dtype,
    attributes: { axis: { int: at } },
    // The row of zeros has no source, so its gradient stays zero.
    gradient: ([dy]) => [dy && pad(scatterSum(dy, indices, at, size), at, 0, padded === x ? 0 : 1)],
  });
}

/** The copies of a place taken more often than this are summed separately. */
const ROUNDS_AT_MOST = 8;

/**
 * The gradient of a gather: each place of the axis receives the sum of the gradients of its copies.
 *
 * It consists of gathers, so it is deterministic and runs on every provider: in round r each place receives its r-th
 * copy, or zero. The few places with many copies (the row for all padded tokens of the windows) are arranged as a
 * rectangle and summed.
 */
function scatterSum(dy: Tensor, indices: readonly number[], axis: number, size: number): Tensor {
  const copies: number[][] = Array.from({ length: size }, () => []);
  for (const [place, index] of indices.entries()) if (index !== NOWHERE) copies[index].push(place);
  const often = copies.filter((places) => places.length > ROUNDS_AT_MOST);
  const source = often.length > 0 ? concat([dy, sumCopies(dy, often, axis)], axis) : dy;
  const rowOfSum = new Map(often.map((places, i) => [places, indices.length + i]));
  const sources = copies.map((places) => {
    const row = rowOfSum.get(places);
    return row === undefined ? places : [row];
  });
  const rounds = Math.max(1, longest(sources));
  const picked = Array.from({ length: rounds }, (_, round) =>
    gather(
      source,
      sources.map((places) => places[round] ?? NOWHERE),
      axis,
    ),
  );
  return picked.reduce((total, part) => add(total, part));
}

/** Length of the longest list. There may be more lists than `Math.max` can take arguments. */
function longest(lists: readonly (readonly number[])[]): number {
  return lists.reduce((most, { length }) => Math.max(most, length), 0);
}

/** One row for each list of places: the sum of the elements there. */
function sumCopies(dy: Tensor, lists: readonly (readonly number[])[], axis: number): Tensor {
  const width = longest(lists);
  const rectangle = lists.flatMap((places) => Array.from({ length: width }, (_, i) => places[i] ?? NOWHERE));
  const rows = gather(dy, rectangle, axis);
  const split = reshape(rows, [...dy.shape.slice(0, axis), lists.length, width, ...dy.shape.slice(axis + 1)]);
  return sum(split, { axes: [axis + 1] });
}

/**
 * One row for each index: zeros, and a one at the index.
 * @param indices int64 [n]
 * @returns float32 [n, depth]
 */
function oneHot(indices: Tensor, depth: number): Tensor {
  const values = concat([reshape(scalar(0), [1]), reshape(scalar(1), [1])], 0);
  return apply('OneHot', [indices, integers([depth], []), values], [indices.shape[0], depth]);
}

/**
 * Rows of a table at indices that are computed or fed in a run.
 * @param table [n, C]
 * @param indices int64 [m], each in 0…n−1
 * @returns [m, C]
 * @throws SamusError GRAPH_SHAPE for other types or shapes
 */
export function lookup(table: Tensor, indices: Tensor): Tensor {
  if (table.rank !== 2 || indices.rank !== 1 || indices.dtype !== 'int64') {
    throw shapeError('lookup', 'a table [n, C] and int64 indices [m]', table, indices);
  }
  return apply('Gather', [table, indices], [...indices.shape, ...table.shape.slice(1)], {
    dtype: table.dtype,
    attributes: { axis: { int: 0 } },
    gradient: ([dy]) => [dy && gemm(oneHot(indices, table.size(0)), dy, { transA: true })],
  });
}
