/**
 * Answers of the Open Inference Protocol: JSON, or JSON followed by the bytes of the tensors requested in binary form.
 */
import { SamusError } from '../../errors.js';
import type { TensorData } from '../../graph/tensorData.js';
import type { InferRequest } from './inferRequest.js';
import { type OipModel, VERSION } from './tensors.js';

/** Most numbers of one tensor in JSON: writing more would keep all other clients waiting. */
const MAX_JSON_NUMBERS = 2e6;

export interface InferAnswer {
  readonly body: Buffer;
  /** Of the JSON at its start, if bytes follow. */
  readonly jsonLength?: number;
}

/** @throws SamusError INFER_NOT_FINITE, INFER_OUTPUT if JSON was requested but cannot contain such or so many numbers */
export function writeInferAnswer(
  model: OipModel,
  request: InferRequest,
  results: Readonly<Record<string, TensorData>>,
): InferAnswer {
  const tail: Buffer[] = [];
  const outputs = request.outputs.map(({ name, binary }) => {
    const { shape, data } = results[name]!;
    const head = { name, datatype: 'FP32', shape };
    if (!binary) return { ...head, data: numbers(name, data) };
    const bytes = littleEndian(data);
    tail.push(bytes);
    return { ...head, parameters: { binary_data_size: bytes.length } };
  });
  const { id } = request;
  const head = { model_name: model.name, model_version: VERSION, ...(id !== undefined && { id }), outputs };
  const json = Buffer.from(JSON.stringify(head));
  return tail.length === 0 ? { body: json } : { body: Buffer.concat([json, ...tail]), jsonLength: json.length };
}

function numbers(name: string, data: TensorData['data']): number[] {
  if (data.length > MAX_JSON_NUMBERS) {
    const message = `expected at most ${MAX_JSON_NUMBERS} numbers in ${name} for JSON, got ${data.length}`;
    throw new SamusError('INFER_OUTPUT', message, 'ask for it as bytes: the parameter binary_data of the output');
  }
  const values = Array.from(data, Number);
  if (values.every(Number.isFinite)) return values;
  const message = `expected finite numbers in ${name}, got infinity or NaN, which JSON cannot hold`;
  throw new SamusError('INFER_NOT_FINITE', message, 'give inputs in the range that the model was made for');
}

function littleEndian(data: TensorData['data']): Buffer {
  const bytes = Buffer.alloc(4 * data.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < data.length; i++) view.setFloat32(4 * i, Number(data[i]), true);
  return bytes;
}
