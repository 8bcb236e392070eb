/**
 * The container that torch.save wrote before PyTorch 1.6, and still writes on request: five pickles one after the
 * other (magic number, version, system, state, keys of the storages), then for each key the number of elements and
 * the elements. Opening it reads the pickles and steps over the storages, which stay where they are.
 */

import { SamusError } from '../errors.js';
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { type PickleHost, unpickle } from './pickle.js';
import { PickleDict, PickleList, type PickleValue } from './pickleValue.js';
import { PLAIN_HOST, torchHost } from './torchCheckpointClasses.js';
import { MAX_PICKLE_BYTES, type StoredAt, type TorchContainer, type TorchStorage } from './torchCheckpointPickle.js';

const MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;
/** First guess of how long a pickle is; it is read again, four times as far, where that was too short. */
const FIRST_WINDOW = 65_536;

/** The pickle of the magic number, after the opcode and the number of its protocol. */
const START: readonly number[] = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50];

/** Bytes by which the container is known. */
export const LEGACY_START_BYTES = 2 + START.length;

/** Whether a file starts as this container does. */
export function startsAsLegacy(start: Uint8Array): boolean {
  return start[0] === 0x80 && START.every((byte, i) => start[2 + i] === byte);
}

/**
 * @throws SamusError CHECKPOINT_TRUNCATED, CHECKPOINT_TRAILING, CHECKPOINT_LEGACY_HEADER, CHECKPOINT_BYTE_ORDER,
 *   CHECKPOINT_LEGACY_KEYS, CHECKPOINT_STORAGE_SIZE, CHECKPOINT_PICKLE_* as {@link unpickle}
 */
export async function openTorchLegacy(source: ByteSource): Promise<TorchContainer> {
  const reader = new PickleStream(source);
  const magic = await reader.next(PLAIN_HOST);
  const version = await reader.next(PLAIN_HOST);
  const system = await reader.next(PLAIN_HOST);
  if (magic !== MAGIC || version !== VERSION || !(system instanceof PickleDict)) {
    throw checkpointError(
      'CHECKPOINT_LEGACY_HEADER',
      'expected the head of a legacy checkpoint (version 1001), got another one',
    );
  }
  if (system.entries.get('little_endian') !== true) {
    throw checkpointError(
      'CHECKPOINT_BYTE_ORDER',
      'expected a little-endian checkpoint, got a big-endian one',
      'load it in PyTorch and save it again on a little-endian one',
    );
  }
  const { host, storages } = torchHost();
  const value = await reader.next(host);
  const keys = checkedKeys(await reader.next(PLAIN_HOST), storages);
  const places = await locate(source, keys, storages, reader.position);
  return { value, find: (storage) => places.get(storage.key)! };
}

class PickleStream {
  position = 0;
  constructor(readonly source: ByteSource) {}

  async next(host: PickleHost): Promise<PickleValue> {
    for (let window = FIRST_WINDOW; ; window *= 4) {
      const length = Math.min(window, MAX_PICKLE_BYTES, this.source.size - this.position);
      const bytes = await this.source.read(this.position, length);
      try {
        const { value, end } = unpickle(bytes, host);
        this.position += end;
        return value;
      } catch (error) {
        const short = error instanceof SamusError && error.code === 'CHECKPOINT_TRUNCATED';
        if (!short || this.position + length === this.source.size) throw error;
        if (length === MAX_PICKLE_BYTES) {
          throw checkpointError(
            'CHECKPOINT_PICKLE_LIMIT',
            `expected a pickle of at most ${MAX_PICKLE_BYTES} bytes in the checkpoint, got a longer one`,
            'save the state dict alone',
          );
        }
      }
    }
  }
}

/** The list of keys must name just the storages that the state names. */
function checkedKeys(value: PickleValue, storages: ReadonlyMap<string, TorchStorage>): ReadonlySet<string> {
  const items = value instanceof PickleList ? value.items : [];
  const keys = new Set(items.filter((item) => typeof item === 'string'));
  const stray = [...keys].find((key) => !storages.has(key));
  const missing = [...storages.keys()].find((key) => !keys.has(key));
  if (value instanceof PickleList && keys.size === items.length && stray === undefined && missing === undefined) {
    return keys;
  }
  const what = stray === undefined ? (missing === undefined ? 'a key twice' : 'not all storages') : quoted(stray);
  throw checkpointError(
    'CHECKPOINT_LEGACY_KEYS',
    `expected each storage of the tensors once in the list of the checkpoint, got ${what}`,
  );
}

async function locate(
  source: ByteSource,
  keys: ReadonlySet<string>,
  storages: ReadonlyMap<string, TorchStorage>,
  start: number,
): Promise<ReadonlyMap<string, StoredAt>> {
  const places = new Map<string, StoredAt>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key)!;
    if (at + 8 + storage.bytes > source.size) {
      throw checkpointError(
        'CHECKPOINT_TRUNCATED',
        `expected ${8 + storage.bytes} bytes for storage ${quoted(key)} at offset ${at}, got the end of the file at ${source.size}`,
        'the download or copy broke off: get the file again',
      );
    }
    const head = await source.read(at, 8);
    const elements = new DataView(head.buffer).getBigInt64(0, true);
    if (elements !== BigInt(storage.elements)) {
      throw checkpointError(
        'CHECKPOINT_STORAGE_SIZE',
        `expected ${storage.elements} elements in storage ${quoted(key)}, got ${elements}`,
      );
    }
    places.set(key, { offset: at + 8, length: storage.bytes, name: key });
    at += 8 + storage.bytes;
  }
  if (at === source.size) return places;
  throw checkpointError(
    'CHECKPOINT_TRAILING',
    `expected the end of the checkpoint after its last storage, got ${source.size - at} more bytes`,
  );
}
