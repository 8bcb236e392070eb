/**
 * Element-wise operations: arithmetic with broadcasting, activations, comparisons and selection.
 */
import { broadcast } from '../dims.js';
import { apply, scalar, shapeError, type Tensor, withGradient } from '../tensor.js';
import type { DType } from '../tensorData.js';
import { sumTo } from './broadcasting.js';
import { reshape } from './shape.js';

type Operand = Tensor | number;

function lift(value: Operand): Tensor {
  return typeof value === 'number' ? scalar(value) : value;
}

/** The value of a constant scalar, to leave out multiplications by one. */
function numberOf(tensor: Tensor): number | undefined {
  const { source } = tensor;
  return source.kind === 'constant' && tensor.rank === 0 && source.value.dtype === 'float32'
    ? source.value.data[0]
    : undefined;
}

type BinaryRule = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => [Tensor, Tensor];

function binary(name: string, opType: string, left: Operand, right: Operand, rule: BinaryRule): Tensor {
  const a = lift(left);
  const b = lift(right);
  const shape = broadcast(a.shape, b.shape);
  if (!shape || a.dtype !== b.dtype) throw shapeError(name, `two ${a.dtype} shapes that broadcast`, a, b);
  const y = apply(opType, [a, b], shape, {
    dtype: a.dtype,
    gradient: ([dy]) => {
      if (!dy) return [];
      const [da, db] = rule(dy, a, b, y);
      return [sumTo(da, a.shape), sumTo(db, b.shape)];
    },
  });
  return y;
}

/** a + b, broadcast. */
export function add(a: Operand, b: Operand): Tensor {
  return binary('add', 'Add', a, b, (dy) => [dy, dy]);
}

/** a − b, broadcast. */
export function sub(a: Operand, b: Operand): Tensor {
  return binary('sub', 'Sub', a, b, (dy) => [dy, neg(dy)]);
}

/** a · b for each element, broadcast. */
export function mul(a: Operand, b: Operand): Tensor {
  if (typeof b === 'number' ? b === 1 : numberOf(b) === 1 && typeof a !== 'number') return lift(a);
  return binary('mul', 'Mul', a, b, (dy, x, y) => [mul(dy, y), mul(dy, x)]);
}

/** a / b for each element, broadcast. */
export function div(a: Operand, b: Operand): Tensor {
  return binary('div', 'Div', a, b, (dy, _, y, q) => [div(dy, y), neg(div(mul(dy, q), y))]);
}

type UnaryRule = (dy: Tensor, x: Tensor, y: Tensor) => Tensor;

function unary(opType: string, x: Tensor, rule: UnaryRule): Tensor {
  const y = apply(opType, [x], x.shape, {
    dtype: x.dtype,
    gradient: ([dy]) => [dy && rule(dy, x, y)],
  });
  return y;
}

export function neg(x: Tensor): Tensor {
  return unary('Neg', x, neg);
}

export function exp(x: Tensor): Tensor {
  return unary('Exp', x, (dy, _, y) => mul(dy, y));
}

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return unary('Log', x, (dy) => div(dy, x));
}

export function sqrt(x: Tensor): Tensor {
  return unary('Sqrt', x, (dy, _, y) => div(mul(dy, 0.5), y));
}

export function sin(x: Tensor): Tensor {
  return unary('Sin', x, (dy) => mul(dy, cos(x)));
}

export function cos(x: Tensor): Tensor {
  return unary('Cos', x, (dy) => neg(mul(dy, sin(x))));
}

export function tanh(x: Tensor): Tensor {
  return unary('Tanh', x, (dy, _, y) => mul(dy, sub(1, mul(y, y))));
}

/** Absolute value; its gradient at zero is zero, as in PyTorch. */
export function abs(x: Tensor): Tensor {
  return unary('Abs', x, (dy) => mul(dy, apply('Sign', [x], x.shape)));
}

export function erf(x: Tensor): Tensor {
  return unary('Erf', x, (dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))));
}

export function sigmoid(x: Tensor): Tensor {
  return unary('Sigmoid', x, (dy, _, y) => mul(dy, mul(y, sub(1, y))));
}

/** max(x, 0); its gradient at zero is zero, as in PyTorch. */
export function relu(x: Tensor): Tensor {
  return unary('Relu', x, (dy) => where(greater(x, 0), dy, 0));
}

/**
 * The exact GELU, 0.5·x·(1 + erf(x/√2)).
 * @param flat computes the gradient on flat values: where a transposed tensor is kept for it, ONNX Runtime otherwise keeps both
 *   orders of axes until the backward pass
 */
export function gelu(x: Tensor, { flat = false }: { readonly flat?: boolean } = {}): Tensor {
  const values = (given: Tensor): Tensor => (flat ? reshape(given, [-1]) : given);
  return unary('Gelu', x, (dy) => reshape(geluGradient(values(dy), values(x)), x.shape));
}

function geluGradient(dy: Tensor, x: Tensor): Tensor {
  const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return mul(dy, add(cdf, mul(x, density)));
}

/** log(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  // The gradients of relu and of abs are zero at zero, but the slope of their sum there is 1/2.
  const positive = withGradient(relu(x), [x], (dy) => [where(greater(x, 0), dy, where(equal(x, 0), mul(dy, 0.5), 0))]);
  return add(positive, log(add(exp(neg(abs(x))), 1)));
}

/** x limited to [low, high]; the gradient passes inside, bounds included, as in PyTorch. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply('Clip', [x, scalar(low), scalar(high)], x.shape, {
    gradient: ([dy]) => {
      const outside = apply('Or', [greater(low, x), greater(x, high)], x.shape, { dtype: 'bool' });
      return [dy && where(outside, 0, dy)];
    },
  });
}

function comparison(opType: string, left: Operand, right: Operand): Tensor {
  const a = lift(left);
  const b = lift(right);
  const shape = broadcast(a.shape, b.shape);
  if (!shape) throw shapeError(opType.toLowerCase(), 'two shapes that broadcast', a, b);
  return apply(opType, [a, b], shape, { dtype: 'bool' });
}

/** a > b for each element, as booleans. */
export function greater(a: Operand, b: Operand): Tensor {
  return comparison('Greater', a, b);
}

/** a = b for each element, as booleans. */
export function equal(a: Operand, b: Operand): Tensor {
  return comparison('Equal', a, b);
}

/** `whenTrue` where the condition is true, else `whenFalse`; broadcast. */
export function where(condition: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  const a = lift(whenTrue);
  const b = lift(whenFalse);
  const values = broadcast(a.shape, b.shape);
  const shape = values && broadcast(condition.shape, values);
  if (!shape || condition.dtype !== 'bool') {
    throw shapeError('where', 'a boolean condition and two shapes that broadcast', condition, a, b);
  }
  return apply('Where', [condition, a, b], shape, {
    dtype: a.dtype,
    gradient: ([dy]) =>
      dy ? [undefined, sumTo(where(condition, dy, 0), a.shape), sumTo(where(condition, 0, dy), b.shape)] : [],
  });
}

const CAST_TYPE: Partial<Record<DType, number>> = { float32: 1, int64: 7, bool: 9, float16: 10, int32: 6, uint8: 2 };

/** Converts the data type; has a gradient only between floating-point types. */
export function cast(x: Tensor, dtype: 'float32' | 'float16' | 'int64' | 'int32' | 'uint8' | 'bool'): Tensor {
  if (x.dtype === dtype) return x;
  const differentiable = x.dtype.startsWith('float') && dtype.startsWith('float');
  const original = x.dtype === 'float16' ? 'float16' : 'float32';
  return apply('Cast', [x], x.shape, {
    dtype,
    attributes: { to: { int: CAST_TYPE[dtype] ?? 1 } },
    ...(differentiable ? { gradient: ([dy]) => [dy && cast(dy, original)] } : {}),
  });
}

/** The same value without a gradient. */
export function stopGradient(x: Tensor): Tensor {
  return apply('Identity', [x], x.shape, { dtype: x.dtype });
}
