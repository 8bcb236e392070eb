/**
 * Maximum and average over windows of an image.
 */
import { apply, applyMany, constant, integers, shapeError, type Tensor } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { convTranspose2d } from './convolution.js';
import { mul } from './elementwise.js';
import { reshape } from './shape.js';

interface PoolOptions {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Default: `kernel`. */
  readonly stride?: number;
  /** Rows and columns added on every side, at most half a window: −∞ for the maximum, zeros for the average. */
  readonly padding?: number;
}

interface AvgPoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor, as by default in PyTorch; if not, each window is divided by its own pixels. */
  readonly countPadding?: boolean;
}

function pooled(name: string, x: Tensor, { kernel, stride = kernel, padding = 0 }: PoolOptions) {
  if (x.rank !== 4 || x.size(2) + 2 * padding < kernel || x.size(3) + 2 * padding < kernel) {
    const zeros = padding > 0 ? ` with a padding of ${padding}` : '';
    throw shapeError(name, `[B, C, H, W] of at least ${kernel}×${kernel}${zeros}`, x);
  }
  if (padding < 0 || padding > kernel / 2) throw shapeError(name, `a padding of 0 to half of ${kernel}`, x);
  const [height, width] = [2, 3].map((axis) => Math.floor((x.size(axis) + 2 * padding - kernel) / stride) + 1);
  const attributes = {
    kernel_shape: { ints: [kernel, kernel] },
    strides: { ints: [stride, stride] },
    ...(padding > 0 ? { pads: { ints: [padding, padding, padding, padding] } } : {}),
  };
  return { shape: [x.shape[0], x.shape[1], height, width], attributes, kernel, stride, padding };
}

/**
 * Largest value of each window; among equal ones the first in row-major order gets the gradient, as in PyTorch.
 * @param x [B, C, H, W]
 * @returns [B, C, floor((H + 2·padding − kernel) / stride) + 1, …]
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  const { shape, attributes, kernel, stride } = pooled('maxPool2d', x, options);
  const [y, indices] = applyMany('MaxPool', [x], [shape, shape], {
    attributes,
    dtypes: ['float32', 'int64'],
    gradient: ([dy]) => [dy && scatterMaxima(dy, indices, x, stride < kernel)],
  });
  return y;
}

/** Adds each gradient at the place of its maximum; indices count through the whole input tensor. */
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
 * @returns [B, C, floor((H + 2·padding − kernel) / stride) + 1, …]
 */
export function avgPool2d(x: Tensor, options: AvgPoolOptions): Tensor {
  const { shape, attributes, kernel, stride, padding } = pooled('avgPool2d', x, options);
  const counted = padding === 0 || (options.countPadding ?? true);
  const count = padding > 0 && counted ? { count_include_pad: { int: 1 } } : {};
  return apply('AveragePool', [x], shape, {
    attributes: { ...attributes, ...count },
    gradient: ([dy]) => {
      if (!dy) return [];
      const channels = x.size(1);
      const area = kernel * kernel;
      const spread = constant(float32(new Float32Array(channels * area).fill(1 / area), [channels, 1, kernel, kernel]));
      const [below, beside] = [2, 3].map((axis) => x.size(axis) + 2 * padding - (dy.size(axis) - 1) * stride - kernel);
      const shares = counted ? dy : mul(dy, areaOverPixels(x, dy, kernel, stride, padding));
      return [
        convTranspose2d(shares, spread, undefined, {
          stride,
          padding,
          groups: channels,
          outputPadding: [below, beside],
        }),
      ];
    },
  });
}

/** For each window, kernel² divided by the number of its pixels inside the image. @returns [h, w] */
function areaOverPixels(x: Tensor, y: Tensor, kernel: number, stride: number, padding: number): Tensor {
  const [rows, columns] = [2, 3].map((axis) =>
    Array.from({ length: y.size(axis) }, (_, i) => {
      const start = i * stride - padding;
      return kernel / (Math.min(start + kernel, x.size(axis)) - Math.max(start, 0));
    }),
  );
  return constant(
    float32(
      rows.flatMap((a) => columns.map((b) => a * b)),
      [rows.length, columns.length],
    ),
  );
}
