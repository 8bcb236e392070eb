/**
 * Bilinear and nearest resizing of images by PyTorch's rule (interpolate with align_corners=False).
 *
 * Both are linear maps of the rows and of the columns; the gradient is the product with the transposed maps.
 */
import { apply, constant, integers, shapeError, type Tensor } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { matmul } from './matrix.js';
import { transposeLast } from './shape.js';

type Weights = (output: number, inputSize: number, outputSize: number) => readonly (readonly [number, number])[];

/** src = max(0, (i + 0.5)·in/out − 0.5), between its two neighbours; the scale is float32, as PyTorch's. */
const bilinearWeights: Weights = (output, inputSize, outputSize) => {
  const scale = Math.fround(inputSize / outputSize);
  const position = Math.max(0, Math.fround(Math.fround(scale * (output + 0.5)) - 0.5));
  const first = Math.min(Math.floor(position), inputSize - 1);
  const fraction = position - first;
  return [
    [first, 1 - fraction],
    [Math.min(first + 1, inputSize - 1), fraction],
  ];
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

function resize(
  name: string,
  x: Tensor,
  height: number,
  width: number,
  weights: Weights,
  mode: Record<string, string>,
) {
  if (x.rank !== 4) throw shapeError(name, '[B, C, H, W]', x);
  const [h, w] = [x.size(2), x.size(3)];
  if (h === height && w === width) return x;
  const attributes = Object.fromEntries(Object.entries(mode).map(([key, string]) => [key, { string }]));
  const sizes = integers([height, width]);
  return apply('Resize', [x, undefined, undefined, sizes], [x.shape[0], x.shape[1], height, width], {
    attributes: { ...attributes, axes: { ints: [2, 3] } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const rows = matmul(transposeLast(matrix(weights, h, height)), dy);
      return [matmul(rows, matrix(weights, w, width))];
    },
  });
}

/**
 * Bilinear resizing, half-pixel centres, no antialiasing.
 * @param x [B, C, H, W]
 * @returns [B, C, height, width]
 */
export function resizeBilinear(x: Tensor, height: number, width: number): Tensor {
  const mode = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return resize('resizeBilinear', x, height, width, bilinearWeights, mode);
}

/**
 * Nearest-neighbour resizing by PyTorch's default rule, floor(i·in/out).
 * @param x [B, C, H, W]
 * @returns [B, C, height, width]
 */
export function resizeNearest(x: Tensor, height: number, width: number): Tensor {
  const mode = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
  return resize('resizeNearest', x, height, width, nearestWeights, mode);
}
