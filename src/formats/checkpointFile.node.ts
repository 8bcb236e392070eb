/**
 * Checkpoints on disk: reads one of any known format, and writes a safetensors file. A written file is forced to the disk
 * before it takes its place, so a power cut leaves no half one under its name.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { StateDict } from '../graph/tensorData.js';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { openFileSource } from './fileSource.node.js';
import { storedPath, syncFolder } from './fileSystem.node.js';
import { replaceFile } from './fileWrite.node.js';
import { encodeSafetensors } from './safetensorsWrite.js';
import type { TorchCheckpointOptions } from './torchCheckpoint.js';

/**
 * The tensors of the checkpoint at `path`; the file is not held as a whole.
 * @throws SamusError FILE_NOT_FOUND, FILE_IS_DIRECTORY, FILE_NOT_REGULAR, FILE_UNREADABLE; what
 *   {@link readCheckpoint} throws
 */
export async function readCheckpointFile(path: string, options: TorchCheckpointOptions = {}): Promise<Checkpoint> {
  const source = await openFileSource(await storedPath(path));
  try {
    return await readCheckpoint(source, options);
  } finally {
    await source.close();
  }
}

/**
 * Writes `tensors` to `path`, replacing what is there in one step.
 * @param metadata texts by name for `__metadata__`
 * @throws SamusError DISK_FULL, FILE_UNWRITABLE, and what {@link encodeSafetensors} throws; then `path` is as it was
 *   and nothing is left beside it
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: StateDict,
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const parts = encodeSafetensors(tensors, metadata);
  await replaceFile(path, async (temporary) => {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
  await syncFolder(dirname(path));
}

async function writeAll(handle: FileHandle, part: Uint8Array): Promise<void> {
  // One call may write less than it was given, and at most 2 GiB.
  for (let done = 0; done < part.byteLength; ) {
    const step = Math.min(part.byteLength - done, 1024 * 1024 * 1024);
    done += (await handle.write(part, done, step)).bytesWritten;
  }
}
