/**
 * Random access to bytes that may not be in memory: what a large file format is read through, so that only the
 * parts in use are ever held. Here are the sources that also work in a browser; files on disk are in
 * fileSource.node.ts. Nothing here knows any format.
 */
import { SamusError } from '../errors.js';

export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on.
   * @param into where to put them, at least `length` long; without it, memory of their own starting at byte 0 of its
   *   buffer. Never memory of the source: the caller may change what it gets.
   * @throws SamusError FILE_TRUNCATED if the source has no such bytes
   */
  read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

/** Large reads go in steps of this size: a checksum can follow, and a Blob is never held twice. */
export const READ_STEP = 16 * 1024 * 1024;

/** Bytes in memory as a source; they are not copied, and must not change while the source is in use. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    async read(offset, length, into) {
      const target = sourceTarget(bytes.byteLength, offset, length, into);
      target.set(bytes.subarray(offset, offset + length));
      return target;
    },
  };
}

/** A Blob or File, as a browser's file picker gives it. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    async read(offset, length, into) {
      const target = sourceTarget(blob.size, offset, length, into);
      for (let done = 0; done < length; done += READ_STEP) {
        const part = blob.slice(offset + done, offset + Math.min(length, done + READ_STEP));
        target.set(new Uint8Array(await part.arrayBuffer()), done);
      }
      return target;
    },
  };
}

/**
 * Where a source puts `length` bytes: the start of `into`, or new memory. For those who write a source.
 * @throws SamusError FILE_TRUNCATED if a source of `size` bytes has no such bytes
 */
export function sourceTarget(
  size: number,
  offset: number,
  length: number,
  into?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const fits = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!fits || offset + length > size) {
    throw new SamusError(
      'FILE_TRUNCATED',
      `expected ${length} bytes at offset ${offset}, but there are ${size} in all`,
      'the file was cut short or changed while it was read: get it again',
      { offset, length, size },
    );
  }
  if (into === undefined) return new Uint8Array(length);
  if (into.byteLength < length) throw new RangeError(`${length} bytes do not fit into ${into.byteLength}`);
  return into.subarray(0, length);
}
