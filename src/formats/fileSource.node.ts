/**
 * A file on disk as a {@link ByteSource}, read through a file handle so that it is never in memory as a whole.
 * Only regular files: a device or a pipe has no size to check against.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import { type ByteSource, sourceTarget } from './byteSource.js';
import { readReason } from './fileSystem.node.js';

export interface FileSource extends ByteSource {
  close(): Promise<void>;
}

/** One `read` of the operating system takes at most 2 GiB; larger ones are cut into steps of this size. */
const SYSTEM_READ = 1024 * 1024 * 1024;

/**
 * Opens `path` for reading; the caller closes it.
 * @throws SamusError FILE_NOT_FOUND, FILE_IS_DIRECTORY, FILE_NOT_REGULAR, FILE_UNREADABLE
 */
export async function openFileSource(path: string): Promise<FileSource> {
  const handle = await openRegular(path);
  try {
    const { size } = await handle.stat();
    return {
      size,
      async read(offset, length, into) {
        const target = sourceTarget(size, offset, length, into);
        for (let done = 0; done < length; ) {
          const step = Math.min(length - done, SYSTEM_READ);
          const { bytesRead } = await handle.read(target, done, step, offset + done);
          // The file shrank after it was opened.
          if (bytesRead === 0) return sourceTarget(offset + done, offset, length);
          done += bytesRead;
        }
        return target;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    // Asked before opening, because opening a pipe waits for its other end.
    const found = await stat(path);
    if (found.isDirectory()) {
      throw bad('FILE_IS_DIRECTORY', `expected a file, but ${path} is a folder`, 'name a file in it', { path });
    }
    if (!found.isFile()) {
      throw bad('FILE_NOT_REGULAR', `expected a file, but ${path} is a device or a pipe`, 'name a file', { path });
    }
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof SamusError || !(error instanceof Error)) throw error;
    const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
    if (reason === 'ENOENT' || reason === 'ENOTDIR') {
      throw bad('FILE_NOT_FOUND', `cannot find ${path}`, 'check the path', { path });
    }
    throw bad('FILE_UNREADABLE', `cannot open ${path}: ${readReason(reason)}`, 'check who may read it', {
      path,
      reason,
    });
  }
}

function bad(code: ErrorCode, message: string, hint: string, details: { readonly [key: string]: Json }): SamusError {
  return new SamusError(code, message, hint, details);
}
