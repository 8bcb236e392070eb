/**
 * A checkpoint file inside a zip archive, such as a Python wheel with pretrained weights. It is unpacked in memory.
 */
import type { ByteSource } from './byteSource.js';
import { checkpointError, quoted } from './checkpointError.js';
import { crcError } from './torchCheckpointZip.js';
import type { ZipEntry } from './zipArchive.js';
import { crc32 } from './zipArchiveCrc32.js';

const CHECKPOINT = /\.(?:pth|pt|safetensors|npz)$/i;

/** The highest ratio that deflate reaches, and the most bytes of a checkpoint that is unpacked in memory. */
const MOST_RATIO = 1032;
const MOST_BYTES = 2 ** 31;

/** Bytes inflated at a time. */
const STEP = 1 << 16;

/** The only checkpoint in an archive that is not one itself; undefined if there is none or several. */
export function archivedCheckpoint(entries: ReadonlyMap<string, ZipEntry>): ZipEntry | undefined {
  const names = [...entries.keys()];
  if (names.some((name) => /^[^/]+\/data\.pkl$/.test(name))) return undefined;
  const found = names.filter((name) => CHECKPOINT.test(name));
  return found.length === 1 ? entries.get(found[0]!) : undefined;
}

/**
 * The contents of an entry.
 * @throws SamusError CHECKPOINT_ZIP_LIMIT, CHECKPOINT_ZIP_COMPRESSED for another method than deflate, CHECKPOINT_ZIP_CRC
 */
export async function unpacked(source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const packed = await source.read(entry.offset, entry.length);
  const bytes = entry.compressed ? await inflated(packed, entry) : packed;
  if (crc32(bytes) !== entry.crc32) throw crcError(entry.name);
  return bytes;
}

async function inflated(packed: Uint8Array, { name, size, deflated }: ZipEntry): Promise<Uint8Array> {
  if (!deflated) {
    const message = `expected ${quoted(name)} stored or deflated, got another compression`;
    throw checkpointError('CHECKPOINT_ZIP_COMPRESSED', message, 'unpack the archive');
  }
  const most = Math.min(MOST_BYTES, packed.length * MOST_RATIO);
  if (size > most) {
    const message = `expected at most ${most} bytes in ${quoted(name)}, got ${size}`;
    throw checkpointError('CHECKPOINT_ZIP_LIMIT', message, 'unpack the archive and give the checkpoint in it');
  }
  const bytes = new Uint8Array(size);
  let done = 0;
  const { Inflate } = await import('fflate');
  const stream = new Inflate((part) => {
    if (part.length > size - done) throw crcError(name);
    bytes.set(part, done);
    done += part.length;
  });
  try {
    for (let at = 0; at < packed.length; at += STEP) {
      stream.push(packed.subarray(at, at + STEP), at + STEP >= packed.length);
    }
  } catch {
    throw crcError(name);
  }
  return bytes;
}
