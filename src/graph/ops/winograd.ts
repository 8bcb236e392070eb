/**
 * Convolution with 3×3 kernels over a square grid of tokens, as Winograd's F(2×2, 3×3): 16 multiplications for every 2×2
 * outputs instead of 36, all in matrix products, which ONNX Runtime computes faster than convolutions.
 *
 * Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), gives the three matrices. In float32
 * the result differs from a direct convolution by rounding only (relative 1e-6 at 768 channels).
 */
import { constant, shapeError, type Tensor, withGradient } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { gather, NOWHERE } from './gather.js';
import { gemm, matmul } from './matrix.js';
import { reshape, transpose, transposeLast } from './shape.js';

/** Transforms a tile of the input, Bᵀ. */
const INPUT = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
];
/** Transforms a kernel, G. */
const KERNEL = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
];
/** Transforms products to the outputs of a tile, Aᵀ. */
const OUTPUT = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
];
/** Side of a transformed tile, and of its outputs. */
const TILE = 4;
const STEP = 2;

/** The Kronecker product of a matrix with itself: one matrix for both axes of a tile. */
function bothAxes(m: readonly (readonly number[])[]): Tensor {
  const rows = m.flatMap((a) => m.map((b) => a.flatMap((x) => b.map((y) => x * y))));
  return constant(float32(rows.flat(), [rows.length, rows[0].length]));
}

/**
 * Convolution with one token of zero padding, without a bias.
 * @param x [B, grid², I]
 * @param weight [O, I, 3, 3], as PyTorch's conv2d
 * @returns [B, grid², O]
 */
export function conv3x3OfTokens(x: Tensor, weight: Tensor, grid: number): Tensor {
  const kernels = weight.rank === 4 && weight.shape[2] === 3 && weight.shape[3] === 3;
  if (!kernels || x.rank !== 3 || x.shape[1] !== grid * grid || x.shape[2] !== weight.shape[1]) {
    throw shapeError('conv3x3OfTokens', `[B, ${grid * grid}, I] and a weight [O, I, 3, 3]`, x, weight);
  }
  const [batch, inputs, outputs] = [x.size(0), x.size(2), weight.size(0)];
  const across = Math.ceil(grid / STEP);
  const tiles = batch * across * across;
  const places = TILE * TILE;
  const tokens = reshape(x, [batch * grid * grid, inputs]);
  const windows = reshape(gather(tokens, tileIndices(batch, grid), 0), [places, tiles * inputs]);
  const transformed = reshape(gemm(bothAxes(INPUT), windows), [places, tiles, inputs]);
  const kernel = transformedKernels(weight);
  // The transformed kernels are nearly twice as large as the kernels. In training they are computed again for the gradient
  // rather than kept.
  const products = withGradient(matmul(transformed, transposeLast(kernel)), [transformed, kernel], (dy) => [
    matmul(dy, transformedAgain(weight)),
    matmul(transposeLast(dy), transformed),
  ]);
  const pixels = gemm(bothAxes(OUTPUT), reshape(products, [places, tiles * outputs]));
  const rows = gather(reshape(pixels, [STEP * STEP * tiles, outputs]), pixelIndices(batch, grid), 0);
  return reshape(rows, [batch, grid * grid, outputs]);
}

/** G g Gᵀ for every pair of channels; folded if the weight is constant. @returns [16, O, I] */
function transformedKernels(weight: Tensor): Tensor {
  const [outputs, inputs] = [weight.size(0), weight.size(1)];
  // Kernels as columns of a matrix: transposing a matrix is fast, transposing three axes is not.
  const columns = transpose(reshape(weight, [outputs * inputs, 9]), [1, 0]);
  const flat = gemm(bothAxes(KERNEL), columns);
  return reshape(flat, [TILE * TILE, outputs, inputs]);
}

/** The same numbers by another node: equal nodes would be merged, and their result kept. */
function transformedAgain(weight: Tensor): Tensor {
  const [outputs, inputs] = [weight.size(0), weight.size(1)];
  const flat = gemm(bothAxes(KERNEL), reshape(weight, [outputs * inputs, 9]), { transB: true });
  return reshape(flat, [TILE * TILE, outputs, inputs]);
}

/** The token at each place of each tile. Tiles overlap by two tokens and extend over the edge by one. */
function tileIndices(batch: number, grid: number): number[] {
  const indices: number[] = [];
  for (let place = 0; place < TILE * TILE; place++) {
    forEachTile(batch, grid, (image, ty, tx) => {
      const y = ty * STEP + Math.floor(place / TILE) - 1;
      const x = tx * STEP + (place % TILE) - 1;
      const inside = y >= 0 && y < grid && x >= 0 && x < grid;
      indices.push(inside ? (image * grid + y) * grid + x : NOWHERE);
    });
  }
  return indices;
}

/** For each token, its row in the results [4, tiles]. */
function pixelIndices(batch: number, grid: number): number[] {
  const indices: number[] = Array.from({ length: batch * grid * grid }, () => 0);
  const tiles = batch * Math.ceil(grid / STEP) ** 2;
  let tile = 0;
  forEachTile(batch, grid, (image, ty, tx) => {
    for (let place = 0; place < STEP * STEP; place++) {
      const y = ty * STEP + Math.floor(place / STEP);
      const x = tx * STEP + (place % STEP);
      if (y < grid && x < grid) indices[(image * grid + y) * grid + x] = place * tiles + tile;
    }
    tile += 1;
  });
  return indices;
}

function forEachTile(batch: number, grid: number, visit: (image: number, ty: number, tx: number) => void): void {
  const across = Math.ceil(grid / STEP);
  for (let image = 0; image < batch; image++) {
    for (let ty = 0; ty < across; ty++) for (let tx = 0; tx < across; tx++) visit(image, ty, tx);
  }
}
