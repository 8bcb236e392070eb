/**
 * Writes a safetensors file so that there is never a half one under its name: into a new file beside it, forced to
 * the disk, then renamed over it.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SamusError } from '../errors.js';
import type { StateDict } from '../graph/tensorData.js';
import { encodeSafetensors } from './safetensorsWrite.js';

/**
 * Writes `tensors` to `path`, replacing what is there in one step.
 * @param metadata texts by name for `__metadata__`
 * @throws SamusError FILE_DISK_FULL, FILE_UNWRITABLE, and what {@link encodeSafetensors} throws; then `path` is as it
 *   was and nothing is left beside it
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: StateDict,
  metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const parts = encodeSafetensors(tensors, metadata);
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      for (const part of parts) await writeAll(handle, part);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw asSamusError(error, path);
  }
  await syncFolder(folder);
}

async function writeAll(handle: FileHandle, part: Uint8Array): Promise<void> {
  // One call may write less than it was given, and at most 2 GiB.
  for (let done = 0; done < part.byteLength; ) {
    const step = Math.min(part.byteLength - done, 1024 * 1024 * 1024);
    done += (await handle.write(part, done, step)).bytesWritten;
  }
}

/** The new name is on the disk only once its folder is; some systems cannot do that, and then need not. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function asSamusError(error: unknown, path: string): unknown {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return error;
  const reason = String(error.code);
  if (reason === 'ENOSPC' || reason === 'EDQUOT') {
    return new SamusError('machine', 'FILE_DISK_FULL', `there is no room to write ${path}`, 'free some space', {
      path,
    });
  }
  return new SamusError(
    'usage',
    'FILE_UNWRITABLE',
    `${path} cannot be written (${reason})`,
    'name a folder that exists and may be written to',
    {
      path,
      reason,
    },
  );
}
