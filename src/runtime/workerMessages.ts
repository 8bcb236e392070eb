/**
 * What passes between a session's owner and its thread, and how tensors and errors are put in a form that survives
 * the passage: bytes with a type and a shape, codes with a message.
 */
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import type { OnnxModel } from '../graph/onnxProto.js';
import { type DType, type TensorData, viewAs } from '../graph/tensorData.js';
import { bytesOf, isShared } from './ortTensor.js';
import type { SessionOptions } from './session.js';

interface WireTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
}

export type WireTensors = Readonly<Record<string, WireTensor>>;

export type ToWorker =
  | { readonly type: 'create'; readonly model: OnnxModel; readonly options: SessionOptions }
  | { readonly type: 'run'; readonly id: number; readonly feeds: WireTensors; readonly fetches: readonly string[] }
  | { readonly type: 'dispose' };

export type FromWorker =
  | { readonly type: 'created'; readonly inputs: readonly string[]; readonly outputs: readonly string[] }
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'ran'; readonly id: number; readonly results: WireTensors }
  | { readonly type: 'runFailed'; readonly id: number; readonly error: WireError };

export interface WireError {
  readonly message: string;
  /** Of an error of the operating system. */
  readonly system?: string;
  /** Absent for an error that is not a SamusError, which is a bug. */
  readonly coded?: { code: ErrorCode; hint: string; details: { readonly [key: string]: Json } };
}

/**
 * Tensors for sending, and the buffers to transfer with them. Shared memory is passed as it is; what is not is
 * copied once, because its owner goes on using it, unless `give` says that it may be taken away.
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

export function packError(error: unknown): WireError {
  if (error instanceof SamusError) {
    const { code, message, hint, details } = error;
    return { message, coded: { code, hint, details } };
  }
  if (!(error instanceof Error)) return { message: String(error) };
  if ('code' in error && typeof error.code === 'string') return { message: error.message, system: error.code };
  return { message: error.stack ?? error.message };
}

export function unpackError({ message, coded, system }: WireError): Error {
  if (system !== undefined) return Object.assign(new Error(message), { code: system });
  return coded ? new SamusError(coded.code, message, coded.hint, coded.details) : new Error(message);
}
