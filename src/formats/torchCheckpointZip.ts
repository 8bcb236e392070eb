/**
 * The container that torch.save writes since PyTorch 1.6: a zip archive with the pickle in `NAME/data.pkl` and one
 * entry a storage in `NAME/data/KEY`. Opening it reads the pickle; the storages stay where they are.
 */
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { unpickle } from './pickle.js';
import { torchHost } from './torchCheckpointClasses.js';
import { MAX_PICKLE_BYTES, type StoredAt, type TorchContainer, type TorchStorage } from './torchCheckpointPickle.js';
import { readZipDirectory, refuseCompressed, type ZipEntry } from './zipArchive.js';
import { crc32 } from './zipArchiveCrc32.js';

const decoder = new TextDecoder();

/**
 * @throws SamusError CHECKPOINT_ZIP_* as {@link readZipDirectory}; CHECKPOINT_ZIP_CRC; CHECKPOINT_TORCHSCRIPT,
 *   CHECKPOINT_NOT_TORCH, CHECKPOINT_BYTE_ORDER, CHECKPOINT_PICKLE_* as {@link unpickle}
 */
export async function openTorchZip(source: ByteSource): Promise<TorchContainer> {
  const entries = await readZipDirectory(source);
  // torch.serialization.set_crc32_options(False) writes 0 for every entry: then there is nothing to check.
  const checksums = [...entries.values()].some((entry) => entry.crc32 !== 0);
  const read = (entry: ZipEntry) => readSmall(source, entry, checksums);

  const pickle = findPickle(entries);
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined && decoder.decode(await read(order)) !== 'little') {
    throw checkpointError(
      'CHECKPOINT_BYTE_ORDER',
      'expected a little-endian checkpoint, got a big-endian one',
      'load it in PyTorch and save it again on a little-endian one',
    );
  }
  const bytes = await read(pickle);
  const { host } = torchHost();
  const { value, end } = unpickle(bytes, host);
  if (end !== bytes.byteLength) {
    throw checkpointError(
      'CHECKPOINT_PICKLE_TRAILING',
      `expected nothing after the pickle, got ${bytes.byteLength - end} more bytes`,
    );
  }
  return { value, find: (storage) => findStorage(entries, `${folder}data/${storage.key}`, storage, checksums) };
}

function findPickle(entries: ReadonlyMap<string, ZipEntry>): ZipEntry {
  const found = [...entries.values()].filter((entry) => /^[^/]+\/data\.pkl$/.test(entry.name));
  const [pickle] = found;
  if (pickle === undefined || found.length > 1) {
    throw checkpointError(
      'CHECKPOINT_NOT_TORCH',
      `expected a zip archive with one data.pkl, got ${found.length} of them`,
      'give a file written by torch.save, or a .safetensors file',
    );
  }
  if (entries.has(pickle.name.replace('data.pkl', 'constants.pkl'))) {
    throw checkpointError(
      'CHECKPOINT_TORCHSCRIPT',
      'expected a state dict, got a TorchScript program',
      'load it with torch.jit.load and save its state_dict() with torch.save',
    );
  }
  return pickle;
}

function findStorage(
  entries: ReadonlyMap<string, ZipEntry>,
  name: string,
  storage: TorchStorage,
  checksums: boolean,
): StoredAt {
  const entry = entries.get(name);
  if (entry === undefined) {
    throw checkpointError('CHECKPOINT_STORAGE_MISSING', `entry ${quoted(name)} of the checkpoint is missing`);
  }
  refuseCompressed(entry);
  // A storage of bytes that was viewed as a wider type may have a rest that fills no element.
  const rest = entry.length - storage.bytes;
  if (rest < 0 || (rest > 0 && rest * storage.elements >= storage.bytes)) {
    throw checkpointError(
      'CHECKPOINT_STORAGE_SIZE',
      `expected ${storage.bytes} bytes in storage ${quoted(storage.key)}, got ${entry.length}`,
    );
  }
  return { offset: entry.offset, length: entry.length, crc32: checksums ? entry.crc32 : undefined, name };
}

async function readSmall(source: ByteSource, entry: ZipEntry, checksums: boolean): Promise<Uint8Array> {
  refuseCompressed(entry);
  if (entry.length > MAX_PICKLE_BYTES) {
    throw checkpointError(
      'CHECKPOINT_PICKLE_LIMIT',
      `expected at most ${MAX_PICKLE_BYTES} bytes in ${quoted(entry.name)}, got ${entry.length}`,
      'save the state dict alone',
    );
  }
  const bytes = await source.read(entry.offset, entry.length);
  if (checksums && crc32(bytes) !== entry.crc32) throw crcError(entry.name);
  return bytes;
}

/** What is thrown where the bytes of an entry do not have the checksum of the directory. */
export function crcError(name: string): Error {
  return checkpointError(
    'CHECKPOINT_ZIP_CRC',
    `expected the recorded checksum for the bytes of ${quoted(name)}, got another one`,
  );
}
