/**
 * Conversion between tensors of the data types that checkpoints hold and float32 or float16. Widening a half-precision
 * float is exact, NaN bits included; narrowing rounds to nearest, ties to even, once. Formats: IEEE 754 binary16, and
 * bfloat16, which is the upper half of a binary32.
 */
import type { TensorData } from '../graph/tensorData.js';

/** Exponent biases of binary32 and binary16 differ by this power of two. */
const REBIAS = 2 ** 112;
/** Adding and taking away 2^52 rounds a smaller double to a whole number, ties to even. */
const ROUND = 2 ** 52;
/** Steps of binary16 in one, for each exponent from -14 to 15. */
const STEPS = Float64Array.from({ length: 30 }, (_, i) => 2 ** (24 - i));
const NAN16 = 0x7e00;
const INFINITY16 = 0x7c00;

/**
 * The tensor as float32, of the same shape; itself if it is one. Wider numbers are rounded to nearest even.
 */
export function toFloat32(tensor: TensorData): TensorData<'float32'> {
  switch (tensor.dtype) {
    case 'float32':
      return tensor;
    case 'float16':
      return { dtype: 'float32', shape: tensor.shape, data: widenFloat16(tensor.data) };
    case 'bfloat16':
      return { dtype: 'float32', shape: tensor.shape, data: widenBfloat16(tensor.data) };
    case 'int64':
      return { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.data, floatOfInt64) };
    default:
      return { dtype: 'float32', shape: tensor.shape, data: Float32Array.from(tensor.data) };
  }
}

/**
 * The tensor as float16, of the same shape; itself if it is one. What is beyond 65504 by half a step or more becomes
 * infinite; a NaN becomes the quiet NaN.
 */
export function toFloat16(tensor: TensorData): TensorData<'float16'> {
  if (tensor.dtype === 'float16') return tensor;
  const { shape } = tensor;
  if (tensor.dtype === 'int64') {
    return { dtype: 'float16', shape, data: narrow(Float64Array.from(tensor.data, Number)) };
  }
  return { dtype: 'float16', shape, data: narrow(tensor.dtype === 'bfloat16' ? toFloat32(tensor).data : tensor.data) };
}

function widenFloat16(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    if ((half & INFINITY16) === INFINITY16) {
      bits[i] = sign | 0x7f800000 | ((half & 0x3ff) << 13);
    } else {
      // With the bits in place only the bias is wrong, for subnormals too: a product by a power of two is exact.
      bits[i] = (half & 0x7fff) << 13;
      floats[i]! *= REBIAS;
      bits[i]! |= sign;
    }
  }
  return floats;
}

/** Every input is exact as a double, so there is only one rounding. */
function narrow(numbers: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(numbers.length);
  const scratch = new Float64Array(1);
  const words = new Uint32Array(scratch.buffer);
  for (let i = 0; i < halves.length; i++) {
    scratch[0] = numbers[i]!;
    const high = words[1]!;
    const sign = (high >>> 16) & 0x8000;
    const exponent = ((high >>> 20) & 0x7ff) - 1023;
    const size = Math.abs(scratch[0]);
    if (Number.isNaN(size)) halves[i] = sign | NAN16;
    else if (exponent > 15) halves[i] = sign | INFINITY16;
    else {
      // Below 2^-14 the steps stay those of the smallest exponent: subnormals.
      const clamped = Math.max(exponent, -14);
      const steps = size * STEPS[clamped + 14]! + ROUND - ROUND;
      // `steps` counts the leading bit, which adds one to the exponent; rounding up may carry, even to infinity.
      halves[i] = sign | (((clamped + 14) << 10) + steps);
    }
  }
  return halves;
}

function widenBfloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Nearest float32. By way of a rounded double a tie could be broken twice, so the bits it loses leave a trace. */
function floatOfInt64(value: bigint): number {
  const double = Number(value);
  if (Number.isSafeInteger(double)) return double;
  const trace = (value & 0x7ffn) === 0n ? 0n : 1n;
  return Math.fround(Number((value >> 11n) | trace)) * 2048;
}
