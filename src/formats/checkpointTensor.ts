/**
 * Memory of tensors out of a checkpoint: reserving it, and looking at a stretch of it as a tensor of some data type.
 * Little-endian, as the files are and as every machine is that ONNX Runtime runs on.
 */
import { SamusError } from '../errors.js';
import { BYTES_PER_ELEMENT, type DType, type TensorData, viewAs } from '../graph/tensorData.js';
import { checkpointError, quoted } from './checkpointError.js';

/**
 * Memory for `bytes` bytes, which the caller has checked against the file.
 * @throws SamusError CHECKPOINT_MEMORY if this machine has not so much
 */
export function reserve(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new SamusError(
      'CHECKPOINT_MEMORY',
      `cannot reserve ${bytes} bytes for a tensor: not enough memory`,
      'use a smaller checkpoint or a machine with more memory',
      { bytes },
    );
  }
}

/**
 * The tensor over the numbers of `buffer` from `byteOffset` on; shares the buffer.
 * @throws SamusError CHECKPOINT_BOOL_VALUE if a boolean is neither 0 nor 1
 */
export function tensorOver(
  name: string,
  dtype: DType,
  shape: readonly number[],
  buffer: ArrayBuffer,
  byteOffset = 0,
): TensorData {
  const tensor = viewAs(dtype, shape, buffer, byteOffset);
  if (tensor.dtype === 'bool' && tensor.data.some((value) => value > 1)) {
    throw checkpointError(
      'CHECKPOINT_BOOL_VALUE',
      `expected booleans of 0 or 1 in tensor ${quoted(name)}, got another value`,
    );
  }
  return tensor;
}

/**
 * Number of elements of a shape out of a file, and of their bytes (of a data type, or of so many bytes each); undefined if a dimension is no count or a number
 * is too large to be exact.
 */
export function checkedSize(
  shape: readonly number[],
  dtype: DType | number,
): { elements: number; bytes: number } | undefined {
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return undefined;
  // An empty dimension must not hide a product of the others that no later arithmetic could hold.
  const each = typeof dtype === 'number' ? dtype : BYTES_PER_ELEMENT[dtype];
  const product = shape.reduce((a, b) => a * Math.max(b, 1), each);
  if (!Number.isSafeInteger(product)) return undefined;
  const bytes = shape.includes(0) ? 0 : product;
  return { elements: bytes / each, bytes };
}
