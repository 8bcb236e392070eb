/**
 * Sums, means and maxima over axes; softmax, its logarithm, and cross-entropy.
 */
import { type Dim, mulDims, type Shape, sameShape } from '../dims.js';
import { apply, constant, integers, resolveAxis, shapeError, type Tensor } from '../tensor.js';
import { float32, sizeOf } from '../tensorData.js';
import { expand, sumTo } from './broadcasting.js';
import { add, cast, div, equal, exp, mul, neg, sub, where } from './elementwise.js';
import { reshape } from './shape.js';

export interface ReduceOptions {
  /** Default: all. Negative axes count from the end. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1. */
  readonly keepDims?: boolean;
  /**
   * Reduce large tensors in stages, the last axis first, so that rounding stays near 1e-7, as in PyTorch. ONNX Runtime
   * reduces all axes in one running sum, which is off by 5e-6 after 70,000 elements.
   */
  readonly precise?: boolean;
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
  const { reduced, kept, shape } = resolve('sum', x, options);
  return reshape(options.precise ? inStages(sum, x, reduced) : sumTo(x, kept), shape);
}

/** Up to this many elements a running sum is off by about 1e-7. */
const PRECISE_ELEMENTS = 16_384;

/** Reduces the last of the axes first, as long as too many elements are left for one running sum. Axes keep size 1. */
function inStages(reduce: (x: Tensor, options: ReduceOptions) => Tensor, x: Tensor, axes: readonly number[]): Tensor {
  const count = axes.reduce((n, axis) => n * x.size(axis), 1);
  if (count <= PRECISE_ELEMENTS || axes.length === 1) return reduce(x, { axes, keepDims: true });
  return inStages(reduce, reduce(x, { axes: axes.slice(-1), keepDims: true }), axes.slice(0, -1));
}

/** Mean over axes of known size. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const { reduced, kept, shape } = resolve('mean', x, options);
  const count = reduced.reduce<Dim>((n, axis) => mulDims(n, x.shape[axis]), 1);
  if (typeof count !== 'number') throw shapeError('mean', 'axes of known size', x);
  if (options.precise) return reshape(inStages(mean, x, reduced), shape);
  const y = apply('ReduceMean', [x, integers(reduced)], kept, {
    attributes: { keepdims: { int: 1 } },
    gradient: ([dy]) => [dy && expand(mul(dy, 1 / count), x.shape, x)],
  });
  return reshape(y, shape);
}

interface MaxOptions extends ReduceOptions {
  /**
   * Which of equal maxima gets the gradient: `share` gives each the same part (PyTorch's amax), `first` gives all to the
   * first in row-major order (PyTorch's max over one axis, and its global max pooling).
   */
  readonly ties?: 'share' | 'first';
}

/** Maximum over axes. */
export function max(x: Tensor, options: MaxOptions = {}): Tensor {
  const { reduced, kept, shape } = resolve('max', x, options);
  const y: Tensor = apply('ReduceMax', [x, integers(reduced)], kept, {
    attributes: { keepdims: { int: 1 } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const hits = equal(x, y);
      if (options.ties === 'first') return [where(firstOf(hits, reduced, kept), dy, 0)];
      const shares = where(hits, 1, 0);
      return [mul(shares, div(dy, sumTo(shares, kept)))];
    },
  });
  return reshape(y, shape);
}

/** The first true element along `axes`, in row-major order, by place numbers (exact in float32 up to 2²⁴). */
function firstOf(hits: Tensor, axes: readonly number[], kept: Shape): Tensor {
  const sizes = hits.shape.map((_, axis) => (axes.includes(axis) ? hits.size(axis) : 1));
  const count = sizeOf(sizes);
  const places = constant(
    float32(
      Float32Array.from({ length: count }, (_, i) => i),
      sizes,
    ),
  );
  const first = apply('ReduceMin', [where(hits, places, count), integers(axes)], kept, {
    attributes: { keepdims: { int: 1 } },
  });
  return equal(places, first);
}

/** exp(x) / Σ exp(x) over an axis; default: the last. */
export function softmax(x: Tensor, axis = -1): Tensor {
  resolveAxis('softmax', x, axis);
  const y: Tensor = apply('Softmax', [x], x.shape, {
    attributes: { axis: { int: axis } },
    gradient: ([dy]) => [dy && mul(y, sub(dy, sum(mul(dy, y), { axes: [axis], keepDims: true })))],
  });
  return y;
}

/** The logarithm of {@link softmax}, computed without overflow. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  resolveAxis('logSoftmax', x, axis);
  const y: Tensor = apply('LogSoftmax', [x], x.shape, {
    attributes: { axis: { int: axis } },
    gradient: ([dy]) => [dy && sub(dy, mul(exp(y), sum(dy, { axes: [axis], keepDims: true })))],
  });
  return y;
}

interface CrossEntropyOptions {
  /** The label of pixels to leave out, such as 255. Default: none. */
  readonly ignore?: number;
}

/**
 * Mean of −log softmax at the class of each pixel, over all pixels that are not ignored.
 *
 * The result is NaN if a label is neither a class nor `ignore`, and if all pixels are ignored (as in PyTorch).
 * @param logits [B, C, ...]
 * @param labels class numbers [B, ...], float32 or any integer type
 * @returns a scalar
 */
export function crossEntropy(logits: Tensor, labels: Tensor, { ignore }: CrossEntropyOptions = {}): Tensor {
  const [batch, , ...image] = logits.shape;
  if (logits.rank < 2 || !sameShape(labels.shape, [batch, ...image])) {
    throw shapeError('crossEntropy', 'logits [B, C, ...] and labels [B, ...]', logits, labels);
  }
  const numbers = labels.dtype === 'float32' ? labels : cast(labels, 'float32');
  const ignored = ignore === undefined ? undefined : equal(numbers, ignore);
  const counted = ignored ? where(ignored, Number.NaN, numbers) : numbers;
  const classes = logits.size(1);
  const list = Float32Array.from({ length: classes }, (_, i) => i);
  const classAxis = constant(float32(list, [classes, ...image.map(() => 1)]));
  const chosen = equal(reshape(counted, [batch, 1, ...image]), classAxis);
  const loss = sum(where(chosen, neg(logSoftmax(logits, 1)), 0), { precise: true });
  const known = sum(where(chosen, 1, 0), { axes: [1] });
  const expected = ignored ? where(ignored, 0, 1) : 1;
  const unknown = where(equal(known, expected), 0, Number.NaN);
  return add(div(loss, sum(known)), sum(unknown));
}
