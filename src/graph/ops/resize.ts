/**
 * Bilinear, bicubic and nearest resizing of images by the rules of PyTorch's interpolate.
 *
 * Each is a linear map of the rows and one of the columns; the gradient is the product with the transposed maps.
 */
import { type Attributes, apply, constant, integers, shapeError, type Tensor } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { matmul } from './matrix.js';
import { transposeLast } from './shape.js';

/** The input pixels that an output pixel depends on, with their weights. */
type Weights = (output: number, inputSize: number, outputSize: number) => readonly (readonly [number, number])[];

/** Half-pixel centres: (i + 0.5)·in/out − 0.5, with a float32 scale as in PyTorch. */
function centred(output: number, inputSize: number, outputSize: number): number {
  return Math.fround(Math.fround(Math.fround(inputSize / outputSize) * (output + 0.5)) - 0.5);
}

/** Aligned corners: i·(in − 1)/(out − 1), and 0 for a single output. */
function aligned(output: number, inputSize: number, outputSize: number): number {
  return outputSize > 1 ? Math.fround(output * Math.fround((inputSize - 1) / (outputSize - 1))) : 0;
}

/** Linear interpolation between the two neighbours of a position. */
function linear(position: number, inputSize: number): readonly (readonly [number, number])[] {
  const first = Math.min(Math.floor(position), inputSize - 1);
  const fraction = position - first;
  return [
    [first, 1 - fraction],
    [Math.min(first + 1, inputSize - 1), fraction],
  ];
}

const centredWeights: Weights = (i, inputSize, outputSize) =>
  linear(Math.max(0, centred(i, inputSize, outputSize)), inputSize);

const alignedWeights: Weights = (i, inputSize, outputSize) => linear(aligned(i, inputSize, outputSize), inputSize);

/** PyTorch's coefficient of the cubic convolution. */
const CUBIC = -0.75;

/** Keys' cubic convolution over four neighbours; beyond the border the nearest pixel is repeated. */
const cubicWeights: Weights = (output, inputSize, outputSize) => {
  const position = centred(output, inputSize, outputSize);
  const first = Math.floor(position);
  return [-1, 0, 1, 2].map((offset) => {
    const d = Math.abs(position - first - offset);
    const near = ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
    const far = ((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC;
    return [Math.min(Math.max(first + offset, 0), inputSize - 1), d <= 1 ? near : far];
  });
};

/** src = floor(i·in/out) */
const nearestWeights: Weights = (output, inputSize, outputSize) => [
  [Math.min(inputSize - 1, Math.floor(output * Math.fround(inputSize / outputSize))), 1],
];

/** The map of one axis as a matrix [out, in]. */
function matrix(weights: Weights, inputSize: number, outputSize: number): Tensor {
  const values = new Float32Array(outputSize * inputSize);
  for (let i = 0; i < outputSize; i++) {
    for (const [source, weight] of weights(i, inputSize, outputSize)) values[i * inputSize + source] += weight;
  }
  return constant(float32(values, [outputSize, inputSize]));
}

function resize(name: string, x: Tensor, height: number, width: number, weights: Weights, mode: Attributes) {
  if (x.rank !== 4) throw shapeError(name, '[B, C, H, W]', x);
  if (![height, width].every((size) => Number.isInteger(size) && size > 0)) {
    throw shapeError(name, `a new size of at least 1×1 instead of ${height}×${width}`, x);
  }
  const [h, w] = [x.size(2), x.size(3)];
  if (h === height && w === width) return x;
  const sizes = integers([height, width]);
  return apply('Resize', [x, undefined, undefined, sizes], [x.shape[0], x.shape[1], height, width], {
    attributes: { ...mode, axes: { ints: [2, 3] } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const rows = matmul(transposeLast(matrix(weights, h, height)), dy);
      return [matmul(rows, matrix(weights, w, width))];
    },
  });
}

interface BilinearOptions {
  /** Align the centres of the corner pixels (PyTorch's align_corners) in place of the edges of the image. */
  readonly alignCorners?: boolean;
}

/**
 * Bilinear resizing without antialiasing.
 * @param x [B, C, H, W]
 * @returns [B, C, height, width]
 */
export function resizeBilinear(
  x: Tensor,
  height: number,
  width: number,
  { alignCorners = false }: BilinearOptions = {},
): Tensor {
  const transformation = alignCorners ? 'align_corners' : 'half_pixel';
  const mode = { mode: { string: 'linear' }, coordinate_transformation_mode: { string: transformation } };
  return resize('resizeBilinear', x, height, width, alignCorners ? alignedWeights : centredWeights, mode);
}

/**
 * Bicubic resizing (a = −0.75), half-pixel centres, no antialiasing: for position tables. Slow for images.
 * @param x [B, C, H, W]
 * @returns [B, C, height, width]
 */
export function resizeBicubic(x: Tensor, height: number, width: number): Tensor {
  return resize('resizeBicubic', x, height, width, cubicWeights, {
    mode: { string: 'cubic' },
    coordinate_transformation_mode: { string: 'half_pixel' },
    cubic_coeff_a: { float: CUBIC },
  });
}

/**
 * Nearest-neighbour resizing by PyTorch's default rule, floor(i·in/out).
 * @param x [B, C, H, W]
 * @returns [B, C, height, width]
 */
export function resizeNearest(x: Tensor, height: number, width: number): Tensor {
  return resize('resizeNearest', x, height, width, nearestWeights, {
    mode: { string: 'nearest' },
    coordinate_transformation_mode: { string: 'asymmetric' },
    nearest_mode: { string: 'floor' },
  });
}
