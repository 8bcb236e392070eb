/**
 * Sends tensors between threads: in shared memory, or by moving their memory.
 */
import { type DType, type TensorData, viewAs } from '../graph/tensorData.js';
import { bytesOf, isShared } from './ortTensor.js';

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
    const buffer = give && whole && data.buffer instanceof ArrayBuffer ? data.buffer : bytesOf(tensor).slice().buffer;
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
