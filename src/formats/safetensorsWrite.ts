/**
 * Writes the safetensors format, part by part, so that a checkpoint is never held twice. Names keep their order in
 * the header; the numbers lie by falling size of their elements, so that each tensor is aligned to its own.
 */
import { SamusError } from '../errors.js';
import { BYTES_PER_ELEMENT, type StateDict, type TensorData } from '../graph/tensorData.js';
import { quoted } from './checkpointError.js';
import { checkedSize } from './checkpointTensor.js';
import { MAX_HEADER, SAFETENSORS_NAMES } from './safetensorsDtypes.js';

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/**
 * The parts of a safetensors file, first to last: the header, then the bytes of each tensor, which are not copied.
 * @param metadata texts by name for `__metadata__`
 * @throws SamusError SAFETENSORS_NAME for a name that the format cannot hold, SAFETENSORS_SHAPE for a tensor whose
 *   numbers do not fill its shape, SAFETENSORS_HEADER_SIZE; all before the first part
 */
export function encodeSafetensors(
  tensors: StateDict,
  metadata: ReadonlyMap<string, string> = new Map(),
): Iterable<Uint8Array> {
  const inData = [...tensors].toSorted(([, a], [, b]) => BYTES_PER_ELEMENT[b.dtype] - BYTES_PER_ELEMENT[a.dtype]);
  const spans = new Map<string, readonly [begin: number, end: number]>();
  let total = 0;
  for (const [name, tensor] of inData) {
    const begin = total;
    total += checkedBytes(name, tensor);
    spans.set(name, [begin, total]);
  }
  const fields = [...tensors].map(([name, { dtype, shape }]) => {
    const entry = { dtype: SAFETENSORS_NAMES[dtype], shape, data_offsets: spans.get(name) };
    return `${jsonText(name)}:${JSON.stringify(entry)}`;
  });
  const texts = [...metadata].map(([key, value]) => `${jsonText(key)}:${jsonText(value)}`);
  if (texts.length > 0) fields.unshift(`"__metadata__":{${texts.join(',')}}`);
  return parts(headerBytes(`{${fields.join(',')}}`), inData);
}

function* parts(header: Uint8Array, tensors: readonly (readonly [string, TensorData])[]): Iterable<Uint8Array> {
  yield header;
  for (const [, { data }] of tensors) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkedBytes(name: string, { dtype, shape, data }: TensorData): number {
  if (name === '__metadata__') throw badName(name);
  if (checkedSize(shape, dtype)?.elements === data.length) return data.byteLength;
  throw new SamusError(
    'SAFETENSORS_SHAPE',
    `expected numbers that fill shape [${shape.join(', ')}] of tensor ${quoted(name)}, got ${data.length}`,
    'give as many numbers as the shape has places',
  );
}

/** Length, header and as many spaces as let the numbers start at a multiple of eight. */
function headerBytes(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const padded = Math.ceil(text.byteLength / 8) * 8;
  if (padded > MAX_HEADER) {
    throw new SamusError(
      'SAFETENSORS_HEADER_SIZE',
      `expected a safetensors header of at most ${MAX_HEADER} bytes, got ${padded}`,
      'store fewer tensors or less metadata in one file',
    );
  }
  const bytes = new Uint8Array(8 + padded).fill(0x20, 8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(text, 8);
  return bytes;
}

function jsonText(text: string): string {
  if (LONE_SURROGATE.test(text)) throw badName(text);
  return JSON.stringify(text);
}

function badName(name: string): Error {
  return new SamusError(
    'SAFETENSORS_NAME',
    `expected a text that a safetensors file can hold, got ${quoted(name)}`,
    'use another name',
  );
}
