/**
 * Reads a checkpoint from a file on disk.
 */
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import { openFileSource } from './fileSource.node.js';
import { storedPath } from './fileSystem.node.js';
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
