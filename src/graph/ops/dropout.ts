/**
 * Dropout of single values, whole channels and whole samples. The random numbers are an input, uniform in [0, 1), from a
 * seeded generator, so that a training can be resumed and repeated. Inference has no dropout.
 */
import { type Shape, sameShape } from '../dims.js';
import { shapeError, type Tensor } from '../tensor.js';
import { greater, mul, where } from './elementwise.js';
import { reshape } from './shape.js';

/**
 * Sets each value to zero with probability `rate` and divides the others by 1 − rate.
 * @param x any shape
 * @param noise the shape of `x`, uniform in [0, 1)
 */
export function dropout(x: Tensor, noise: Tensor, rate: number): Tensor {
  return drop('dropout', x, noise, rate, x.rank);
}

/**
 * {@link dropout} of whole channels, PyTorch's dropout2d.
 * @param x [B, C, ...]
 * @param noise [B, C], uniform in [0, 1)
 */
export function dropout2d(x: Tensor, noise: Tensor, rate: number): Tensor {
  return drop('dropout2d', x, noise, rate, 2);
}

/**
 * {@link dropout} of whole samples of a batch, for a branch that is added to a skip connection (stochastic depth).
 * @param x [B, ...]
 * @param noise [B], uniform in [0, 1)
 */
export function dropPath(x: Tensor, noise: Tensor, rate: number): Tensor {
  return drop('dropPath', x, noise, rate, 1);
}

/** @param axes how many of the first axes of `x` have a random number each */
function drop(operation: string, x: Tensor, noise: Tensor, rate: number, axes: number): Tensor {
  const shape = x.shape.slice(0, axes);
  if (x.rank < axes || !sameShape(noise.shape, shape)) {
    throw shapeError(operation, `noise for the first ${axes} axes`, x, noise);
  }
  if (!(rate >= 0 && rate <= 1)) throw shapeError(operation, `a rate from 0 to 1 instead of ${rate}`, x);
  const spread: Shape = [...shape, ...x.shape.slice(axes).map(() => 1)];
  return mul(x, where(greater(rate, reshape(noise, spread)), 0, rate < 1 ? 1 / (1 - rate) : 0));
}
