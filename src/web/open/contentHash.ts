/**
 * The content hash of a file: the first half of its SHA-256 in hexadecimal. Annotations are stored under it, so its value
 * must never change. The browser computes it of files that fit into memory; a library reads larger ones in slices, as it
 * does on plain HTTP, where browsers provide no SHA-256.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Half of SHA-256 is enough to distinguish files. */
const BYTES = 16;

/** What the library takes at a time: some milliseconds, so that its thread answers in between. */
const SLICE = 256 * 1024;

/** Files that the browser may hold in memory for its SHA-256, which takes the whole file. */
const MOST_AT_ONCE = 32 * 1024 * 1024;

export const isLarge = ({ size }: Blob): boolean => size > MOST_AT_ONCE;

/** Of a file that is not {@link isLarge}; others take seconds. @throws DOMException if it cannot be read */
export async function contentHash(file: Blob): Promise<string> {
  // Typed as always there, but not so in an insecure context.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  if (!subtle || isLarge(file)) return hashInSlices(file);
  const digest = await subtle.digest('SHA-256', await file.arrayBuffer());
  return bytesToHex(new Uint8Array(digest, 0, BYTES));
}

/** Slower than the browser's own, but never holds more than a slice. @throws DOMException if it cannot be read */
export async function hashInSlices(file: Blob): Promise<string> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += SLICE) {
    hash.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
  }
  return bytesToHex(hash.digest().subarray(0, BYTES));
}
