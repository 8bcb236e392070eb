/**
 * Products with 8-bit weights. Weights are quantised beforehand, with one scale per output; activations during the run,
 * with one scale per tensor.
 *
 * The products are ONNX Runtime's own operator. Weights are signed with a zero point of zero: its kernel for unsigned weights does
 * not use the processor's 8-bit dot products. There are no gradients: trained weights stay float32.
 */
import { apply, applyMany, constant, shapeError, type Tensor } from '../tensor.js';
import { add, cast, mul } from './elementwise.js';
import { gather } from './gather.js';
import { pad, reshape, transpose } from './shape.js';

/**
 * PyTorch's linear layer with 8-bit weights.
 * @param x [N, in]
 * @param weight int8 [out, in]
 * @param scale [out]
 * @param bias [out]
 * @returns [N, out]
 */
export function linearInt8(x: Tensor, weight: Tensor, scale: Tensor, bias?: Tensor): Tensor {
  if (x.rank !== 2 || weight.rank !== 2 || x.shape[1] !== weight.shape[1] || weight.dtype !== 'int8') {
    throw shapeError('linearInt8', '[N, in] and an int8 weight [out, in]', x, weight);
  }
  const [quantised, step, zero] = quantise(x);
  return product('linearInt8', quantised, step, zero, transpose(weight, [1, 0]), scale, bias);
}

/**
 * Convolution by 3×3 kernels over square grids of tokens, with one token of zero padding and 8-bit weights.
 * @param x [B·grid², I]
 * @param weight int8 [O, I, 3, 3]
 * @param scale [O]
 * @returns [B·grid², O]
 */
export function conv3x3OfTokensInt8(x: Tensor, weight: Tensor, scale: Tensor, grid: number): Tensor {
  const tokens = x.size(0);
  const fits = x.rank === 2 && weight.rank === 4 && weight.shape[1] === x.shape[1] && tokens % grid ** 2 === 0;
  if (!fits || weight.shape[2] !== 3 || weight.shape[3] !== 3 || weight.dtype !== 'int8') {
    throw shapeError('conv3x3OfTokensInt8', `[B·${grid * grid}, I] and an int8 weight [O, I, 3, 3]`, x, weight);
  }
  const [outputs, inputs] = [weight.size(0), weight.size(1)];
  // The row of zeros is quantised with the others and becomes the zero point, so padding is exact.
  const [quantised, step, zero] = quantise(pad(x, 0, 0, 1));
  const columns = reshape(gather(quantised, neighbours(tokens / grid ** 2, grid), 0), [tokens, 9 * inputs]);
  const kernels = reshape(transpose(weight, [2, 3, 1, 0]), [9 * inputs, outputs]);
  return product('conv3x3OfTokensInt8', columns, step, zero, kernels, scale);
}

/** The nine tokens around each token of each image; outside the grid, the row after the last token. */
function neighbours(batch: number, grid: number): number[] {
  const area = grid * grid;
  const indices: number[] = [];
  for (let token = 0; token < batch * area; token++) {
    const first = token - (token % area);
    const [y, x] = [Math.floor((token % area) / grid), token % grid];
    for (let place = 0; place < 9; place++) {
      const [v, u] = [y + Math.floor(place / 3) - 1, x + (place % 3) - 1];
      indices.push(v >= 0 && v < grid && u >= 0 && u < grid ? first + v * grid + u : batch * area);
    }
  }
  return indices;
}

/** @returns uint8 values, their scale, their zero point */
function quantise(x: Tensor): readonly Tensor[] {
  return applyMany('DynamicQuantizeLinear', [x], [x.shape, [], []], { dtypes: ['uint8', 'float32', 'uint8'] });
}

function product(
  operation: string,
  x: Tensor,
  step: Tensor,
  zero: Tensor,
  weight: Tensor,
  scale: Tensor,
  bias?: Tensor,
): Tensor {
  for (const each of [scale, bias]) {
    if (each && (each.rank !== 1 || each.shape[0] !== weight.shape[1])) {
      throw shapeError(operation, 'scales and a bias [out] for a weight [in, out]', weight, each);
    }
  }
  const noOffset = constant({ dtype: 'int8', shape: [], data: new Int8Array(1) });
  const shape = [x.shape[0], weight.shape[1]];
  return apply('MatMulIntegerToFloat', [x, weight, step, scale, zero, noOffset, bias], shape, {
    domain: 'com.microsoft',
    standard: () => {
      const sums = apply('MatMulInteger', [x, weight, zero, noOffset], shape, { dtype: 'int32' });
      const scaled = mul(cast(sums, 'float32'), mul(scale, step));
      return bias ? add(scaled, bias) : scaled;
    },
  });
}
