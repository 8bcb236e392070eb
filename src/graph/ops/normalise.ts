/**
 * Layer normalisation over the last axis, and over the channel axis of images (SAM's LayerNorm2d).
 */
import { sameShape } from '../dims.js';
import { applyMany, constant, shapeError, type Tensor, withGradient } from '../tensor.js';
import { float32 } from '../tensorData.js';
import { sumTo } from './broadcasting.js';
import { mul, sub } from './elementwise.js';
import { matmul } from './matrix.js';
import { mean } from './reduce.js';
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
  return normalise(x, weight, bias, epsilon)[0];
}

/** The norm, and the mean and the inverse deviation of each row. */
function normalise(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): readonly Tensor[] {
  const statistics = [...x.shape.slice(0, -1), 1];
  const results = applyMany('LayerNormalization', [x, weight, bias], [x.shape, statistics, statistics], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const [, average, inverse] = results;
      const normalised = mul(sub(x, average), inverse);
      const scaled = mul(dy, weight);
      const shift = mean(scaled, { axes: [-1], keepDims: true });
      const slope = mean(mul(scaled, normalised), { axes: [-1], keepDims: true });
      const dx = mul(inverse, sub(sub(scaled, shift), mul(normalised, slope)));
      return [dx, sumTo(mul(dy, normalised), weight.shape), sumTo(dy, bias.shape)];
    },
  });
  return results;
}

/**
 * Layer normalisation of each pixel over its channels.
 *
 * Forward it is the norm of the last axis between two transposes. Backward it stays in planes: few channels make short
 * rows, over which broadcasting is ten times slower.
 * @param x [B, C, H, W]
 * @param weight [C]
 * @param bias [C]
 */
export function layerNorm2d(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  if (x.rank !== 4 || [weight, bias].some(({ shape }) => !sameShape(shape, [x.shape[1]]))) {
    throw shapeError('layerNorm2d', '[B, C, H, W] and weights [C]', x, weight, bias);
  }
  const channelsLast = transpose(x, [0, 2, 3, 1]);
  const [normed, average, inverse] = normalise(channelsLast, weight, bias, epsilon);
  const plane = [x.shape[0], 1, x.shape[2], x.shape[3]];
  return withGradient(transpose(normed, [0, 3, 1, 2]), [x, weight, bias], (dy) => {
    const [centre, slopeOf] = [reshape(average, plane), reshape(inverse, plane)];
    const normalised = mul(sub(x, centre), slopeOf);
    const scaled = mul(dy, reshape(weight, [weight.size(0), 1, 1]));
    const shift = channelMean(scaled);
    const slope = channelMean(mul(scaled, normalised));
    const dx = mul(slopeOf, sub(sub(scaled, shift), mul(normalised, slope)));
    const perChannel = [1, weight.size(0), 1, 1];
    return [
      dx,
      reshape(sumTo(mul(dy, normalised), perChannel), weight.shape),
      reshape(sumTo(dy, perChannel), bias.shape),
    ];
  });
}

/** Mean over the channels, as a product. @param x [B, C, H, W] @returns [B, 1, H, W] */
function channelMean(x: Tensor): Tensor {
  const channels = x.size(1);
  const weights = constant(float32(new Float32Array(channels).fill(1 / channels), [1, channels]));
  const pixels = reshape(x, [x.shape[0], channels, x.size(2) * x.size(3)]);
  return reshape(matmul(weights, pixels), [x.shape[0], 1, x.shape[2], x.shape[3]]);
}
