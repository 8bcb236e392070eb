/**
 * Arrays of a `.npz` file (numpy.savez): a zip archive with one `.npy` entry for each array. Source: NumPy's format description
 * (NEP 1). Row-major arrays of the number types that checkpoints have; pickled objects are not read.
 */
import type { DType, StateDict, TensorData } from '../graph/tensorData.js';
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { checkedSize, tensorOver } from './checkpointTensor.js';
import { crcError } from './torchCheckpointZip.js';
import { refuseCompressed, type ZipEntry } from './zipArchive.js';
import { crc32 } from './zipArchiveCrc32.js';

const SUFFIX = '.npy';
const MAGIC = '\x93NUMPY';

const DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['<f8', 'float64'],
  ['<f4', 'float32'],
  ['<f2', 'float16'],
  ['<i8', 'int64'],
  ['<i4', 'int32'],
  ['<i2', 'int16'],
  ['|i1', 'int8'],
  ['|u1', 'uint8'],
  ['|b1', 'bool'],
]);

/** Whether a zip archive is one of arrays. */
export function isNpz(entries: ReadonlyMap<string, ZipEntry>): boolean {
  return entries.size > 0 && [...entries.keys()].every((name) => name.endsWith(SUFFIX));
}

/**
 * All arrays by name.
 * @throws SamusError CHECKPOINT_NPY for an array that is damaged or of another kind, CHECKPOINT_ZIP_COMPRESSED, _CRC
 */
export async function readNpz(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>): Promise<StateDict> {
  const tensors = new Map<string, TensorData>();
  for (const entry of entries.values()) {
    refuseCompressed(entry);
    const bytes = await source.read(entry.offset, entry.length);
    if (crc32(bytes) !== entry.crc32) throw crcError(entry.name);
    tensors.set(entry.name.slice(0, -SUFFIX.length), parseNpy(entry.name, bytes));
  }
  return tensors;
}

function parseNpy(name: string, bytes: Uint8Array): TensorData {
  const bad = (expected: string, got: string) =>
    checkpointError('CHECKPOINT_NPY', `expected ${expected} in ${quoted(name)}, got ${got}`);
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  const [major = 0] = bytes.subarray(MAGIC.length);
  if (text(0, MAGIC.length) !== MAGIC || major < 1 || major > 3)
    throw bad('a .npy array of version 1 to 3', 'other bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.byteLength < start) throw bad('a header', 'the end of the file');
  const end = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = text(start, Math.min(end, start + 10_000));
  const found = /'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!found) throw bad('a header with type, order and shape', quoted(header));
  const [, type = '', fortran, sizes = ''] = found;
  const dtype = DTYPES.get(type);
  if (!dtype) throw bad(`a type of ${[...DTYPES.keys()].join(', ')}`, quoted(type));
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  if (fortran === 'True' && shape.length > 1) throw bad('a row-major array', 'a column-major one');
  const size = checkedSize(shape, dtype);
  if (size?.bytes !== bytes.byteLength - end) {
    throw bad(`${size?.bytes ?? 'fewer'} bytes for the shape [${shape.join(', ')}]`, `${bytes.byteLength - end}`);
  }
  // A copy, so that the numbers are aligned.
  return tensorOver(name, dtype, shape, bytes.slice(end).buffer);
}
