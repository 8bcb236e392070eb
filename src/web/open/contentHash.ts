/**
 * The content hash of a file. Annotations are stored under it, so its value must never change. Uses the browser's
 * SHA-256, or a library on plain HTTP, where browsers do not provide one.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Half of SHA-256 is enough to distinguish files. */
const BYTES = 16;

/** What the library takes at a time: some milliseconds, so that the page answers in between. */
const SLICE = 256 * 1024;

/** The first half of a file's SHA-256 in hexadecimal. @throws DOMException if it cannot be read */
export async function contentHash(file: Blob): Promise<string> {
  // Typed as always there, but not so in an insecure context.
  const subtle: SubtleCrypto | undefined = crypto.subtle;
  if (!subtle) return bytesToHex((await digestInSlices(file)).subarray(0, BYTES));
  const digest = await subtle.digest('SHA-256', await file.arrayBuffer());
  return bytesToHex(new Uint8Array(digest, 0, BYTES));
}

/** Slower than the browser's own, in the thread of the page. */
async function digestInSlices(file: Blob): Promise<Uint8Array> {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += SLICE) {
    hash.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
  }
  return hash.digest();
}
