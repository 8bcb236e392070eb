/**
 * Memory that threads can share. Weights that are read into it reach the thread of a session without a copy.
 */

/** Zeroed bytes, shared between threads where the platform allows it (a browser must be cross-origin isolated). */
export function allocateShared(byteLength: number): Uint8Array {
  if (typeof SharedArrayBuffer === 'undefined') return new Uint8Array(byteLength);
  return new Uint8Array(new SharedArrayBuffer(byteLength));
}
