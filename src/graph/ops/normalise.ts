/**
 * Normalisation: over the last axis (layer norm), over the channels of each pixel (SAM's LayerNorm2d), over a batch
 * (batch norm, with the batch's or with stored statistics) and over groups of channels (group norm).
 */
import { type Shape, sameShape } from '../dims.js';
import { apply, applyMany, constant, shapeError, type Tensor, withGradient } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { sumTo } from './broadcasting.js';
import { add, div, mul, sqrt, sub } from './elementwise.js';
import { matmul } from './matrix.js';
import { mean, sum } from './reduce.js';
import { reshape, transpose } from './shape.js';

/**
 * (x − mean) / sqrt(variance + epsilon) · weight + bias over the last axis, with the population variance.
 * @param x [..., C]
 * @param weight [C]
 * @param bias [C]
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  if (weight.rank !== 1 || weight.shape[0] !== x.dim(-1) || bias.shape[0] !== weight.shape[0]) {
    throw shapeError('layerNorm', '[..., C] and weights [C]', x, weight, bias);
  }
  return normaliseRows(x, weight, bias, epsilon)[0];
}

/** The norm, and the mean and the inverse deviation of each row. */
function normaliseRows(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): readonly Tensor[] {
  const statistics = [...x.shape.slice(0, -1), 1];
  const results = applyMany('LayerNormalization', [x, weight, bias], [x.shape, statistics, statistics], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const [, average, inverse] = results;
      const normalised = mul(sub(x, average), inverse);
      const dx = standardisedGradient(mul(dy, weight), normalised, inverse, (t) =>
        mean(t, { axes: [-1], keepDims: true }),
      );
      return [dx, sumTo(mul(dy, normalised), weight.shape), sumTo(dy, bias.shape)];
    },
  });
  return results;
}

/**
 * The gradient through (x − mean) · inverse, with `mean` and `inverse` taken over the same elements of `x`.
 * @param dy gradient of the normalised values
 * @param meanOf the mean over those elements, in a shape that broadcasts
 */
function standardisedGradient(
  dy: Tensor,
  normalised: Tensor,
  inverse: Tensor,
  meanOf: (values: Tensor) => Tensor,
): Tensor {
  const shift = meanOf(dy);
  const slope = meanOf(mul(dy, normalised));
  return mul(inverse, sub(sub(dy, shift), mul(normalised, slope)));
}

/**
 * Layer normalisation of each pixel over its channels.
 *
 * The forward pass is layer norm over the last axis between two transposes. The gradient stays in planes: rows of few
 * channels are short, and broadcasting over short rows is ten times slower.
 * @param x [B, C, H, W]
 * @param weight [C]
 * @param bias [C]
 */
export function layerNorm2d(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  if (x.rank !== 4) throw shapeError('layerNorm2d', '[B, C, H, W] and weights [C]', x, weight, bias);
  checkChannels('layerNorm2d', x, [weight, bias]);
  const channelsLast = transpose(x, [0, 2, 3, 1]);
  const [normed, average, inverse] = normaliseRows(channelsLast, weight, bias, epsilon);
  const plane = [x.shape[0], 1, x.shape[2], x.shape[3]];
  return withGradient(transpose(normed, [0, 3, 1, 2]), [x, weight, bias], (dy) => {
    const [centre, slopeOf] = [reshape(average, plane), reshape(inverse, plane)];
    const normalised = mul(sub(x, centre), slopeOf);
    const dx = standardisedGradient(mul(dy, perChannel(weight, x)), normalised, slopeOf, channelMean);
    return [dx, sumToChannels(mul(dy, normalised)), sumToChannels(dy)];
  });
}

/** Mean over the channels, as a matrix product. @param x [B, C, H, W] @returns [B, 1, H, W] */
function channelMean(x: Tensor): Tensor {
  const channels = x.size(1);
  const weights = constant(float32(new Float32Array(channels).fill(1 / channels), [1, channels]));
  const pixels = reshape(x, [x.shape[0], channels, x.size(2) * x.size(3)]);
  return reshape(matmul(weights, pixels), [x.shape[0], 1, x.shape[2], x.shape[3]]);
}

/** The result of {@link batchNorm} and the statistics that update the running ones. */
interface BatchNormResult {
  readonly y: Tensor;
  /** Mean of each channel over the batch [C]. */
  readonly mean: Tensor;
  /** Population variance of each channel [C], which normalises `y`. Keras keeps this one. */
  readonly variance: Tensor;
  /** Variance · n / (n − 1) [C]. PyTorch's `running_var` keeps this one. */
  readonly unbiasedVariance: Tensor;
}

/**
 * Batch normalisation in training: each channel by its mean and population variance over the batch. Gradients flow
 * through both.
 *
 * A bias in front of it has a gradient of zero in exact arithmetic; here, as in PyTorch, it is rounding (1e-9).
 * @param x [B, C], [B, C, L] or [B, C, H, W], with at least two values of each channel
 * @param weight [C]
 * @param bias [C]
 */
export function batchNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): BatchNormResult {
  checkChannels('batchNorm', x, [weight, bias]);
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const count = axes.reduce((n, axis) => n * x.size(axis), 1);
  if (count < 2) throw shapeError('batchNorm', 'at least two values of each channel', x);
  const meanOf = (values: Tensor) => mean(values, { axes, keepDims: true, precise: true });
  const { normalised, average, variance, inverse } = standardise(x, epsilon, meanOf);
  const y = scaled(x, normalised, weight, bias, (dy) => standardisedGradient(dy, normalised, inverse, meanOf));
  const perChannelOnly = reshape(variance, weight.shape);
  return {
    y,
    mean: reshape(average, weight.shape),
    variance: perChannelOnly,
    unbiasedVariance: mul(perChannelOnly, count / (count - 1)),
  };
}

/**
 * Batch normalisation in inference: (x − mean) / sqrt(variance + epsilon) · weight + bias with stored statistics.
 * ONNX Runtime merges it into a convolution before it.
 * @param x [B, C], [B, C, L] or [B, C, H, W]
 * @param weight [C]
 * @param bias [C]
 * @param average running mean [C]
 * @param variance running variance [C]
 */
export function batchNormInfer(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  average: Tensor,
  variance: Tensor,
  epsilon: number,
): Tensor {
  checkChannels('batchNormInfer', x, [weight, bias, average, variance]);
  return apply('BatchNormalization', [x, weight, bias, average, variance], x.shape, {
    attributes: { epsilon: { float: epsilon } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const inverse = div(1, sqrt(add(variance, epsilon)));
      const scale = mul(weight, inverse);
      const total = channelSum(dy);
      const slope = mul(channelSum(mul(dy, sub(x, perChannel(average, x)))), inverse);
      return [
        mul(dy, perChannel(scale, x)),
        slope,
        total,
        mul(mul(total, scale), -1),
        mul(mul(slope, mul(scale, inverse)), -0.5),
      ];
    },
  });
}

/**
 * Group normalisation: each group of channels of each image with its own mean and population variance.
 * @param x [B, C, ...], C a multiple of `groups`
 * @param weight [C]
 * @param bias [C]
 */
export function groupNorm(x: Tensor, groups: number, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  checkChannels('groupNorm', x, [weight, bias]);
  const channels = x.size(1);
  if (groups < 1 || channels % groups !== 0) throw shapeError('groupNorm', `channels in ${groups} groups`, x);
  const byGroup = [x.shape[0], groups, channels / groups, ...x.shape.slice(2)];
  const axes = byGroup.map((_, axis) => axis).slice(2);
  const meanOf = (values: Tensor) => mean(values, { axes, keepDims: true, precise: true });
  const { normalised, inverse } = standardise(reshape(x, byGroup), epsilon, meanOf);
  return scaled(x, reshape(normalised, x.shape), weight, bias, (dy) =>
    reshape(standardisedGradient(reshape(dy, byGroup), normalised, inverse, meanOf), x.shape),
  );
}

/** (x − mean) / sqrt(variance + epsilon), and its terms. The variance is that of centred values, for precision. */
function standardise(x: Tensor, epsilon: number, meanOf: (values: Tensor) => Tensor) {
  const average = meanOf(x);
  const centred = sub(x, average);
  const variance = meanOf(mul(centred, centred));
  const inverse = div(1, sqrt(add(variance, epsilon)));
  return { normalised: mul(centred, inverse), average, variance, inverse };
}

/** normalised · weight + bias for each channel; `back` maps the gradient of `normalised` to that of `x`. */
function scaled(x: Tensor, normalised: Tensor, weight: Tensor, bias: Tensor, back: (dy: Tensor) => Tensor): Tensor {
  const y = add(mul(normalised, perChannel(weight, x)), perChannel(bias, x));
  return withGradient(y, [x, weight, bias], (dy) => [
    back(mul(dy, perChannel(weight, x))),
    channelSum(mul(dy, normalised)),
    channelSum(dy),
  ]);
}

function checkChannels(operation: string, x: Tensor, weights: readonly Tensor[]): void {
  if (x.rank >= 2 && weights.every(({ shape }) => sameShape(shape, [x.shape[1]]))) return;
  throw shapeError(operation, '[B, C, ...] and weights [C]', x, ...weights);
}

/** One value per channel, in a shape that broadcasts to `x`. @param values [C] @returns [C, 1, …] */
function perChannel(values: Tensor, x: Tensor): Tensor {
  const shape: Shape = [values.size(0), ...x.shape.slice(2).map(() => 1)];
  return reshape(values, shape);
}

/** Sum over all axes but the channels, in one pass. @param x [B, C, ...] @returns [C] */
function sumToChannels(x: Tensor): Tensor {
  return reshape(sumTo(x, [1, x.shape[1], ...x.shape.slice(2).map(() => 1)]), [x.shape[1]]);
}

/** {@link sumToChannels}, as precise as PyTorch's. */
function channelSum(x: Tensor): Tensor {
  return sum(x, { axes: x.shape.map((_, axis) => axis).filter((axis) => axis !== 1), precise: true });
}
