/**
 * A promptable model in the layout that SAM 2 has in transformers.js: `vision_encoder` from pixels to one level of image
 * embeddings, `prompt_encoder_mask_decoder` from points and boxes of any number of objects to masks.
 * The library only knows colours; grey is made in the graph.
 */
import type { Dim, Shape } from '../graph/dims.js';
import { expand } from '../graph/ops/broadcasting.js';
import { cast, greater, mul, sub, where } from '../graph/ops/elementwise.js';
import { gather } from '../graph/ops/gather.js';
import { sum } from '../graph/ops/reduce.js';
import { concat, reshape, slice } from '../graph/ops/shape.js';
import { apply, constant, input, integers, type Tensor } from '../graph/tensor.js';
import { float32 } from '../graph/tensorData.js';
import type { ModelConfig, ModelGraph } from '../models/architecture.js';
import { HIDDEN, parametersFor } from '../models/graphs.js';
import { POINT_LABEL } from '../models/imageFrame.js';
import { complete } from '../models/preprocessing.js';
import { preprocessingOf, promptedOf } from '../models/registry.js';

/** Shares of red, green and blue in grey, of 65536 (imageFrame.ts has the same rule in whole numbers). */
const GREY = [19_595, 38_470, 7471];

/**
 * `pixel_values` [batch, 3, imageSize, imageSize] → `image_embeddings.0` [batch, D, g, g]. Stretched images have values from 0 to 1,
 * others those of the model's own input.
 */
export function visionEncoder(config: ModelConfig, batch: Dim): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const pixels = input('pixel_values', [batch, 3, config.imageSize, config.imageSize]);
  const embedding = architecture.encode(parameters, config, modelInput(config, pixels));
  return {
    inputs: { pixel_values: pixels },
    outputs: { 'image_embeddings.0': embedding },
    parameters: parameters.list(),
  };
}

function modelInput(config: ModelConfig, pixels: Tensor): Tensor {
  const { fit, colour, channels, mean, std } = complete(preprocessingOf(config));
  if (fit === 'longest-side') return pixels;
  const seen = colour === 'grey' ? grey(pixels) : colour === 'bgr' ? gather(pixels, [2, 1, 0], 1) : pixels;
  const copied = seen.size(1) < channels ? concat([seen, seen, seen], 1) : seen;
  const perChannel = (values: readonly number[]): Tensor => constant(float32(values, [channels, 1, 1]));
  const scaled = mul(copied, perChannel(std.map((value) => 255 / value)));
  return mean.some((value) => value !== 0) ? sub(scaled, perChannel(mean.map((value, i) => value / std[i]!))) : scaled;
}

function grey(pixels: Tensor): Tensor {
  const shares = constant(
    float32(
      GREY.map((share) => share / 65_536),
      [3, 1, 1],
    ),
  );
  return sum(mul(pixels, shares), { axes: [1], keepDims: true });
}

/**
 * `image_embeddings.0` [batch, D, g, g], `input_points` [batch, groups, points, 2] and `input_boxes` [batch, boxes, 4] in
 * pixels of `pixel_values`, `input_labels` int64 [batch, objects, points] → `iou_scores` [batch, objects, masks],
 * `pred_masks` [batch, objects, masks, 4g, 4g], with an object score `object_score_logits` [batch, objects, 1].
 *
 * `groups` and `boxes` are the number of objects, or that input is empty, as the library makes it.
 */
export function promptDecoder(config: ModelConfig): ModelGraph {
  const architecture = promptedOf(config);
  const parameters = parametersFor(architecture, config);
  const { embedding: shape, lowRes, masks } = architecture.shapes(config);
  const embedding = input('image_embeddings.0', ['batch', ...shape]);
  const points = input('input_points', ['batch', 'groups', 'points', 2]);
  const labels = input('input_labels', ['batch', 'objects', 'points'], 'int64');
  const boxes = input('input_boxes', ['batch', 'boxes', 4]);

  const perImage = sizesOf(labels, 0, 2);
  const all = mul(slice(perImage, 0, 0, 1), slice(perImage, 0, 1, 2));
  const count = sizesOf(labels, 2, 3);
  /** Of the objects of all images, [all, …]. */
  const flat = (x: Tensor, ...tail: readonly (Tensor | number)[]): Tensor =>
    reshapeTo(x, [all, ...tail], ['all', ...tail.map((dim) => (typeof dim === 'number' ? dim : 'points'))]);

  const [corners, cornerLabels] = boxPoints(flat(forEachObject(boxes, labels), 5));
  const coords = concat([flat(points, count, 2), corners], 1);
  const given = cast(flat(labels, count), 'float32');
  // The library fills up with −10.
  const known = concat([where(greater(-1.5, given), POINT_LABEL.absent, given), cornerLabels], 1);
  const repeated = expand(reshape(embedding, ['batch', 1, ...shape]), ['batch', 'objects', ...shape], labels);
  const decode = architecture.decoder(parameters, config, flat(repeated, ...shape));
  const answer = decode({
    coords,
    labels: known,
    mask: constant(float32(new Float32Array(lowRes * lowRes), [1, 1, lowRes, lowRes])),
    hasMask: constant(float32([0], [1])),
    bias: where(greater(-1.5, known), HIDDEN, 0),
  });
  const byImage = (x: Tensor, ...tail: readonly number[]): Tensor =>
    reshapeTo(x, [perImage, ...tail], ['batch', 'objects', ...tail]);
  return {
    inputs: { 'image_embeddings.0': embedding, input_points: points, input_labels: labels, input_boxes: boxes },
    outputs: {
      iou_scores: byImage(answer.iou, masks),
      pred_masks: byImage(answer.lowResLogits, masks, lowRes, lowRes),
      ...(answer.presence && { object_score_logits: byImage(answer.presence, 1) }),
    },
    parameters: parameters.list(),
  };
}

/**
 * The boxes with a mark that they are there, one for each object; zeros without one.
 * @returns [batch, objects, 5]
 */
function forEachObject(boxes: Tensor, labels: Tensor): Tensor {
  const filled = (value: number, shape: Shape, like: Tensor): Tensor =>
    expand(constant(float32([value], [1, 1, 1])), shape, like);
  const marked = concat([boxes, filled(1, ['batch', 'boxes', 1], boxes)], 2);
  const joined = concat([marked, filled(0, ['batch', 'objects', 5], labels)], 1);
  const bounds = [integers([0]), sizesOf(labels, 1, 2), integers([1]), integers([1])];
  return apply('Slice', [joined, ...bounds], ['batch', 'objects', 5]);
}

/** The two corners of each box and their labels; without a box SAM's padding point and one that is hidden. */
function boxPoints(boxes: Tensor): readonly [coords: Tensor, labels: Tensor] {
  const row = (values: readonly number[]): Tensor => constant(float32(values, [1, 2]));
  const { boxTopLeft, boxBottomRight, notAPoint, absent } = POINT_LABEL;
  const isThere = greater(slice(boxes, 1, 4, 5), 0.5);
  return [
    reshape(slice(boxes, 1, 0, 4), ['all', 2, 2]),
    where(isThere, row([boxTopLeft, boxBottomRight]), row([notAPoint, absent])),
  ];
}

/** The sizes of axes `from` to `to` of a tensor, as a run has them. @returns int64 [to − from] */
function sizesOf(x: Tensor, from: number, to: number): Tensor {
  return slice(apply('Shape', [x], [x.rank], { dtype: 'int64' }), 0, from, to);
}

/** Another shape, put together from sizes that only a run knows and others; any may be 0. */
function reshapeTo(x: Tensor, target: readonly (Tensor | number)[], shape: Shape): Tensor {
  const sizes = target.map((dim) => (typeof dim === 'number' ? integers([dim]) : dim));
  return apply('Reshape', [x, concat(sizes, 0)], shape, { dtype: x.dtype, attributes: { allowzero: { int: 1 } } });
}
