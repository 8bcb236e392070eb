/**
 * Converts between the project's tensors and ONNX Runtime's, without copying data where the runtime allows it.
 * Half-precision floats are bit patterns, whatever array type the platform has for them.
 */
import type { Tensor, TensorConstructor } from 'onnxruntime-common';
import { SamusError } from '../errors.js';
import { BYTES_PER_ELEMENT, type DType, type TensorData, viewAs } from '../graph/tensorData.js';
import { feedsError } from './runtimeErrors.js';

/** A view of the bytes of a tensor. */
export function bytesOf(tensor: TensorData): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** Whether other threads share the tensor's memory. Pages that are not isolated have no SharedArrayBuffer. */
export function isShared(tensor: TensorData): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && tensor.data.buffer instanceof SharedArrayBuffer;
}

/** A copy of the tensor in memory that no other thread shares. */
export function unshare(tensor: TensorData): TensorData {
  return viewAs(tensor.dtype, tensor.shape, new Uint8Array(bytesOf(tensor)).buffer);
}

/** @throws SamusError RUNTIME_FEEDS if types or shapes differ */
export function copyInto(target: TensorData, source: TensorData, name: string): void {
  if (target.dtype !== source.dtype || target.shape.join() !== source.shape.join()) {
    const say = (t: TensorData) => `${t.dtype}[${t.shape.join(', ')}]`;
    throw feedsError(`expected a tensor ${say(source)} for output ${name}, got ${say(target)}`);
  }
  bytesOf(target).set(bytesOf(source));
}

/** @throws SamusError RUNTIME_DTYPE for bfloat16, which no JavaScript binding of ONNX Runtime accepts */
export function toOrt(TensorClass: TensorConstructor, tensor: TensorData): Tensor {
  if (tensor.dtype === 'bool') return new TensorClass('bool', tensor.data, tensor.shape);
  if (tensor.dtype === 'bfloat16') throw unsupported('bfloat16');
  return new TensorClass(tensor.dtype, tensor.data, tensor.shape);
}

/** @throws SamusError RUNTIME_DTYPE for a type that the project does not store */
export function fromOrt(tensor: Tensor): TensorData {
  const { type, data } = tensor;
  if (!isDType(type) || !ArrayBuffer.isView(data)) throw unsupported(type);
  return viewAs(type, tensor.dims, data.buffer, data.byteOffset);
}

function isDType(type: string): type is DType {
  return Object.hasOwn(BYTES_PER_ELEMENT, type);
}

function unsupported(dtype: string): SamusError {
  return new SamusError(
    'RUNTIME_DTYPE',
    `expected a tensor type that ONNX Runtime exchanges with JavaScript, got ${dtype}`,
    'convert to float32 before running, or inside the graph',
  );
}
