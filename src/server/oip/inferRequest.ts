/**
 * Inference requests of the Open Inference Protocol: JSON, or JSON followed by the bytes of the tensors (the binary
 * tensor data extension). Everything is checked against the model before a session sees it.
 */
import type { ErrorCode } from '../../errorCodes.js';
import { type Json, SamusError } from '../../errors.js';
import { type Fields, isFields } from '../../formats/jsonFields.js';
import { sizeOf, type TensorData } from '../../graph/tensorData.js';
import { MAX_DIM, type OipModel, type TensorSpec } from './tensors.js';

/** A parsed request. */
export interface InferRequest {
  readonly id?: string;
  readonly feeds: Readonly<Record<string, TensorData<'float32'>>>;
  /** In the order in which they are answered. */
  readonly outputs: readonly { readonly name: string; readonly binary: boolean }[];
}

const BYTES = 4;
const MAX_ID = 256;

/** @throws SamusError INFER_REQUEST, INFER_INPUT, INFER_OUTPUT, INFER_BINARY */
export function readInferRequest(model: OipModel, json: unknown, binary: Uint8Array): InferRequest {
  if (!isFields(json))
    throw wrong('INFER_REQUEST', 'expected a JSON object as the request, got something else', 'send one');
  const { id, inputs, outputs, parameters } = json;
  if (id !== undefined && (typeof id !== 'string' || id.length > MAX_ID)) {
    throw wrong(
      'INFER_REQUEST',
      `id: expected a text of at most ${MAX_ID} characters, got something else`,
      'correct it, or leave it out',
    );
  }
  return {
    ...(id !== undefined && { id }),
    feeds: readInputs(model, inputs, binary),
    outputs: readOutputs(model, outputs, flag(parametersOf(parameters, 'parameters'), 'binary_data_output')),
  };
}

function readInputs(model: OipModel, inputs: unknown, binary: Uint8Array): InferRequest['feeds'] {
  const names = model.inputs.map(({ name }) => name).join(', ');
  if (!Array.isArray(inputs))
    throw wrong('INFER_INPUT', 'inputs: expected a list, got something else', `give ${names}`);
  const feeds = new Map<string, TensorData<'float32'>>();
  const chosen = new Map<string, number>();
  let at = 0;
  for (const [i, input] of inputs.entries()) {
    const where = `inputs[${i}]`;
    const spec = isFields(input) ? model.inputs.find(({ name }) => name === input.name) : undefined;
    if (!isFields(input) || !spec || feeds.has(spec.name)) {
      throw wrong(
        'INFER_INPUT',
        `${where}: expected each input of the model once, by its name, got another one`,
        `give ${names}`,
      );
    }
    if (input.datatype !== 'FP32') {
      throw wrong('INFER_INPUT', `${where}.datatype: ${spec.name} is FP32`, 'convert the tensor to FP32', {
        input: spec.name,
      });
    }
    const shape = readShape(spec, input.shape, chosen);
    const size = parametersOf(input.parameters, `${where}.parameters`).binary_data_size;
    const values =
      size === undefined ? fromJson(spec, input.data, shape) : fromBytes(spec, input.data, size, binary, at, shape);
    if (size !== undefined) at += values.byteLength;
    if (!values.every(Number.isFinite)) {
      throw wrong(
        'INFER_INPUT',
        `expected finite numbers in ${spec.name}, got infinity or NaN`,
        'give finite numbers',
        {
          input: spec.name,
        },
      );
    }
    feeds.set(spec.name, { dtype: 'float32', shape, data: values });
  }
  const missing = model.inputs.filter(({ name }) => !feeds.has(name)).map(({ name }) => name);
  if (missing.length > 0) throw wrong('INFER_INPUT', `the input ${missing.join(', ')} is missing`, `give ${names}`);
  if (at !== binary.length) {
    const message = `expected ${at} bytes of tensors, as the inputs say, got ${binary.length}`;
    throw wrong('INFER_BINARY', message, 'give binary_data_size for each input that follows the JSON');
  }
  return Object.fromEntries(feeds);
}

/** @param chosen sizes of open dimensions so far, which all inputs share */
function readShape(spec: TensorSpec, shape: unknown, chosen: Map<string, number>): number[] {
  const expected = spec.dims.map((dim) => (typeof dim === 'number' ? dim : (chosen.get(dim) ?? dim)));
  const fits =
    Array.isArray(shape) &&
    shape.length === expected.length &&
    expected.every((dim, i) => {
      const size: unknown = shape[i];
      if (typeof size !== 'number' || !Number.isInteger(size)) return false;
      return typeof dim === 'number' ? size === dim : size >= 1 && size <= MAX_DIM[dim];
    });
  if (!fits) {
    const limits = `objects at most ${MAX_DIM.objects}, points at most ${MAX_DIM.points}`;
    throw wrong(
      'INFER_INPUT',
      `expected the shape [${expected.join(', ')}] for ${spec.name}, got another one`,
      `all inputs have the same number of objects and points; ${limits}`,
      { input: spec.name },
    );
  }
  const sizes: number[] = shape;
  for (const [i, dim] of spec.dims.entries()) if (typeof dim === 'string') chosen.set(dim, sizes[i]!);
  return sizes;
}

/** Nested as the shape is, or flat. */
function fromJson(spec: TensorSpec, data: unknown, shape: readonly number[]): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  let count = 0;
  const put = (value: unknown, depth: number): void => {
    if (typeof value === 'number') {
      if (count < values.length) values[count] = value;
      count++;
    } else if (Array.isArray(value) && depth < shape.length) for (const item of value) put(item, depth + 1);
    else throw dataError(spec, 'expected numbers, got something else');
  };
  if (!Array.isArray(data)) throw dataError(spec, 'expected a list of numbers, got something else');
  put(data, 0);
  if (count === values.length) return values;
  throw dataError(spec, `expected ${values.length} numbers, got ${count}`);
}

function fromBytes(
  spec: TensorSpec,
  data: unknown,
  size: unknown,
  binary: Uint8Array,
  at: number,
  shape: readonly number[],
): Float32Array {
  if (data !== undefined) throw dataError(spec, 'expected either data or binary_data_size, got both');
  const values = new Float32Array(sizeOf(shape));
  const bytes = values.length * BYTES;
  if (size !== bytes || at + bytes > binary.length) {
    const message = `expected ${bytes} bytes for ${spec.name}, got another number in binary_data_size or the body`;
    throw wrong('INFER_BINARY', message, 'send little-endian FP32, in the order of the inputs', { input: spec.name });
  }
  const view = new DataView(binary.buffer, binary.byteOffset + at, bytes);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(BYTES * i, true);
  return values;
}

function readOutputs(model: OipModel, outputs: unknown, binary: boolean): InferRequest['outputs'] {
  const names = model.outputs.map(({ name }) => name);
  // An empty list is what clients send that name none.
  if (outputs === undefined || (Array.isArray(outputs) && outputs.length === 0)) {
    return names.map((name) => ({ name, binary }));
  }
  const hint = `the outputs are ${names.join(', ')}`;
  if (!Array.isArray(outputs)) throw wrong('INFER_OUTPUT', 'outputs: expected a list, got something else', hint);
  const asked = outputs.map((output: unknown, i) => {
    const name = isFields(output) ? names.find((known) => known === output.name) : undefined;
    if (!isFields(output) || name === undefined) {
      throw wrong(
        'INFER_OUTPUT',
        `outputs[${i}]: expected an output of the model, by its name, got something else`,
        hint,
      );
    }
    const parameters = parametersOf(output.parameters, `outputs[${i}].parameters`);
    return { name, binary: parameters.binary_data === undefined ? binary : flag(parameters, 'binary_data') };
  });
  if (new Set(asked.map(({ name }) => name)).size === asked.length) return asked;
  throw wrong('INFER_OUTPUT', 'expected each output once, got one twice', hint);
}

function parametersOf(value: unknown, where: string): Fields {
  if (value === undefined) return {};
  if (isFields(value)) return value;
  throw wrong('INFER_REQUEST', `${where}: expected an object, got something else`, 'correct it, or leave it out');
}

function flag(parameters: Fields, name: string): boolean {
  const value = parameters[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw wrong(
    'INFER_REQUEST',
    `expected true or false for the parameter ${name}, got something else`,
    'correct it, or leave it out',
  );
}

function dataError({ name }: TensorSpec, what: string): SamusError {
  return wrong('INFER_INPUT', `data of ${name}: ${what}`, 'give the numbers row-major, nested or flat', {
    input: name,
  });
}

function wrong(
  code: ErrorCode,
  message: string,
  hint: string,
  details: { readonly [key: string]: Json } = {},
): SamusError {
  return new SamusError(code, message, hint, details);
}
