/**
 * Reads the safetensors format: eight bytes with the length of a JSON header, the header, then the numbers of all
 * tensors one after the other. Every rule of the format is checked before a number is read, and each tensor is read
 * straight into memory of its own. Writing is in safetensorsWrite.ts.
 */
import type { DType, StateDict, TensorData } from '../graph/tensorData.js';
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { checkedSize, reserve, tensorOver } from './checkpointTensor.js';
import { MAX_HEADER, SAFETENSORS_DTYPES, SAFETENSORS_OTHERS } from './safetensorsDtypes.js';
import { parseSafetensorsHeader, type SafetensorsHeader } from './safetensorsHeader.js';

export interface Safetensors {
  /** In the order of the header, without those of data types that the project does not have. */
  readonly tensors: StateDict;
  readonly metadata: ReadonlyMap<string, string>;
}

/** A tensor whose span is known to be right. `begin` counts from the end of the header. */
interface Placed {
  readonly name: string;
  /** Undefined for a type that is left out. */
  readonly dtype: DType | undefined;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * @throws SamusError CHECKPOINT_TRUNCATED; SAFETENSORS_HEADER_SIZE, SAFETENSORS_HEADER_START for a file of another
 *   kind; SAFETENSORS_HEADER, _DUPLICATE_KEY, _METADATA; SAFETENSORS_DTYPE for a data type that is not supported;
 *   SAFETENSORS_SHAPE if shape and span of a tensor disagree; SAFETENSORS_OFFSETS for holes, overlaps and a
 *   length of the file that differs from the header's; CHECKPOINT_BOOL_VALUE
 */
export async function readSafetensors(source: ByteSource): Promise<Safetensors> {
  const { header, dataStart } = await readHeader(source);
  const placed = [...header.entries].map(([name, entry]) => {
    const dtype = SAFETENSORS_DTYPES.get(entry.dtype);
    const bits = SAFETENSORS_OTHERS.get(entry.dtype);
    if (dtype === undefined && bits === undefined) {
      throw checkpointError(
        'SAFETENSORS_DTYPE',
        `expected a supported data type for tensor ${quoted(name)}, got ${quoted(entry.dtype)}`,
        `convert it to one of ${[...SAFETENSORS_DTYPES.keys()].join(', ')}`,
        { tensor: name.slice(0, 200), dtype: entry.dtype.slice(0, 200) },
      );
    }
    const size = checkedSize(entry.shape, dtype ?? (bits ?? 0) / 8);
    if (size === undefined || entry.end - entry.begin !== size.bytes) {
      throw checkpointError(
        'SAFETENSORS_SHAPE',
        `expected a span that fits tensor ${quoted(name)} of shape [${entry.shape.join(', ')}] ` +
          `and type ${entry.dtype}, got bytes ${entry.begin} to ${entry.end}`,
      );
    }
    return { name, dtype, shape: entry.shape, begin: entry.begin, end: entry.end };
  });
  checkSpans(placed, source.size - dataStart);
  const tensors = new Map<string, TensorData>();
  for (const { name, dtype, shape, begin, end } of placed) {
    if (dtype === undefined) continue;
    const memory = reserve(end - begin);
    await source.read(dataStart + begin, end - begin, new Uint8Array(memory));
    tensors.set(name, tensorOver(name, dtype, shape, memory));
  }
  return { tensors, metadata: header.metadata };
}

async function readHeader(source: ByteSource): Promise<{ header: SafetensorsHeader; dataStart: number }> {
  if (source.size < 8) {
    throw checkpointError(
      'CHECKPOINT_TRUNCATED',
      `expected a safetensors file of at least 8 bytes, got ${source.size}`,
    );
  }
  const start = await source.read(0, Math.min(9, source.size));
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > MAX_HEADER || length < 2n) {
    throw checkpointError(
      'SAFETENSORS_HEADER_SIZE',
      `expected a safetensors header of 2 to ${MAX_HEADER} bytes, got ${length}`,
      'this is not a safetensors file, or it is damaged',
    );
  }
  const dataStart = 8 + Number(length);
  if (start[8] !== undefined && start[8] !== 0x7b) {
    throw checkpointError(
      'SAFETENSORS_HEADER_START',
      'expected a safetensors header that starts with a brace, got another character',
      'this is not a safetensors file, or it is damaged',
    );
  }
  if (dataStart > source.size) {
    throw checkpointError(
      'CHECKPOINT_TRUNCATED',
      `expected at least ${dataStart} bytes for the safetensors header, got ${source.size}`,
      'the download or copy broke off: get the file again',
    );
  }
  const bytes = await source.read(8, Number(length));
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw checkpointError('SAFETENSORS_HEADER', 'expected a safetensors header in UTF-8, got other bytes');
  }
  return { header: parseSafetensorsHeader(text), dataStart };
}

/** The spans, in order, must fill the data from its first to its last byte. */
function checkSpans(placed: readonly Placed[], length: number): void {
  let at = 0;
  for (const { name, begin, end } of placed.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      throw checkpointError(
        'SAFETENSORS_OFFSETS',
        `expected tensor ${quoted(name)} to start at byte ${at} of the data, where the one before ends, got ${begin}`,
      );
    }
    at = end;
  }
  if (at > length) {
    throw checkpointError(
      'CHECKPOINT_TRUNCATED',
      `expected ${at} bytes of tensors after the header, got ${length}`,
      'the download or copy broke off: get the file again',
    );
  }
  if (at < length) {
    throw checkpointError(
      'SAFETENSORS_OFFSETS',
      `expected the end of the file after the last tensor, got ${length - at} more bytes`,
    );
  }
}
