/**
 * Hands tensors to ONNX Runtime and to other threads, without copying data where that is possible. Half-precision floats
 * are bit patterns, whatever array type the platform has for them.
 */
import type { Tensor, TensorConstructor } from 'onnxruntime-common';
import { SamusError } from '../errors.js';
import { BYTES_PER_ELEMENT, type DType, type TensorData, viewAs } from '../graph/tensorData.js';
import { feedsError } from './runtimeErrors.js';

/** A view of the bytes of a tensor. */
export function tensorBytes(tensor: TensorData): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

/** Whether other threads share the tensor's memory. Pages that are not isolated have no SharedArrayBuffer. */
export function isShared(tensor: TensorData): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && tensor.data.buffer instanceof SharedArrayBuffer;
}

/** A copy of the tensor in memory that no other thread shares. */
export function unshare(tensor: TensorData): TensorData {
  return viewAs(tensor.dtype, tensor.shape, new Uint8Array(tensorBytes(tensor)).buffer);
}

/** @throws SamusError RUNTIME_FEEDS if types or shapes differ */
export function copyInto(target: TensorData, source: TensorData, name: string): void {
  if (target.dtype !== source.dtype || target.shape.join() !== source.shape.join()) {
    const say = (t: TensorData) => `${t.dtype}[${t.shape.join(', ')}]`;
    throw feedsError(`expected a tensor ${say(source)} for output ${name}, got ${say(target)}`);
  }
  tensorBytes(target).set(tensorBytes(source));
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

interface WireTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

export type WireTensors = Readonly<Record<string, WireTensor>>;

/** Zeroed bytes, shared between threads if the platform allows it (in a browser, if the page is cross-origin isolated). */
export function allocateShared(byteLength: number): Uint8Array {
  if (typeof SharedArrayBuffer === 'undefined') return new Uint8Array(byteLength);
  return new Uint8Array(new SharedArrayBuffer(byteLength));
}

/**
 * Tensors for sending, and the buffers to transfer with them. Shared memory is passed as it is. Other memory is copied
 * once, because its owner continues to use it, unless `give` allows moving it.
 */
export function packTensors(
  tensors: Readonly<Record<string, TensorData>>,
  give = false,
): { readonly packed: WireTensors; readonly transfer: ArrayBuffer[] } {
  const packed: Record<string, WireTensor> = {};
  const transfer: ArrayBuffer[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const { dtype, shape, data } = tensor;
    if (isShared(tensor)) {
      packed[name] = { dtype, shape, buffer: data.buffer, byteOffset: data.byteOffset };
      continue;
    }
    const whole = data.buffer instanceof ArrayBuffer && data.byteLength === data.buffer.byteLength;
    const buffer =
      give && whole && data.buffer instanceof ArrayBuffer ? data.buffer : tensorBytes(tensor).slice().buffer;
    packed[name] = { dtype, shape, buffer, byteOffset: 0 };
    if (!transfer.includes(buffer)) transfer.push(buffer);
  }
  return { packed, transfer };
}

export function unpackTensors(packed: WireTensors): Record<string, TensorData> {
  const entries = Object.entries(packed).map(([name, t]): [string, TensorData] => [
    name,
    viewAs(t.dtype, t.shape, t.buffer, t.byteOffset),
  ]);
  return Object.fromEntries(entries);
}
