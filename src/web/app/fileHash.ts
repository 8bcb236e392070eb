/** Content hashes of listed files: of each file once, large ones in a worker. */
import { SamusError } from '../../errors.js';
import { exportClient } from '../exports/exportClient.js';
import { contentHash, isLarge } from '../open/contentHash.js';

const running = new WeakMap<File, Promise<string>>();

/** @throws DOMException if the file cannot be read */
export function hashOf(file: File): Promise<string> {
  const known = running.get(file);
  if (known) return known;
  const hashing = isLarge(file) ? inWorker(file) : contentHash(file);
  running.set(file, hashing);
  hashing.catch(() => running.delete(file));
  return hashing;
}

async function inWorker(file: File): Promise<string> {
  try {
    return await exportClient().call('hash', file);
  } catch (error) {
    // The protocol of workers has no words for other errors than its own.
    if (error instanceof SamusError && error.code === 'IMAGE_UNREADABLE') {
      throw new DOMException('the file cannot be read', 'NotReadableError');
    }
    throw error;
  }
}
