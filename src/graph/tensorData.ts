/**
 * Concrete tensors: a data type, a shape and the numbers, row-major. Checkpoints contain them; sessions take and return
 * them. Symbolic tensors, without numbers, are in tensor.ts.
 */
import { SamusError } from '../errors.js';

/** Storage of each data type: half-precision floats as bit patterns, booleans as 0 and 1. */
interface ArrayOf {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

export type DType = keyof ArrayOf;

/** A union over the data types, so that checking `dtype` narrows `data`. */
export type TensorData<T extends DType = DType> = {
  [K in T]: { readonly dtype: K; readonly shape: readonly number[]; readonly data: ArrayOf[K] };
}[T];

/** The named tensors of a checkpoint. */
export type StateDict = ReadonlyMap<string, TensorData>;

/** The same without the numbers. */
export type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>;

export const BYTES_PER_ELEMENT: Readonly<Record<DType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Number of elements of a concrete shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * A float32 tensor over `data`, which is not copied.
 * @throws SamusError TENSOR_SIZE if the number of elements is not the product of the shape
 */
export function float32(data: Float32Array | readonly number[], shape: readonly number[]): TensorData<'float32'> {
  const array = data instanceof Float32Array ? data : Float32Array.from(data);
  checkSize(array.length, shape);
  return { dtype: 'float32', shape, data: array };
}

/** An int64 tensor from plain integers. @throws SamusError TENSOR_SIZE as {@link float32} */
export function int64(values: readonly number[], shape: readonly number[] = [values.length]): TensorData<'int64'> {
  checkSize(values.length, shape);
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

/**
 * A tensor over the bytes that begin at `byteOffset` of `buffer`; nothing is copied.
 * @throws RangeError if the offset is not a multiple of the element's size, or the buffer is too short
 */
export function viewAs(dtype: DType, shape: readonly number[], buffer: ArrayBufferLike, byteOffset = 0): TensorData {
  const n = sizeOf(shape);
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: new Float32Array(buffer, byteOffset, n) };
    case 'float64':
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, n) };
    case 'float16':
    case 'bfloat16':
      return { dtype, shape, data: new Uint16Array(buffer, byteOffset, n) };
    case 'int64':
      return { dtype, shape, data: new BigInt64Array(buffer, byteOffset, n) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, n) };
    case 'int16':
      return { dtype, shape, data: new Int16Array(buffer, byteOffset, n) };
    case 'int8':
      return { dtype, shape, data: new Int8Array(buffer, byteOffset, n) };
    case 'uint8':
    case 'bool':
      return { dtype, shape, data: new Uint8Array(buffer, byteOffset, n) };
  }
}

/** `tensor` as float32. @throws SamusError TENSOR_DTYPE, with `name`, if it has another type */
export function asFloat32(tensor: TensorData, name = 'tensor'): TensorData<'float32'> {
  if (tensor.dtype === 'float32') return tensor;
  throw new SamusError(
    'TENSOR_DTYPE',
    `expected ${name} as float32, got ${tensor.dtype}`,
    'convert it with toFloat32 first',
  );
}

function checkSize(elements: number, shape: readonly number[]): void {
  if (elements === sizeOf(shape)) return;
  throw new SamusError(
    'TENSOR_SIZE',
    `expected ${sizeOf(shape)} elements for shape [${shape.join(', ')}], got ${elements}`,
    'give as many numbers as the shape has elements',
  );
}

/** The place of the first NaN or infinite value; -1 if there is none. */
export function firstNotFinite(values: Float32Array): number {
  // A product by zero is zero for finite numbers alone. Four sums, so that one addition does not wait for the last.
  let [a, b, c, d] = [0, 0, 0, 0];
  const end = values.length - (values.length % 4);
  for (let i = 0; i < end; i += 4) {
    a += values[i]! * 0;
    b += values[i + 1]! * 0;
    c += values[i + 2]! * 0;
    d += values[i + 3]! * 0;
  }
  for (let i = end; i < values.length; i++) a += values[i]! * 0;
  return a + b + c + d === 0 ? -1 : values.findIndex((value) => !Number.isFinite(value));
}
