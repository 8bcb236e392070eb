/**
 * Maximum and average over windows of an image.
 */
import { apply, applyMany, constant, integers, shapeError, type Tensor } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { convTranspose2d } from './convolution.js';
import { reshape } from './shape.js';

interface PoolOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  /** The window's own size if absent. */
  readonly stride?: number;
}

function pooled(name: string, x: Tensor, kernel: number, stride: number) {
  if (x.rank !== 4 || x.size(2) < kernel || x.size(3) < kernel) {
    throw shapeError(name, `[B, C, H, W] of at least ${kernel}×${kernel}`, x);
  }
  const [height, width] = [2, 3].map((axis) => Math.floor((x.size(axis) - kernel) / stride) + 1);
  const attributes = { kernel_shape: { ints: [kernel, kernel] }, strides: { ints: [stride, stride] } };
  return { shape: [x.shape[0], x.shape[1], height, width], attributes };
}

/**
 * Largest value of each window; among equal ones the first in row-major order gets the gradient, as in PyTorch.
 * @param x [B, C, H, W]
 */
export function maxPool2d(x: Tensor, { kernel, stride = kernel }: PoolOptions): Tensor {
  const { shape, attributes } = pooled('maxPool2d', x, kernel, stride);
  const [y, indices] = applyMany('MaxPool', [x], [shape, shape], {
    attributes,
    dtypes: ['float32', 'int64'],
    gradient: ([dy]) => [dy && scatterMaxima(dy, indices, x, stride < kernel)],
  });
  return y;
}

/** Puts each gradient where its maximum was found; indices count through the whole input tensor. */
function scatterMaxima(dy: Tensor, indices: Tensor, x: Tensor, overlapping: boolean): Tensor {
  const count = x.shape.reduce((n: number, _, axis) => n * x.size(axis), 1);
  const zeros = apply('ConstantOfShape', [integers([count])], [count]);
  const scattered = apply('ScatterElements', [zeros, reshape(indices, [-1]), reshape(dy, [-1])], [count], {
    attributes: { axis: { int: 0 }, reduction: { string: overlapping ? 'add' : 'none' } },
  });
  return reshape(scattered, x.shape);
}

/**
 * Mean of each window.
 * @param x [B, C, H, W]
 */
export function avgPool2d(x: Tensor, { kernel, stride = kernel }: PoolOptions): Tensor {
  const { shape, attributes } = pooled('avgPool2d', x, kernel, stride);
  return apply('AveragePool', [x], shape, {
    attributes,
    gradient: ([dy]) => {
      if (!dy) return [];
      const channels = x.size(1);
      const size = channels * kernel * kernel;
      const spread = constant(
        float32(new Float32Array(size).fill(1 / (kernel * kernel)), [channels, 1, kernel, kernel]),
      );
      const outputPadding: [number, number] = [
        x.size(2) - (dy.size(2) - 1) * stride - kernel,
        x.size(3) - (dy.size(3) - 1) * stride - kernel,
      ];
      return [convTranspose2d(dy, spread, undefined, { stride, groups: channels, outputPadding })];
    },
  });
}
