/**
 * Sums, means and maxima over axes, and softmax.
 */
import { type Dim, mulDims } from '../dims.js';
import { apply, integers, resolveAxis, shapeError, type Tensor } from '../tensor.js';
import { expand, sumTo } from './broadcasting.js';
import { div, equal, mul, sub, where } from './elementwise.js';
import { reshape } from './shape.js';

export interface ReduceOptions {
  /** All axes if absent; negative ones count from the end. */
  readonly axes?: readonly number[];
  /** Keep reduced axes, with size 1. */
  readonly keepDims?: boolean;
}

function resolve(operation: string, x: Tensor, { axes, keepDims = false }: ReduceOptions) {
  const reduced = (axes ?? x.shape.map((_, i) => i))
    .map((axis) => resolveAxis(operation, x, axis))
    .sort((a, b) => a - b);
  const kept = x.shape.map((dim, i) => (reduced.includes(i) ? 1 : dim));
  const shape = keepDims ? kept : x.shape.filter((_, i) => !reduced.includes(i));
  return { reduced, kept, shape };
}

/** Sum over axes. */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { kept, shape } = resolve('sum', x, options);
  return reshape(sumTo(x, kept), shape);
}

/** Mean over axes of known size. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { reduced, kept, shape } = resolve('mean', x, options);
  const count = reduced.reduce<Dim>((n, axis) => mulDims(n, x.shape[axis]), 1);
  if (typeof count !== 'number') throw shapeError('mean', 'axes of known size', x);
  const y = apply('ReduceMean', [x, integers(reduced)], kept, {
    attributes: { keepdims: { int: 1 } },
    gradient: ([dy]) => [dy && expand(mul(dy, 1 / count), x.shape, x)],
  });
  return reshape(y, shape);
}

/** Maximum over axes; equal maxima share the gradient evenly, as in PyTorch's amax. */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { reduced, kept, shape } = resolve('max', x, options);
  const y: Tensor = apply('ReduceMax', [x, integers(reduced)], kept, {
    attributes: { keepdims: { int: 1 } },
    gradient: ([dy]) => {
      const hits = where(equal(x, y), 1, 0);
      return [dy && mul(hits, div(dy, sumTo(hits, kept)))];
    },
  });
  return reshape(y, shape);
}

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Tensor): Tensor {
  resolveAxis('softmax', x, -1);
  const y: Tensor = apply('Softmax', [x], x.shape, {
    attributes: { axis: { int: -1 } },
    gradient: ([dy]) => [dy && mul(y, sub(dy, sum(mul(dy, y), { axes: [-1], keepDims: true })))],
  });
  return y;
}
