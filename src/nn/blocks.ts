/**
 * Blocks that published segmentation networks share: convolution, batch norm and activation, the double convolution of U-Net,
 * and the decoder block of LinkNet.
 */
import type { ConvOptions } from '../graph/ops/convolution.js';
import { relu } from '../graph/ops/elementwise.js';
import { concat, slice } from '../graph/ops/shape.js';
import type { Tensor } from '../graph/tensor.js';
import { type BatchNormOptions, batchNorm2d, conv2d, convTranspose2d } from './layers.js';
import type { Parameters } from './parameters.js';

/**
 * A grey image three times, for networks whose first weights are of colours; a prompt channel stays after it.
 * @param image [B, 1 or 3, H, W], and one channel more for a prompt
 */
export function threeChannels(image: Tensor): Tensor {
  if (image.size(1) > 2) return image;
  const grey = image.size(1) === 1 ? image : slice(image, 1, 0, 1);
  return concat([grey, grey, image], 1);
}

interface ConvNormOptions extends ConvOptions {
  /** Side of the kernel. Default 3. */
  readonly kernel?: number;
  /** Of the convolution. Default false: batch norm has one. */
  readonly bias?: boolean;
  /** Of the convolution; see conv2d. */
  readonly kaiming?: boolean;
  /** Names of the convolution and its norm. Default `0` and `1`, those of a Sequential. */
  readonly names?: readonly [conv: string, norm: string];
  readonly norm?: BatchNormOptions;
}

/**
 * Convolution and batch norm. A kernel of odd side keeps the size of the image unless `padding` is given.
 * @param x [B, I, H, W]
 * @returns [B, outputs, H / stride, W / stride]
 */
export function convNorm(p: Parameters, x: Tensor, outputs: number, options: ConvNormOptions = {}): Tensor {
  const { kernel = 3, bias = false, names = ['0', '1'], dilation = 1 } = options;
  const padding = options.padding ?? (dilation * (kernel - 1)) / 2;
  const convolved = conv2d(p.at(names[0]), x, outputs, { ...options, kernel, bias, padding });
  return batchNorm2d(p.at(names[1]), convolved, options.norm);
}

/** {@link convNorm} and ReLU. */
export function convNormRelu(p: Parameters, x: Tensor, outputs: number, options: ConvNormOptions = {}): Tensor {
  return relu(convNorm(p, x, outputs, options));
}

interface DoubleConvOptions {
  /** Channels between the two. Default: `outputs`. */
  readonly middle?: number;
  /** Of the convolutions. Default false. */
  readonly bias?: boolean;
}

/** Two 3×3 convolutions with batch norm and ReLU, named `0`, `1`, `3`, `4` as in a Sequential. */
export function doubleConv(
  p: Parameters,
  x: Tensor,
  outputs: number,
  { middle = outputs, bias = false }: DoubleConvOptions = {},
): Tensor {
  const first = convNormRelu(p, x, middle, { bias });
  return convNormRelu(p, first, outputs, { bias, names: ['3', '4'] });
}

/**
 * The decoder block of LinkNet (arXiv:1707.03718) in CE-Net and FAT-Net, which doubles the size of a map: 1×1 convolution to a
 * quarter of the channels, transposed 3×3, 1×1, each with a bias, batch norm and ReLU.
 * @param x [B, C, H, W]
 * @param up names of the transposed convolution and its norm
 * @returns [B, outputs, 2·H, 2·W]
 */
export function linkDecoder(
  p: Parameters,
  x: Tensor,
  outputs: number,
  up: readonly [conv: string, norm: string],
): Tensor {
  const narrow = Math.floor(x.size(1) / 4);
  const first = convNormRelu(p, x, narrow, { kernel: 1, bias: true, names: ['conv1', 'norm1'] });
  const options = { kernel: 3, stride: 2, padding: 1, outputPadding: [1, 1] } as const;
  const larger = relu(batchNorm2d(p.at(up[1]), convTranspose2d(p.at(up[0]), first, narrow, options)));
  return convNormRelu(p, larger, outputs, { kernel: 1, bias: true, names: ['conv3', 'norm3'] });
}
