/**
 * The closed list of classes that a PyTorch state dict is made of, for the pickle interpreter, and what stands for
 * them here: storages and tensors that know where their numbers lie but hold none. Reading the numbers is in
 * torchCheckpoint.ts. Sources: `torch/_utils.py` (`_rebuild_tensor_v2`, `_rebuild_parameter`) and
 * `torch/serialization.py` (persistent ids).
 */
import type { DType } from '../graph/tensorData.js';
import { checkpointError, quoted } from './checkpointError.js';
import { checkedSize } from './checkpointTensor.js';
import type { PickleHost } from './pickle.js';
import { PickleClass, PickleDict, PickleObject, PickleTuple, type PickleValue, pickleKind } from './pickleValue.js';

const STORAGES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
]);

/** More than PyTorch itself allows (64) is no tensor. */
const MAX_RANK = 64;

/** A stretch of memory in the file, which several tensors may share. */
export class TorchStorage extends PickleObject {
  readonly what = 'storage';
  constructor(
    readonly key: string,
    readonly dtype: DType,
    /** Number of elements that the pickle claims; the container says whether they exist. */
    readonly elements: number,
    readonly bytes: number,
  ) {
    super();
  }
}

/** A view of a storage, checked to lie inside of what the storage claims. Offset and strides count elements. */
export class TorchTensor extends PickleObject {
  readonly what = 'tensor';
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
    readonly elements: number,
  ) {
    super();
  }
}

/** A host for one checkpoint, and the storages that its pickle names, in the order in which it first does. */
export function torchHost(): { host: PickleHost; storages: ReadonlyMap<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>();
  return { host: { classes: CLASSES, persistent: (id) => storageOf(id, storages) }, storages };
}

/** A host for pickles that hold plain data only: the head of a legacy file. */
export const PLAIN_HOST: PickleHost = { classes: new Map(), persistent: refusePersistent };

const CLASSES: ReadonlyMap<string, PickleClass> = new Map(
  [
    new PickleClass('collections.OrderedDict', orderedDict),
    new PickleClass('torch._utils._rebuild_tensor_v2', rebuildTensor),
    new PickleClass('torch._utils._rebuild_parameter', rebuildParameter),
    // Both occur in the configuration that training scripts save beside a state dict; neither matters to it.
    new PickleClass('torch.Size', (args) => args[0] ?? null),
    new PickleClass('torch.device', (args) => args[0] ?? null),
    ...[...STORAGES.keys()].map((name) => new PickleClass(name)),
  ].map((one) => [one.name, one]),
);

function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length === 0) return new PickleDict();
  throw badArguments('collections.OrderedDict', args);
}

/** `(storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])` */
function rebuildTensor(args: readonly PickleValue[]): PickleValue {
  const [storage, offset, shape, strides, , , metadata] = args;
  const dims = counts(shape);
  const steps = counts(strides);
  // Metadata would say that the numbers are to be negated or conjugated on reading.
  const plain =
    metadata === undefined || metadata === null || (metadata instanceof PickleDict && !metadata.entries.size);
  if (args.length < 6 || args.length > 7 || !plain || !dims || !steps || !(storage instanceof TorchStorage)) {
    throw badArguments('torch._utils._rebuild_tensor_v2', args);
  }
  const size = checkedSize(dims, storage.dtype);
  const fits = steps.length === dims.length && dims.length <= MAX_RANK && steps.every(isCount);
  if (size === undefined || !fits || !isCount(offset)) {
    throw checkpointError(
      'CHECKPOINT_TENSOR_SHAPE',
      `a tensor has offset ${pickleText(offset)}, shape [${dims.join(', ')}] and strides [${steps.join(', ')}], ` +
        'which no tensor can have',
    );
  }
  // Index of the last element, plus one. Too large a product is no safe integer, and then not within the storage.
  const end = size.elements === 0 ? offset : dims.reduce((at, n, d) => at + (n - 1) * steps[d]!, offset + 1);
  if (end > storage.elements) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_RANGE',
      `a tensor of shape [${dims.join(', ')}] reaches to element ${end} of storage ${quoted(storage.key)}, ` +
        `which has ${storage.elements}`,
    );
  }
  return new TorchTensor(storage, offset, dims, steps, size.elements);
}

/** `(tensor, requires_grad, backward_hooks)` */
function rebuildParameter(args: readonly PickleValue[]): PickleValue {
  const [tensor] = args;
  if (args.length === 3 && tensor instanceof TorchTensor) return tensor;
  throw badArguments('torch._utils._rebuild_parameter', args);
}

/** `('storage', class, key, device, elements[, view])`; the device a storage lay on when it was saved is no matter. */
function storageOf(id: PickleValue, storages: Map<string, TorchStorage>): TorchStorage {
  if (!(id instanceof PickleTuple) || id.items[0] !== 'storage') return refusePersistent(id);
  const [, type, key, device, elements, view] = id.items;
  const dtype = type instanceof PickleClass ? STORAGES.get(type.name) : undefined;
  if (id.items.length > 6 || dtype === undefined || typeof key !== 'string' || typeof device !== 'string') {
    throw badArguments('a storage', id.items);
  }
  if (view !== undefined && view !== null) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_VIEW',
      'the checkpoint holds storages that are views of others, as PyTorch before 0.4 wrote them',
      'load it in a newer PyTorch and save it again',
    );
  }
  const size = isCount(elements) ? checkedSize([elements], dtype) : undefined;
  if (size === undefined) {
    throw checkpointError('CHECKPOINT_STORAGE_SIZE', `storage ${quoted(key)} claims ${pickleText(elements)} elements`);
  }
  const known = storages.get(key);
  if (known === undefined) {
    const storage = new TorchStorage(key, dtype, size.elements, size.bytes);
    storages.set(key, storage);
    return storage;
  }
  if (known.dtype === dtype && known.elements === size.elements) return known;
  throw checkpointError(
    'CHECKPOINT_STORAGE_CONFLICT',
    `storage ${quoted(key)} is ${known.elements} of ${known.dtype} in one place, ${size.elements} of ${dtype} in another`,
  );
}

function refusePersistent(id: PickleValue): never {
  const what = id instanceof PickleTuple ? id.items[0] : id;
  throw checkpointError(
    'CHECKPOINT_PICKLE_PERSISTENT',
    `the pickle refers to ${typeof what === 'string' ? quoted(what) : pickleKind(what ?? null)} outside of it, not to a storage`,
    'a whole module was saved: save model.state_dict() alone',
  );
}

function badArguments(name: string, args: readonly PickleValue[]): Error {
  const came = args.slice(0, 8).map(pickleKind).join(', ');
  return checkpointError('CHECKPOINT_PICKLE_ARGUMENTS', `${name} cannot be made of (${came})`);
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The numbers of a tuple of whole numbers, which may still be negative. */
function counts(value: PickleValue | undefined): number[] | undefined {
  if (!(value instanceof PickleTuple)) return undefined;
  const numbers = value.items.filter((item) => typeof item === 'number');
  return numbers.length === value.items.length ? numbers : undefined;
}

function pickleText(value: PickleValue | undefined): string {
  return typeof value === 'number' ? String(value) : pickleKind(value ?? null);
}
