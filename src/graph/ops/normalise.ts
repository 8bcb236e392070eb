/**
 * Layer normalisation over the last axis, and over the channel axis of images (SAM's LayerNorm2d).
 */
import { applyMany, shapeError, type Tensor } from '../tensor.js';
import { sumTo } from './broadcasting.js';
import { mul, sub } from './elementwise.js';
import { mean } from './reduce.js';
import { transpose } from './shape.js';

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
  const statistics = [...x.shape.slice(0, -1), 1];
  const [y, average, inverse] = applyMany('LayerNormalization', [x, weight, bias], [x.shape, statistics, statistics], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
    gradient: ([dy]) => {
      if (!dy) return [];
      const normalised = mul(sub(x, average), inverse);
      const scaled = mul(dy, weight);
      const shift = mean(scaled, { axes: [-1], keepDims: true });
      const slope = mean(mul(scaled, normalised), { axes: [-1], keepDims: true });
      const dx = mul(inverse, sub(sub(scaled, shift), mul(normalised, slope)));
      return [dx, sumTo(mul(dy, normalised), weight.shape), sumTo(dy, bias.shape)];
    },
  });
  return y;
}

/**
 * Layer normalisation of each pixel over its channels.
 * @param x [B, C, H, W]
 * @param weight [C]
 * @param bias [C]
 */
export function layerNorm2d(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor {
  const channelsLast = transpose(x, [0, 2, 3, 1]);
  return transpose(layerNorm(channelsLast, weight, bias, epsilon), [0, 3, 1, 2]);
}
