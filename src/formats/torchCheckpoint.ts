/**
 * Reads a PyTorch checkpoint (`.pth`, `.pt`) into a state dict without executing anything of it: both containers of
 * torch.save, the state dict itself or one inside a training checkpoint. Numbers go from the source straight into
 * the memory in which the caller gets them; tensors that share a storage in the file share it here.
 */
import { BYTES_PER_ELEMENT, type Shapes, type StateDict, type TensorData } from '../graph/tensorData.js';
import { type ByteSource, READ_STEP } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { reserve, tensorOver } from './checkpointTensor.js';
import { PickleDict, PickleList, PickleTuple, type PickleValue, pickleKind } from './pickleValue.js';
import { LEGACY_START_BYTES, openTorchLegacy, startsAsLegacy } from './torchCheckpointLegacy.js';
import { type StoredAt, type TorchContainer, type TorchStorage, TorchTensor } from './torchCheckpointPickle.js';
import { isContiguous, rowMajor } from './torchCheckpointStrides.js';
import { crcError, openTorchZip } from './torchCheckpointZip.js';
import { crc32 } from './zipArchiveCrc32.js';

/** Tensors that lie together in a checkpoint, before their numbers are read. */
export interface CheckpointDict {
  /** Where they lie: keys joined by dots, empty for the checkpoint itself. */
  readonly key: string;
  readonly tensors: Shapes;
}

/** Which tensors to read. */
export interface CheckpointChoice {
  readonly key: string;
  /** The name to give to each, by its name in the file. */
  readonly names: ReadonlyMap<string, string>;
}

export interface TorchCheckpointOptions {
  /**
   * Chooses among the dicts that hold tensors, the usual ones first. Where it is left out or gives nothing, the first
   * is read.
   */
  readonly choose?: (dicts: readonly CheckpointDict[]) => CheckpointChoice | undefined;
  /** Take `module.` (left by DataParallel) off the front of names; true by default. */
  readonly stripModulePrefix?: boolean;
  /** Check the CRC-32 of the storages in a zip container, about a second a gigabyte; true by default. */
  readonly verifyChecksums?: boolean;
}

/** Where training scripts keep the state dict, most telling first. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model'];

/** Dicts below which none is looked for, and the most that are offered. */
const MAX_DEPTH = 4;
const MAX_DICTS = 256;

/** Copies of strided tensors may take this much even from a smaller file. */
const MIN_COPY_BUDGET = 1024 * 1024;

/** Which container of torch.save a file has, by how it starts (13 bytes). */
export function detectTorchContainer(start: Uint8Array): 'zip' | 'legacy' | undefined {
  // A zip archive starts with its first entry, an empty one with its end record.
  if (start[0] === 0x50 && start[1] === 0x4b && (start[2] === 3 || start[2] === 5)) return 'zip';
  return startsAsLegacy(start) ? 'legacy' : undefined;
}

/**
 * The state dict of a checkpoint, in the file's order. Float16 and bfloat16 stay what they are.
 * Memory: the storages in use, each once, and a copy of every tensor that is not contiguous in its storage; the
 * copies together take at most the size of the file (or 1 MiB).
 * @throws SamusError CHECKPOINT_FORMAT if torch.save did not write the file; CHECKPOINT_NO_STATE_DICT,
 *   CHECKPOINT_TENSOR_DUPLICATE, CHECKPOINT_TENSOR_SHAPE, CHECKPOINT_STORAGE_RANGE,
 *   CHECKPOINT_COPY_LIMIT; CHECKPOINT_ZIP_*, CHECKPOINT_LEGACY_*, CHECKPOINT_PICKLE_* of the containers
 */
export async function readTorchCheckpoint(
  source: ByteSource,
  options: TorchCheckpointOptions = {},
): Promise<StateDict> {
  const container = await openContainer(source);
  const tensors = selectTensors(container.value, options);
  const storages = new Map<TorchStorage, ArrayBuffer>();
  const state = new Map<string, TensorData>();
  let copies = Math.max(source.size, MIN_COPY_BUDGET);
  for (const [name, tensor] of tensors) {
    const { storage, dtype, offset, shape, elements } = tensor;
    if (!isContiguous(tensor)) {
      copies -= elements * BYTES_PER_ELEMENT[dtype];
      if (copies < 0) throw copyLimit(name);
    }
    const known = storages.get(storage);
    const memory = known ?? (await readStorage(source, container.find(storage), options.verifyChecksums ?? true));
    if (known === undefined) storages.set(storage, memory);
    const [buffer, first] = isContiguous(tensor) ? [memory, offset] : [rowMajor(tensor, memory), 0];
    const byteOffset = elements === 0 ? 0 : first * BYTES_PER_ELEMENT[dtype];
    state.set(name, tensorOver(name, dtype, shape, buffer, byteOffset));
  }
  return state;
}

async function openContainer(source: ByteSource): Promise<TorchContainer> {
  const start = await source.read(0, Math.min(source.size, LEGACY_START_BYTES));
  switch (detectTorchContainer(start)) {
    case 'zip':
      return openTorchZip(source);
    case 'legacy':
      return openTorchLegacy(source);
    case undefined:
      throw checkpointError('CHECKPOINT_FORMAT', 'expected a file of torch.save, got a file that starts differently');
  }
}

/** The tensors to read, by the names that the caller gets. */
function selectTensors(value: PickleValue, options: TorchCheckpointOptions): ReadonlyMap<string, TorchTensor> {
  const dicts = dictsIn(value);
  const usual = dicts[0];
  if (!usual) {
    const got =
      value instanceof PickleDict && value.entries.size > 0 ? `a dict of ${contents(value)}` : pickleKind(value);
    throw checkpointError(
      'CHECKPOINT_NO_STATE_DICT',
      `expected tensors by name in the checkpoint, got ${got}`,
      'save model.state_dict() with torch.save',
    );
  }
  const chosen = options.choose?.(dicts);
  if (!chosen) return usualNames(usual.tensors, options.stripModulePrefix ?? true);
  const { tensors } = dicts.find(({ key }) => key === chosen.key)!;
  return new Map([...chosen.names].map(([from, to]) => [to, tensors.get(from)!]));
}

interface TensorDict extends CheckpointDict {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
}

/** The dicts that hold tensors: under the usual keys, the checkpoint itself, then all others. */
function dictsIn(root: PickleValue): TensorDict[] {
  const found: TensorDict[] = [];
  const seen = new Set<PickleValue>();
  const visit = (value: PickleValue, key: string, depth: number): void => {
    if (found.length >= MAX_DICTS || seen.has(value)) return;
    // Plain values hold nothing; a container that is named in many places is looked at once.
    if (typeof value === 'object') seen.add(value);
    const tensors = value instanceof PickleDict ? tensorsOf(value) : new Map<string, TorchTensor>();
    if (tensors.size > 0) found.push({ key, tensors });
    if (depth === MAX_DEPTH) return;
    for (const [name, inner] of entriesOf(value)) visit(inner, key === '' ? name : `${key}.${name}`, depth + 1);
  };
  visit(root, '', 0);
  const rank = ({ key }: TensorDict): number => {
    const at = WRAPPERS.indexOf(key);
    return at >= 0 ? at : key === '' ? WRAPPERS.length : WRAPPERS.length + 1;
  };
  return found.toSorted((a, b) => rank(a) - rank(b));
}

function entriesOf(value: PickleValue): readonly (readonly [string, PickleValue])[] {
  if (value instanceof PickleList || value instanceof PickleTuple) return value.items.map((item, i) => [`${i}`, item]);
  if (!(value instanceof PickleDict)) return [];
  return [...value.entries].map(([key, item]) => [textOf(key), item]);
}

/** Counters and flags may stand among the tensors; they are not part of a model's weights. */
function tensorsOf({ entries }: PickleDict): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  for (const [name, value] of entries) {
    if (typeof name === 'string' && value instanceof TorchTensor) tensors.set(name, value);
  }
  return tensors;
}

/** DataParallel leaves `module.` at the front of names. */
function usualNames(tensors: ReadonlyMap<string, TorchTensor>, strip: boolean): ReadonlyMap<string, TorchTensor> {
  const named = new Map<string, TorchTensor>();
  for (const [key, tensor] of tensors) {
    const name = strip && key.startsWith('module.') ? key.slice('module.'.length) : key;
    if (named.has(name)) {
      throw checkpointError(
        'CHECKPOINT_TENSOR_DUPLICATE',
        `expected unique tensor names without "module.", got ${quoted(name)} twice`,
        'read it without taking the prefix off, and rename them',
      );
    }
    named.set(name, tensor);
  }
  return named;
}

/** Keys of a dict and what they stand for, for messages. */
function contents({ entries }: PickleDict): string {
  const shown = [...entries].slice(0, 8).map(([key, value]) => `${quoted(textOf(key))} (${pickleKind(value)})`);
  return shown.join(', ') + (entries.size > shown.length ? ` and ${entries.size - shown.length} more` : '');
}

function textOf(key: PickleValue): string {
  return key === null || typeof key === 'object' ? pickleKind(key) : String(key);
}

async function readStorage(source: ByteSource, place: StoredAt, verify: boolean): Promise<ArrayBuffer> {
  const memory = reserve(place.length);
  let crc = 0;
  for (let done = 0; done < place.length; done += READ_STEP) {
    const step = Math.min(READ_STEP, place.length - done);
    const bytes = await source.read(place.offset + done, step, new Uint8Array(memory, done, step));
    if (verify && place.crc32 !== undefined) crc = crc32(bytes, crc);
  }
  if (verify && place.crc32 !== undefined && crc !== place.crc32) throw crcError(place.name);
  return memory;
}

function copyLimit(name: string): Error {
  return checkpointError(
    'CHECKPOINT_COPY_LIMIT',
    `expected strided tensors of at most the size of the file, got more with tensor ${quoted(name)}`,
    'save it as tensor.contiguous()',
  );
}
