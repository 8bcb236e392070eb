/** The chunks of a PNG file (PNG third edition, section 5), taken apart and put together. */
import { crc32 } from './zipArchiveCrc32.js';

export interface Chunk {
  readonly name: string;
  readonly data: Uint8Array;
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** The complete chunks whose checksums are right; what follows another one is not read. */
export function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let at = SIGNATURE.length; at + 12 <= bytes.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) return;
    yield { name: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), data: bytes.subarray(at + 8, end - 4) };
    at = end;
  }
}

/** A file of chunks, with checksums of 0: whoever reads it must not compare them. */
export function fileOfChunks(chunks: readonly Chunk[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { data }) => sum + 12 + data.length, SIGNATURE.length));
  bytes.set(SIGNATURE);
  let at = SIGNATURE.length;
  for (const { name, data } of chunks) {
    viewOf(bytes).setUint32(at, data.length);
    bytes.set(new TextEncoder().encode(name), at + 4);
    bytes.set(data, at + 8);
    at += 12 + data.length;
  }
  return bytes;
}

export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);
