/**
 * What the pickle of a checkpoint may refer to: storages and tensors that know where their numbers lie but hold none,
 * and what the two containers of torch.save have in common. Reading the numbers is in torchCheckpoint.ts, the closed
 * list of classes in torchCheckpointClasses.ts. Source: `torch/serialization.py` (persistent ids).
 */
import type { DType } from '../graph/tensorData.js';
import { checkpointError, quoted } from './checkpointError.js';
import { checkedSize } from './checkpointTensor.js';
import { PickleClass, PickleObject, PickleTuple, type PickleValue, pickleKind } from './pickleValue.js';

/** An opened container: the value that was saved, and where the numbers of each storage lie in the source. */
export interface TorchContainer {
  readonly value: PickleValue;
  /** @throws SamusError CHECKPOINT_STORAGE_MISSING, CHECKPOINT_STORAGE_SIZE */
  find(storage: TorchStorage): StoredAt;
}

/** Bytes of a storage, all of which exist in the source. */
export interface StoredAt {
  readonly offset: number;
  readonly length: number;
  /** Recorded checksum, if there is one. */
  readonly crc32?: number | undefined;
  /** What to call it in an error. */
  readonly name: string;
}

/** The pickle of SAM ViT-H with its optimizer has 0.3 MB; a larger one is not a state dict. */
export const MAX_PICKLE_BYTES = 32 * 1024 * 1024;

/** A type of storage: its data type where the project has it, else only the bytes of an element. */
type StorageType = DType | number;

const TYPES: ReadonlyMap<string, StorageType> = new Map<string, StorageType>([
  ['FloatStorage', 'float32'],
  ['DoubleStorage', 'float64'],
  ['HalfStorage', 'float16'],
  ['BFloat16Storage', 'bfloat16'],
  ['LongStorage', 'int64'],
  ['IntStorage', 'int32'],
  ['ShortStorage', 'int16'],
  ['CharStorage', 'int8'],
  ['ByteStorage', 'uint8'],
  ['BoolStorage', 'bool'],
  ['ComplexDoubleStorage', 16],
  ['ComplexFloatStorage', 8],
  ['QInt32Storage', 4],
  ['QInt8Storage', 1],
  ['QUInt8Storage', 1],
  ['QUInt2x4Storage', 1],
  ['QUInt4x2Storage', 1],
]);

/** By their full names. Data types younger than 2023 lie in untyped storages, measured in bytes. */
export const STORAGES: ReadonlyMap<string, StorageType> = new Map<string, StorageType>([
  ...['torch', 'torch.cuda'].flatMap((module) =>
    [...TYPES].map(([name, type]) => [`${module}.${name}`, type] as const),
  ),
  ['torch.storage.UntypedStorage', 1],
  ['torch.storage.TypedStorage', 1],
]);

/** A stretch of memory in the file, which several tensors may share. */
export class TorchStorage extends PickleObject {
  readonly what = 'storage';
  constructor(
    readonly key: string,
    readonly type: StorageType,
    /** Number of elements that the pickle claims; the container says whether they exist. */
    readonly elements: number,
    readonly bytes: number,
  ) {
    super();
  }
}

/** A view of a storage, checked to lie inside the storage. Offset and strides count elements. */
export class TorchTensor extends PickleObject {
  readonly what = 'tensor';
  constructor(
    readonly storage: TorchStorage,
    readonly dtype: DType,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly elements: number,
  ) {
    super();
  }
}

/**
 * `('storage', class, key, device, elements[, view])`; the device is ignored.
 * @param storages those that the pickle has named so far; a new one is added
 */
export function storageOf(id: PickleValue, storages: Map<string, TorchStorage>): TorchStorage {
  if (!(id instanceof PickleTuple) || id.items[0] !== 'storage') return refusePersistent(id);
  const [, named, key, device, elements, view] = id.items;
  const type = named instanceof PickleClass ? STORAGES.get(named.name) : undefined;
  if (id.items.length > 6 || type === undefined || typeof key !== 'string' || typeof device !== 'string') {
    throw badArguments('a storage', id.items);
  }
  if (view !== undefined && view !== null) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_VIEW',
      'expected storages in the checkpoint, got views of storages, as PyTorch before 0.4 wrote them',
      'load it in a newer PyTorch and save it again',
    );
  }
  const size = isCount(elements) ? checkedSize([elements], type) : undefined;
  if (size === undefined) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_SIZE',
      `expected a number of elements for storage ${quoted(key)}, got ${pickleText(elements)}`,
    );
  }
  const known = storages.get(key);
  if (known === undefined) {
    const storage = new TorchStorage(key, type, size.elements, size.bytes);
    storages.set(key, storage);
    return storage;
  }
  if (known.type === type && known.elements === size.elements) return known;
  throw checkpointError(
    'CHECKPOINT_STORAGE_CONFLICT',
    `expected storage ${quoted(key)} as ${known.elements} of ${known.type} again, got ${size.elements} of ${type}`,
  );
}

export function refusePersistent(id: PickleValue): never {
  const what = id instanceof PickleTuple ? id.items[0] : id;
  throw checkpointError(
    'CHECKPOINT_PICKLE_PERSISTENT',
    `expected a reference to a storage in the pickle, got ${typeof what === 'string' ? quoted(what) : pickleKind(what ?? null)}`,
    'a whole module was saved: save model.state_dict() alone',
  );
}

export function badArguments(name: string, args: readonly PickleValue[]): Error {
  const got = args.slice(0, 8).map(pickleKind).join(', ');
  return checkpointError('CHECKPOINT_PICKLE_ARGUMENTS', `expected the arguments of ${name}, got (${got})`);
}

export function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

export function pickleText(value: PickleValue | undefined): string {
  return typeof value === 'number' ? String(value) : pickleKind(value ?? null);
}
