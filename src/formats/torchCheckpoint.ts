/**
 * Reads a PyTorch checkpoint (`.pth`, `.pt`) into a state dict without executing anything of it: both containers of
 * torch.save, the state dict itself or one inside of a training checkpoint. Numbers go from the source straight into
 * the memory in which the caller gets them; tensors that share a storage in the file share it here.
 */
import { BYTES_PER_ELEMENT, type StateDict, type TensorData } from '../graph/tensorData.js';
import { type ByteSource, READ_STEP } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { reserve, tensorOver } from './checkpointTensor.js';
import { PickleDict, pickleKind } from './pickleValue.js';
import type { StoredAt, TorchContainer } from './torchCheckpointContainer.js';
import { LEGACY_START, openTorchLegacy } from './torchCheckpointLegacy.js';
import { type TorchStorage, TorchTensor } from './torchCheckpointPickle.js';
import { isContiguous, rowMajor } from './torchCheckpointStrides.js';
import { crcError, openTorchZip } from './torchCheckpointZip.js';
import { crc32 } from './zipArchiveCrc32.js';

export interface TorchCheckpointOptions {
  /** Take `module.` (left by DataParallel) off the front of names; true by default. */
  readonly stripModulePrefix?: boolean;
  /** Check the CRC-32 of the storages in a zip container, about a second a gigabyte; true by default. */
  readonly verifyChecksums?: boolean;
}

/** Where training scripts keep the state dict, most telling first; whatever stands beside it is ignored. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model'] as const;

/** Copies of strided tensors may take this much even from a smaller file. */
const MIN_COPY_BUDGET = 1024 * 1024;

/** Which container of torch.save a file has, by how it starts (its first 13 bytes tell). */
export function detectTorchContainer(start: Uint8Array): 'zip' | 'legacy' | undefined {
  // A zip archive starts with its first entry, an empty one with its end record.
  if (start[0] === 0x50 && start[1] === 0x4b && (start[2] === 3 || start[2] === 5)) return 'zip';
  return LEGACY_START.every((byte, i) => start[i] === byte) ? 'legacy' : undefined;
}

/**
 * The state dict of a checkpoint, in the file's order. Float16 and bfloat16 stay what they are.
 * Memory: the storages in use, each once, and a copy of every tensor that is not contiguous in its storage; the
 * copies together take at most the size of the file (or 1 MiB).
 * @throws SamusError CHECKPOINT_FORMAT if it is no file of torch.save; CHECKPOINT_NO_STATE_DICT,
 *   CHECKPOINT_TENSOR_NAME, CHECKPOINT_TENSOR_DUPLICATE, CHECKPOINT_TENSOR_SHAPE, CHECKPOINT_STORAGE_RANGE,
 *   CHECKPOINT_COPY_LIMIT; CHECKPOINT_ZIP_*, CHECKPOINT_LEGACY_*, CHECKPOINT_PICKLE_* of the containers
 */
export async function readTorchCheckpoint(
  source: ByteSource,
  options: TorchCheckpointOptions = {},
): Promise<StateDict> {
  const container = await openContainer(source);
  const tensors = selectTensors(container, options.stripModulePrefix ?? true);
  const storages = new Map<TorchStorage, ArrayBuffer>();
  const state = new Map<string, TensorData>();
  let copies = Math.max(source.size, MIN_COPY_BUDGET);
  for (const [name, tensor] of tensors) {
    const { storage, offset, shape, elements } = tensor;
    if (!isContiguous(tensor)) {
      copies -= elements * BYTES_PER_ELEMENT[storage.dtype];
      if (copies < 0) throw copyLimit(name);
    }
    const known = storages.get(storage);
    const memory = known ?? (await readStorage(source, container.find(storage), options.verifyChecksums ?? true));
    if (known === undefined) storages.set(storage, memory);
    const [buffer, first] = isContiguous(tensor) ? [memory, offset] : [rowMajor(tensor, memory), 0];
    const byteOffset = elements === 0 ? 0 : first * BYTES_PER_ELEMENT[storage.dtype];
    state.set(name, tensorOver(name, storage.dtype, shape, buffer, byteOffset));
  }
  return state;
}

async function openContainer(source: ByteSource): Promise<TorchContainer> {
  const start = await source.read(0, Math.min(source.size, LEGACY_START.length));
  switch (detectTorchContainer(start)) {
    case 'zip':
      return openTorchZip(source);
    case 'legacy':
      return openTorchLegacy(source);
    case undefined:
      throw checkpointError('CHECKPOINT_FORMAT', 'a file of torch.save was expected, but it starts otherwise');
  }
}

/** The tensors of the state dict, by the names that the caller gets. */
function selectTensors({ value }: TorchContainer, strip: boolean): ReadonlyMap<string, TorchTensor> {
  if (!(value instanceof PickleDict)) {
    throw checkpointError(
      'CHECKPOINT_NO_STATE_DICT',
      `a dict was expected in the checkpoint, but it holds ${pickleKind(value)}`,
      'save model.state_dict() with torch.save',
    );
  }
  const inner = WRAPPERS.map((key) => value.entries.get(key));
  const dict = [...inner, value].find((one) => one instanceof PickleDict && hasTensors(one));
  if (!(dict instanceof PickleDict)) {
    const keys = [...value.entries.keys()].slice(0, 8).map((key) => quoted(String(key)));
    throw checkpointError(
      'CHECKPOINT_NO_STATE_DICT',
      `tensors by name were expected in the checkpoint or under ${WRAPPERS.join(', ')}; its keys are: ${keys.join(', ')}`,
      'save model.state_dict() with torch.save',
    );
  }
  const tensors = new Map<string, TorchTensor>();
  for (const [key, tensor] of dict.entries) {
    // Counters and flags may stand among the tensors; they are not part of a model's weights.
    if (!(tensor instanceof TorchTensor)) continue;
    if (typeof key !== 'string') {
      throw checkpointError('CHECKPOINT_TENSOR_NAME', `a text was expected as a tensor's name, not ${String(key)}`);
    }
    const name = strip && key.startsWith('module.') ? key.slice('module.'.length) : key;
    if (tensors.has(name)) {
      throw checkpointError(
        'CHECKPOINT_TENSOR_DUPLICATE',
        `two tensors are called ${quoted(name)} once "module." is taken off`,
        'read it without taking the prefix off, and rename them',
      );
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

function hasTensors(dict: PickleDict): boolean {
  return [...dict.entries.values()].some((value) => value instanceof TorchTensor);
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
    `tensor ${quoted(name)} repeats the numbers of its storage beyond the size of the file`,
    'save it as tensor.contiguous()',
  );
}
