/**
 * SAM's prompt encoder: points, box corners and a mask become tokens and an image the decoder understands.
 */
import { add, cos, equal, gelu, greater, mul, sin, sub, where } from '../../graph/ops/elementwise.js';
import { linear as project } from '../../graph/ops/matrix.js';
import { concat, reshape, transpose } from '../../graph/ops/shape.js';
import { constant, type Tensor } from '../../graph/tensor.js';
import { float32, sizeOf } from '../../graph/tensorData.js';
import { conv2d, embedding, layerNorm2d } from '../../nn/layers.js';
import { NORMAL, type Parameters } from '../../nn/parameters.js';
import { PLACED_ABOVE } from '../imageFrame.js';
import type { SamSizes } from './config.js';

/** The learned embeddings of labels 0 to 3. */
const POINT_KINDS = [0, 1, 2, 3];

/**
 * Tokens of points and boxes.
 * @param coords [O, N, 2], x then y in pixels of the model's input
 * @param labels [O, N], values of POINT_LABEL
 * @returns [O, N, promptDim]
 */
export function sparsePrompts(p: Parameters, config: SamSizes, coords: Tensor, labels: Tensor): Tensor {
  const width = config.promptDim;
  const label = reshape(labels, [...labels.shape, 1]);
  const unit = mul(add(coords, 0.5), 1 / config.imageSize);
  const position = where(greater(label, PLACED_ABOVE), positionEncoding(p, config, unit), 0);
  const kinds = [
    where(greater(PLACED_ABOVE, label), embedding(p.at('not_a_point_embed'), 1, width), 0),
    ...POINT_KINDS.map((kind) => where(equal(label, kind), embedding(p.at(`point_embeddings.${kind}`), 1, width), 0)),
  ];
  return kinds.reduce((sum, kind) => add(sum, kind), position);
}

/**
 * The mask prompt as an image, or the learned "no mask" where there is none.
 * @param mask logits [O, 1, 4·tokenGrid, 4·tokenGrid]
 * @param hasMask [O], 1 or 0
 * @returns [O, promptDim, tokenGrid, tokenGrid]
 */
export function densePrompts(p: Parameters, config: SamSizes, mask: Tensor, hasMask: Tensor): Tensor {
  const scaling = p.at('mask_downscaling');
  const channels = config.maskChannels;
  const half = conv2d(scaling.at('0'), mask, channels / 4, { kernel: 2, stride: 2 });
  const quarter = conv2d(scaling.at('3'), gelu(layerNorm2d(scaling.at('1'), half)), channels, { kernel: 2, stride: 2 });
  const embedded = conv2d(scaling.at('6'), gelu(layerNorm2d(scaling.at('4'), quarter)), config.promptDim, {
    kernel: 1,
  });
  return where(greater(reshape(hasMask, [hasMask.shape[0], 1, 1, 1]), 0.5), embedded, noMask(p, config));
}

/** Declares the weights of all prompts, for a model that has them in its checkpoints and answers none. */
export function declarePrompts(p: Parameters, config: SamSizes): void {
  const side = 4 * config.tokenGrid;
  const zeros = (shape: readonly number[]) => constant(float32(new Float32Array(sizeOf(shape)), shape));
  sparsePrompts(p, config, zeros([1, 1, 2]), zeros([1, 1]));
  densePrompts(p, config, zeros([1, 1, side, side]), zeros([1]));
}

/** What stands for "no mask" at every place. @returns [1, promptDim, 1, 1] */
export function noMask(p: Parameters, config: SamSizes): Tensor {
  return reshape(embedding(p.at('no_mask_embed'), 1, config.promptDim), [1, config.promptDim, 1, 1]);
}

/** Positions of the image tokens. @returns [1, promptDim, tokenGrid, tokenGrid] */
export function densePositions(p: Parameters, config: SamSizes): Tensor {
  const grid = config.tokenGrid;
  const centres = Array.from({ length: grid * grid }, (_, i) => [(i % grid) + 0.5, Math.floor(i / grid) + 0.5]);
  const coords = constant(
    float32(
      centres.flat().map((v) => v / grid),
      [1, grid * grid, 2],
    ),
  );
  const encoded = positionEncoding(p, config, coords);
  return transpose(reshape(encoded, [1, grid, grid, config.promptDim]), [0, 3, 1, 2]);
}

/** Sine and cosine of random projections of points of the unit square. @param coords [O, N, 2] @returns [O, N, promptDim] */
function positionEncoding(p: Parameters, config: SamSizes, coords: Tensor): Tensor {
  const half = config.promptDim / 2;
  const matrix = p.at('pe_layer').get('positional_encoding_gaussian_matrix', [2, half], NORMAL, true);
  const angles = mul(project(sub(mul(coords, 2), 1), transpose(matrix, [1, 0])), 2 * Math.PI);
  return concat([sin(angles), cos(angles)], -1);
}
