/**
 * Sizes of JPEG, GIF and WebP pictures from their headers, so that a picture too large is refused before memory for
 * its pixels is taken, and whether there is more than one frame. It decodes nothing, and gives undefined where the
 * header is cut off or strange.
 */

export interface PictureHeader {
  readonly width: number;
  readonly height: number;
  /** Whether there are frames after the first. */
  readonly moving: boolean;
}

/** A segment of a JPEG file in front of its coded pixels. */
export interface JpegSegment {
  readonly marker: number;
  /** From the marker to the end of the segment. */
  readonly start: number;
  readonly end: number;
}

/** A chunk of a WebP file, from its name to its (even) end. */
export interface WebpChunk {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const START_OF_SCAN = 0xda;

/** The segments up to the one with the coded pixels, which is the last. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      // Markers may be preceded by any number of fill bytes.
      at++;
      continue;
    }
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    yield { marker, start: at, end };
    if (marker === START_OF_SCAN) return;
    at = end;
  }
}

export function jpegHeader(bytes: Uint8Array): PictureHeader | undefined {
  for (const { marker, start } of jpegSegments(bytes)) {
    // SOF0 to SOF15; DHT, JPG and DAC share their range.
    if (marker < 0xc0 || marker > 0xcf || marker === 0xc4 || marker === 0xc8 || marker === 0xcc) continue;
    if (start + 9 > bytes.length) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start);
    return { width: view.getUint16(7), height: view.getUint16(5), moving: false };
  }
  return undefined;
}

export function* webpChunks(bytes: Uint8Array): Generator<WebpChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 12;
  while (at + 8 <= bytes.length) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    yield { name: String.fromCharCode(...bytes.subarray(at, at + 4)), start: at, end };
    at = end;
  }
}

export function webpHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { name, start } of webpChunks(bytes)) {
    const data = start + 8;
    if (data + 10 > bytes.length) return undefined;
    if (name === 'VP8X') {
      const width = 1 + (view.getUint32(data + 4, true) & 0xffffff);
      const height = 1 + (view.getUint32(data + 6, true) >>> 8);
      return { width, height, moving: (bytes[data]! & 2) !== 0 };
    }
    if (name === 'VP8 ') {
      const [width, height] = [view.getUint16(data + 6, true) & 0x3fff, view.getUint16(data + 8, true) & 0x3fff];
      return { width, height, moving: false };
    }
    if (name === 'VP8L') {
      const bits = view.getUint32(data + 1, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff), moving: false };
    }
  }
  return undefined;
}

/** The screen that all frames are drawn on. */
export function gifHeader(bytes: Uint8Array): PictureHeader | undefined {
  if (bytes.length < 13) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint16(6, true), height: view.getUint16(8, true), moving: countGifFrames(bytes, 2) > 1 };
}

/** Counts to `most` at most. */
function countGifFrames(bytes: Uint8Array, most: number): number {
  const table = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let frames = 0;
  let at = 13 + table(bytes[10]!);
  while (at < bytes.length && frames < most) {
    const block = bytes[at];
    if (block === 0x21) at += 2;
    else if (block === 0x2c && at + 10 <= bytes.length) {
      frames++;
      at += 11 + table(bytes[at + 9]!);
    } else break;
    // Sub-blocks, each with its length in front; an empty one ends them.
    while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
    at++;
  }
  return frames;
}
