/**
 * Broadcasting a tensor to a larger shape, and summing it back: each is the gradient of the other.
 */
import { broadcast, elements, printShape, type Shape, sameShape } from '../dims.js';
import { apply, integers, shapeError, type Tensor } from '../tensor.js';
import { concat, reshape, slice } from './shape.js';

/**
 * Copies `x` along axes of size 1 and new leading axes.
 * @param like a tensor that has each dimension known only in a run; required if there is one
 * @throws SamusError GRAPH_SHAPE if `x` does not broadcast to `shape`
 */
export function expand(x: Tensor, shape: Shape, like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const result = broadcast(x.shape, shape);
  if (!result || !sameShape(result, shape)) {
    throw shapeError('expand', `a shape that broadcasts to ${printShape(shape)}`, x);
  }
  return apply('Expand', [x, runtimeDims(shape, like)], shape, {
    dtype: x.dtype,
    gradient: ([dy]) => [dy && sumTo(dy, x.shape)],
  });
}

function runtimeDims(shape: Shape, like: Tensor | undefined): Tensor {
  const numbers = shape.filter((dim) => typeof dim === 'number');
  if (numbers.length === shape.length) return integers(numbers);
  const places = shape.map((dim) => (typeof dim === 'number' ? -1 : (like?.shape.indexOf(dim) ?? -1)));
  if (!like || shape.some((dim, i) => typeof dim === 'string' && places[i] === -1)) {
    throw shapeError(
      'expand',
      `a tensor to take the open dimensions of ${printShape(shape)} from`,
      ...(like ? [like] : []),
    );
  }
  const runtime = apply('Shape', [like], [like.rank], { dtype: 'int64' });
  if (sameShape(like.shape, shape)) return runtime;
  const dims = shape.map((dim, i) =>
    typeof dim === 'number' ? integers([dim]) : slice(runtime, 0, places[i]!, places[i]! + 1),
  );
  return concat(dims, 0);
}

/**
 * The inverse of broadcasting: sums `x` to `shape`.
 * @throws SamusError GRAPH_SHAPE if `shape` does not broadcast to that of `x`
 */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const spread = broadcast(shape, x.shape);
  if (!spread || !sameShape(spread, x.shape)) {
    throw shapeError('sumTo', `a shape to which ${printShape(shape)} broadcasts`, x);
  }
  const extra = x.rank - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : []));
  const rows = axes.every((axis, i) => axis === i) ? elements(x.shape.slice(0, axes.length)) : 1;
  const columns = elements(x.shape.slice(axes.length));
  if (x.dtype === 'float32' && typeof rows === 'number' && typeof columns === 'number' && rows > 1 && columns > 1) {
    return reshape(sumRows(reshape(x, [rows, columns]), rows, columns), shape);
  }
  const kept = x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim));
  const y = apply('ReduceSum', [x, integers(axes)], kept, {
    dtype: x.dtype,
    attributes: { keepdims: { int: 1 } },
    gradient: ([dy]) => [dy && expand(dy, x.shape, x)],
  });
  return reshape(y, shape);
}

/** Sum of the rows of a matrix as a product with ones, up to ten times as fast as ONNX Runtime's ReduceSum. */
function sumRows(x: Tensor, rows: number, columns: number): Tensor {
  const value = { name: 'one', dtype: 'float32', shape: [1], data: new Uint8Array(Float32Array.of(1).buffer) } as const;
  const ones = apply('ConstantOfShape', [integers([1, rows])], [1, rows], { attributes: { value: { tensor: value } } });
  return apply('Gemm', [ones, x], [1, columns], {
    gradient: ([dy]) => [undefined, dy && expand(dy, [rows, columns])],
  });
}
