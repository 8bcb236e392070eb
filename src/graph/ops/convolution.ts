/**
 * Two-dimensional convolutions, plain and transposed, with the gradients of both.
 *
 * The gradient of the weights is a sum of matrix products over shifted inputs. As a convolution with the whole output as
 * its kernel it would run at less than half the speed on ONNX Runtime's CPU kernels.
 */
import { addDims, type Dim, sameShape } from '../dims.js';
import { apply, shapeError, type Tensor } from '../tensor.js';
import { sumTo } from './broadcasting.js';
import { gather } from './gather.js';
import { gemm, matmul } from './matrix.js';
import { padImage, reshape, slice, stack, transpose, transposeLast } from './shape.js';

/** Rows and columns of zeros at the top, left, bottom and right. */
type Padding = readonly [top: number, left: number, bottom: number, right: number];

export interface ConvOptions {
  readonly stride?: number;
  /** Zeros on every side: one number, or one for each side. */
  readonly padding?: number | Padding;
  /** Distance between the places of the kernel. */
  readonly dilation?: number;
  readonly groups?: number;
}

interface Geometry {
  readonly stride: number;
  readonly padding: Padding;
  readonly dilation: number;
  readonly groups: number;
}

function geometry(operation: string, x: Tensor, options: ConvOptions): Geometry {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const sides: Padding = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
  if (![stride, dilation, groups].every((n) => Number.isInteger(n) && n > 0)) {
    throw shapeError(operation, 'a whole stride, dilation and number of groups of at least 1', x);
  }
  if (!sides.every((n) => Number.isInteger(n) && n >= 0)) throw shapeError(operation, 'a padding of at least 0', x);
  return { stride, padding: sides, dilation, groups };
}

function attributes(weight: Tensor, { stride, padding, dilation, groups }: Geometry) {
  return {
    kernel_shape: { ints: [weight.size(2), weight.size(3)] },
    strides: { ints: [stride, stride] },
    pads: { ints: padding },
    group: { int: groups },
    ...(dilation === 1 ? {} : { dilations: { ints: [dilation, dilation] } }),
  };
}

/** The extent of a dilated kernel along an axis (2 or 3) of its weight. */
function reach(weight: Tensor, axis: number, { dilation }: Geometry): number {
  return dilation * (weight.size(axis) - 1) + 1;
}

/** Zeros before and after an axis (2 or 3) in total. */
function padded({ padding }: Geometry, axis: number): number {
  return padding[axis - 2] + padding[axis];
}

function convolvedDim(x: Tensor, weight: Tensor, axis: number, shapes: Geometry): Dim {
  const dim = x.shape[axis];
  const extra = padded(shapes, axis) - reach(weight, axis, shapes);
  if (typeof dim === 'number') return Math.floor((dim + extra) / shapes.stride) + 1;
  return shapes.stride === 1 ? addDims(dim, extra + 1) : dim;
}

/**
 * Cross-correlation, as PyTorch's conv2d.
 * @param x [B, I, H, W]
 * @param weight [O, I / groups, kh, kw]
 * @param bias [O]
 * @returns [B, O, (H + top + bottom − dilation·(kh − 1) − 1) / stride + 1, …]
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  const shapes = geometry('conv2d', x, options);
  const channels = weight.rank === 4 ? weight.size(1) * shapes.groups : 0;
  if (x.rank !== 4 || channels !== x.shape[1] || weight.size(0) % shapes.groups !== 0) {
    throw shapeError('conv2d', `[B, I, H, W] and a weight [O, I / ${shapes.groups}, kh, kw]`, x, weight);
  }
  checkBias('conv2d', weight, bias, weight.size(0));
  const [height, width] = [2, 3].map((axis) => convolvedDim(x, weight, axis, shapes));
  if ([height, width].some((size) => typeof size === 'number' && size < 1)) {
    const zeros = new Set(shapes.padding).size === 1 ? `${shapes.padding[0]} zeros on every side` : 'padding';
    throw shapeError('conv2d', `an image of at least the kernel's size after ${zeros}`, x, weight);
  }
  return apply('Conv', bias ? [x, weight, bias] : [x, weight], [x.shape[0], weight.shape[0], height, width], {
    attributes: attributes(weight, shapes),
    gradient: ([dy]) => {
      if (!dy) return [];
      return [
        inputGradient(dy, weight, x, shapes),
        weightGradient(x, dy, weight.size(2), weight.size(3), shapes),
        bias && reshape(sumTo(dy, [1, bias.shape[0], 1, 1]), bias.shape),
      ];
    },
  });
}

/** Gradient of the input of a convolution. @param dy [B, O, h, w] @returns the shape of `x` */
function inputGradient(dy: Tensor, weight: Tensor, x: Tensor, shapes: Geometry): Tensor {
  const [top, left, bottom, right] = shapes.padding;
  const [over, across] = [2, 3].map((axis) => reach(weight, axis, shapes) - 1);
  const padding: Padding = [over - top, across - left, over - bottom, across - right];
  if (shapes.stride === 1 && shapes.groups === 1 && Math.min(...padding) >= 0) {
    // A convolution with the kernels rotated by 180° takes ONNX Runtime half the time of a transposed convolution.
    const [outputs, inputs, kh, kw] = [0, 1, 2, 3].map((axis) => weight.size(axis));
    const places = Array.from({ length: kh * kw }, (_, i) => kh * kw - 1 - i);
    const turned = transpose(gather(reshape(weight, [outputs, inputs, kh * kw]), places, 2), [1, 0, 2]);
    return conv2d(dy, reshape(turned, [inputs, outputs, kh, kw]), undefined, { padding, dilation: shapes.dilation });
  }
  const [below, beside] = [2, 3].map((axis) => x.size(axis) - transposedSize(dy, weight, axis, shapes));
  return convTranspose2d(dy, weight, undefined, { ...shapes, outputPadding: [below, beside] });
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the bottom and the right. */
  readonly outputPadding?: readonly [number, number];
}

function transposedSize(x: Tensor, weight: Tensor, axis: number, shapes: Geometry): number {
  return (x.size(axis) - 1) * shapes.stride - padded(shapes, axis) + reach(weight, axis, shapes);
}

/**
 * The transpose of conv2d, as PyTorch's conv_transpose2d.
 * @param x [B, I, H, W]
 * @param weight [I, O / groups, kh, kw]
 * @param bias [O]
 * @returns [B, O, (H − 1)·stride − top − bottom + dilation·(kh − 1) + 1 + outputPadding, …]
 */
export function convTranspose2d(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvTransposeOptions = {}): Tensor {
  const shapes = geometry('convTranspose2d', x, options);
  const extra = options.outputPadding ?? [0, 0];
  if (x.rank !== 4 || weight.rank !== 4 || weight.shape[0] !== x.shape[1] || x.size(1) % shapes.groups !== 0) {
    throw shapeError('convTranspose2d', '[B, I, H, W] and a weight [I, O / groups, kh, kw]', x, weight);
  }
  const channels = weight.size(1) * shapes.groups;
  checkBias('convTranspose2d', weight, bias, channels);
  const [height, width] = [2, 3].map((axis) => transposedSize(x, weight, axis, shapes) + extra[axis - 2]);
  if (height < 1 || width < 1) throw shapeError('convTranspose2d', 'an image larger than what padding cuts', x, weight);
  return apply('ConvTranspose', bias ? [x, weight, bias] : [x, weight], [x.shape[0], channels, height, width], {
    attributes: { ...attributes(weight, shapes), output_padding: { ints: extra } },
    gradient: ([dy]) => {
      if (!dy) return [];
      return [
        conv2d(dy, weight, undefined, shapes),
        weightGradient(dy, x, weight.size(2), weight.size(3), shapes),
        bias && reshape(sumTo(dy, [1, bias.shape[0], 1, 1]), bias.shape),
      ];
    },
  });
}

function checkBias(operation: string, weight: Tensor, bias: Tensor | undefined, outputs: number): void {
  if (!bias || sameShape(bias.shape, [outputs])) return;
  throw shapeError(operation, `a bias for ${outputs} outputs`, weight, bias);
}

/** For kernels with more places, one product over unfolded patches is faster than one product per place. */
const SHIFTS_AT_MOST = 25;

/**
 * Gradient of the weights of a convolution.
 * @param x its input [B, I, H, W]
 * @param dy the gradient of its output [B, O, h, w]
 * @returns [O, I / groups, kh, kw]
 */
function weightGradient(x: Tensor, dy: Tensor, kh: number, kw: number, shapes: Geometry): Tensor {
  const { groups } = shapes;
  const [inputs, outputs] = [x.size(1) / groups, dy.size(1) / groups];
  if (groups === 1 && kh * kw > SHIFTS_AT_MOST) {
    const columns = unfold(x, kh, kw, shapes, dy.size(2), dy.size(3));
    const rows = reshape(transpose(dy, [0, 2, 3, 1]), [-1, outputs]);
    return reshape(gemm(rows, columns, { transA: true }), [outputs, inputs, kh, kw]);
  }
  const { stride, dilation } = shapes;
  const image = padImage(x, shapes.padding);
  const [height, width] = [dy.size(2), dy.size(3)];
  const gradients = reshape(dy, [dy.shape[0], groups, outputs, height * width]);
  const shifted = Array.from({ length: kh * kw }, (_, i) => {
    const [top, left] = [Math.floor(i / kw) * dilation, (i % kw) * dilation];
    const rows = slice(image, 2, top, top + (height - 1) * stride + 1, stride);
    const window = slice(rows, 3, left, left + (width - 1) * stride + 1, stride);
    return matmul(gradients, transposeLast(reshape(window, [x.shape[0], groups, inputs, height * width])));
  });
  // [B, groups, O / groups, I / groups, kh·kw], summed over the batch
  const all = stack(shifted, 4);
  return reshape(sumTo(all, [1, ...all.shape.slice(1)]), [outputs * groups, inputs, kh, kw]);
}

/**
 * The patches under each place of a kernel.
 * @returns [B·h·w, I·kh·kw]
 */
function unfold(x: Tensor, kh: number, kw: number, shapes: Geometry, h: number, w: number): Tensor {
  const { stride, dilation } = shapes;
  const image = padImage(x, shapes.padding);
  const [channels, height, width] = [image.size(1), image.size(2), image.size(3)];
  const inner = channels * kh * kw;
  if (dilation === 1 && kh === stride && kw === stride && height === h * kh && width === w * kw) {
    const split = reshape(image, [x.shape[0], channels, h, kh, w, kw]);
    return reshape(transpose(split, [0, 2, 4, 1, 3, 5]), [-1, inner]);
  }
  const places: number[] = [];
  for (let y = 0; y < h; y++) {
    for (let u = 0; u < w; u++) {
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < kh; i++) {
          const row = (c * height + y * stride + i * dilation) * width + u * stride;
          for (let j = 0; j < kw; j++) places.push(row + j * dilation);
        }
      }
    }
  }
  const flat = reshape(image, [x.shape[0], channels * height * width]);
  return reshape(gather(flat, places, 1), [-1, inner]);
}
