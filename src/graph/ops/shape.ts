/**
 * Operations that only move elements: reshape, transpose, slice, pad, roll, concat.
 */
import { addDims, type Dim, elements, mulDims, printShape, type Shape, sameShape } from '../dims.js';
import {
  apply,
  applyMany,
  integers,
  nodeOf,
  resolveAxis,
  scalar,
  shapeError,
  type Tensor,
  withGradient,
} from '../tensor.js';

/**
 * The same elements in another shape. One dimension may be -1: what the others leave.
 * @throws SamusError GRAPH_SHAPE if the number of elements differs
 */
export function reshape(x: Tensor, target: Shape): Tensor {
  const shape = target.includes(-1) ? inferDimension(x, target) : target;
  if (sameShape(x.shape, shape)) return x;
  if (elements(x.shape) !== elements(shape)) throw shapeError('reshape', `the elements of ${printShape(target)}`, x);
  const inner = nodeOf(x);
  const origin = inner?.opType === 'Reshape' ? inner.inputs[0] : undefined;
  if (origin && shape.every((dim) => typeof dim === 'number')) return reshape(origin, shape);
  return apply('Reshape', [x, integers(runtimeTarget(x, shape))], shape, {
    dtype: x.dtype,
    gradient: ([dy]) => [dy && reshape(dy, x.shape)],
  });
}

/** ONNX can express open dimensions in two ways: 0 copies the input's, and one -1 is what the others leave. */
function runtimeTarget(x: Tensor, shape: Shape): number[] {
  let inferred = false;
  return shape.map((dim, i) => {
    if (typeof dim === 'number') return dim;
    if (x.shape[i] === dim) return 0;
    if (inferred) throw shapeError('reshape', `at most one open dimension that moves, for ${printShape(shape)}`, x);
    inferred = true;
    return -1;
  });
}

function inferDimension(x: Tensor, target: Shape): Shape {
  const known = elements(target.filter((dim) => dim !== -1));
  const total = elements(x.shape);
  const rest = divideDims(total, known);
  if (rest === undefined) throw shapeError('reshape', `the elements of ${printShape(target)}`, x);
  return target.map((dim) => (dim === -1 ? rest : dim));
}

function divideDims(total: Dim, known: Dim): Dim | undefined {
  if (known === 1) return total;
  if (total === known) return 1;
  if (typeof known === 'string') {
    // 9*batch / (3*batch), or 9*batch / batch
    const [a, b] = [productOf(total), productOf(known)];
    return a && b && a.names === b.names && a.factor % b.factor === 0 ? a.factor / b.factor : undefined;
  }
  if (typeof total === 'number') return total % known === 0 ? total / known : undefined;
  const product = productOf(total);
  return product && product.factor % known === 0 ? mulDims(product.factor / known, product.names) : undefined;
}

/** The parts of a single product such as `9*batch`. */
function productOf(dim: Dim): { readonly factor: number; readonly names: string } | undefined {
  if (typeof dim === 'number' || dim.includes('+')) return undefined;
  const [first = '', ...rest] = dim.split('*');
  return Number.isNaN(Number(first)) ? { factor: 1, names: dim } : { factor: Number(first), names: rest.join('*') };
}

/** Axes in a new order. @throws SamusError GRAPH_SHAPE if `order` is not a permutation of the axes */
export function transpose(x: Tensor, order: readonly number[]): Tensor {
  if (order.length !== x.rank || [...order].sort((a, b) => a - b).some((axis, i) => axis !== i)) {
    throw shapeError('transpose', `a tensor whose axes [${order.join(', ')}] reorder`, x);
  }
  if (order.every((axis, i) => axis === i)) return x;
  const inverse = order.map((_, i) => order.indexOf(i));
  return apply(
    'Transpose',
    [x],
    order.map((axis) => x.shape[axis]),
    {
      dtype: x.dtype,
      attributes: { perm: { ints: order } },
      gradient: ([dy]) => [dy && transpose(dy, inverse)],
    },
  );
}

/** Swaps the last two axes. */
export function transposeLast(x: Tensor): Tensor {
  if (x.rank < 2) throw shapeError('transposeLast', 'at least two axes', x);
  const order = x.shape.map((_, i) => i);
  return transpose(x, [...order.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Joins tensors along an axis. @throws SamusError GRAPH_SHAPE if another axis differs */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (tensors.length === 1) return first;
  const at = resolveAxis('concat', first, axis);
  for (const x of tensors) {
    const fits =
      x.rank === first.rank && x.dtype === first.dtype && x.shape.every((d, i) => i === at || d === first.shape[i]);
    if (!fits) throw shapeError('concat', `shapes that differ only along axis ${at}`, first, x);
  }
  const length = tensors.map((x) => x.shape[at]).reduce(addDims);
  return apply('Concat', tensors, replaced(first.shape, at, length), {
    dtype: first.dtype,
    attributes: { axis: { int: at } },
    gradient: ([dy]) => {
      let start = 0;
      return tensors.map((x) => {
        const from = start;
        start += x.size(at);
        return dy && slice(dy, at, from, start);
      });
    },
  });
}

/** Stacks tensors along a new axis. @throws SamusError GRAPH_SHAPE if their shapes differ */
export function stack(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  const at = axis < 0 ? axis + first.rank + 1 : axis;
  const other = tensors.find((x) => !sameShape(x.shape, first.shape));
  if (other) throw shapeError('stack', 'tensors of one shape', first, other);
  if (at < 0 || at > first.rank) throw shapeError('stack', `room for an axis ${axis}`, first);
  const unsqueezed = tensors.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
  return concat(unsqueezed, at);
}

/**
 * Elements `start`, `start + step`, … before `end` of an axis. `end` counts from the front, also on an open axis.
 * @throws SamusError GRAPH_SHAPE if the range leaves the axis
 */
export function slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
  const at = resolveAxis('slice', x, axis);
  const size = x.shape[at];
  if (start < 0 || end <= start || step < 1 || (typeof size === 'number' && end > size)) {
    throw shapeError('slice', `an axis ${at} that has elements ${start} to ${end}`, x);
  }
  if (start === 0 && end === size && step === 1) return x;
  const count = Math.ceil((end - start) / step);
  return apply(
    'Slice',
    [x, integers([start]), integers([end]), integers([at]), integers([step])],
    replaced(x.shape, at, count),
    {
      dtype: x.dtype,
      gradient: ([dy]) => [dy && unslice(dy, at, start, step, x.size(at))],
    },
  );
}

/**
 * Cuts an axis into parts of the given sizes.
 * @throws SamusError GRAPH_SHAPE if they do not add up to the axis
 */
export function split(x: Tensor, axis: number, sizes: readonly number[]): readonly Tensor[] {
  const at = resolveAxis('split', x, axis);
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[at])
    throw shapeError('split', `an axis ${at} of ${sizes.join(' + ')}`, x);
  const shapes = sizes.map((size) => replaced(x.shape, at, size));
  return applyMany('Split', [x, integers(sizes)], shapes, {
    dtype: x.dtype,
    attributes: { axis: { int: at } },
    gradient: (parts) => [
      concat(
        parts.map((dy, i) => dy ?? zeros(shapes[i])),
        at,
      ),
    ],
  });
}

/** @throws SamusError GRAPH_SHAPE if a dimension is open */
function zeros(shape: Shape): Tensor {
  const known = shape.filter((dim) => typeof dim === 'number');
  if (known.length < shape.length) throw shapeError('zeros', `known sizes instead of ${printShape(shape)}`);
  return apply('ConstantOfShape', [integers(known)], known);
}

/** The gradient of a slice: the elements in their places, zeros between and around them. */
function unslice(dy: Tensor, axis: number, start: number, step: number, size: number): Tensor {
  let spread = dy;
  let count = dy.size(axis);
  if (step > 1) {
    const split = reshape(dy, [...dy.shape.slice(0, axis + 1), 1, ...dy.shape.slice(axis + 1)]);
    const filled = pad(split, axis + 1, 0, step - 1);
    count *= step;
    spread = reshape(filled, replaced(dy.shape, axis, count));
    const over = start + count - size;
    if (over > 0) {
      count -= over;
      spread = slice(spread, axis, 0, count);
    }
  }
  return pad(spread, axis, start, size - start - count);
}

/**
 * Cyclic shift along an axis (PyTorch's roll): elements that leave one end enter at the other.
 * @param shift positive towards higher indices
 */
export function roll(x: Tensor, shift: number, axis: number): Tensor {
  const at = resolveAxis('roll', x, axis);
  if (!Number.isInteger(shift)) throw shapeError('roll', `a whole shift instead of ${shift}`, x);
  const size = x.size(at);
  const cut = ((-shift % size) + size) % size;
  if (cut === 0) return x;
  const rolled = concat([slice(x, at, cut, size), slice(x, at, 0, cut)], at);
  return withGradient(rolled, [x], (dy) => [roll(dy, -shift, at)]);
}

/** Pads both ends of an axis with a constant. */
export function pad(x: Tensor, axis: number, before: number, after: number, value = 0): Tensor {
  const at = resolveAxis('pad', x, axis);
  if (before < 0 || after < 0) throw shapeError('pad', 'widths of at least 0 (slice to cut)', x);
  if (before === 0 && after === 0) return x;
  const shape = replaced(x.shape, at, addDims(x.shape[at], before + after));
  return apply('Pad', [x, integers([before, after]), scalar(value), integers([at])], shape, {
    dtype: x.dtype,
    gradient: ([dy]) => [dy && slice(dy, at, before, before + x.size(at))],
  });
}

/** Pads the last two axes with zeros. */
export function padImage(x: Tensor, [top, left, bottom, right]: readonly [number, number, number, number]): Tensor {
  return pad(pad(x, -2, top, bottom), -1, left, right);
}

function replaced(shape: Shape, axis: number, dim: Dim): Shape {
  return shape.map((d, i) => (i === axis ? dim : d));
}
