/**
 * Headers of JPEG and WebP files: size, number of frames, and how the samples are coded. They are read before anything is
 * decoded, so that too large an image is rejected before memory for its pixels is allocated. GIF has imageGif.ts, TIFF
 * imageTiff.node.ts.
 */
import type { ImageFacts } from './imageSource.js';

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
const LOSSLESS_JPEG = 'lossless JPEG';
/** Start of frame of JPEG-LS (ITU-T T.87). */
const SOF_JPEG_LS = 0xf7;

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

export function jpegFacts(bytes: Uint8Array): ImageFacts {
  const unread = unreadJpeg(bytes);
  const start = startOfFrame(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = start !== undefined && start + 9 <= bytes.length;
  const [width, height] = whole ? [view.getUint16(start + 7), view.getUint16(start + 5)] : [0, 0];
  return { width, height, frames: 1, lossy: unread !== LOSSLESS_JPEG, ...(unread !== undefined && { unread }) };
}

/** The coding of a JPEG file that decoders of JPEG do not read, or undefined for what they read. */
function unreadJpeg(bytes: Uint8Array): string | undefined {
  const start = startOfFrame(bytes);
  if (start === undefined || start + 5 > bytes.length) return undefined;
  const marker = bytes[start + 1]!;
  if (marker === SOF_JPEG_LS) return 'JPEG-LS';
  // The lowest two bits: 3 is lossless; bit 2: differential; bit 3: arithmetic coding.
  if ((marker & 3) === 3) return LOSSLESS_JPEG;
  if (marker > 0xc7) return 'JPEG with arithmetic coding';
  if (marker > 0xc3) return 'hierarchical JPEG';
  const bits = bytes[start + 4]!;
  return bits === 8 ? undefined : `JPEG of ${bits} bits`;
}

/** Where the segment that describes the frame begins. */
function startOfFrame(bytes: Uint8Array): number | undefined {
  for (const { marker, start } of jpegSegments(bytes)) {
    // SOF0 to SOF15; DHT, JPG and DAC share their range.
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame || marker === SOF_JPEG_LS) return start;
  }
  return undefined;
}

export function* webpChunks(bytes: Uint8Array, from = 12, until = bytes.length): Generator<WebpChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  while (at + 8 <= until) {
    const length = view.getUint32(at + 4, true);
    const end = at + 8 + length + (length % 2);
    yield { name: String.fromCharCode(...bytes.subarray(at, at + 4)), start: at, end };
    at = end;
  }
}

export function webpFacts(bytes: Uint8Array): ImageFacts {
  const facts = { width: 0, height: 0, frames: 1, ...webpSize(bytes), lossy: isLossyWebp(bytes) };
  return facts.frames > 1 ? { ...facts, delaysMs: webpDelays(bytes) } : facts;
}

function webpSize(bytes: Uint8Array): Pick<ImageFacts, 'width' | 'height' | 'frames'> | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { name, start } of webpChunks(bytes)) {
    const data = start + 8;
    if (data + 10 > bytes.length) return undefined;
    if (name === 'VP8X') {
      const width = 1 + (view.getUint32(data + 4, true) & 0xffffff);
      const height = 1 + (view.getUint32(data + 6, true) >>> 8);
      const moving = (bytes[data]! & 2) !== 0;
      return { width, height, frames: moving ? Math.max(1, webpDelays(bytes).length) : 1 };
    }
    if (name === 'VP8 ') {
      const [width, height] = [view.getUint16(data + 6, true) & 0x3fff, view.getUint16(data + 8, true) & 0x3fff];
      return { width, height, frames: 1 };
    }
    if (name === 'VP8L') {
      const bits = view.getUint32(data + 1, true);
      return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff), frames: 1 };
    }
  }
  return undefined;
}

/** Of each frame; its duration follows place and size, three bytes each. */
function webpDelays(bytes: Uint8Array): number[] {
  const delays: number[] = [];
  for (const { name, start } of webpChunks(bytes)) {
    if (name !== 'ANMF') continue;
    const at = start + 8 + 12;
    delays.push(shownFor((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)));
  }
  return delays;
}

/** Browsers show a frame of at most 10 ms for 100 ms. */
export const shownFor = (ms: number): number => (ms <= 10 ? 100 : ms);

/** Whether any picture of a WebP file is coded with loss. */
function isLossyWebp(bytes: Uint8Array): boolean {
  for (const { name, start, end } of webpChunks(bytes)) {
    if (name === 'VP8 ') return true;
    if (name !== 'ANMF') continue;
    // 16 bytes of place and duration, then the chunks of the picture.
    for (const inner of webpChunks(bytes, start + 24, Math.min(end, bytes.length)))
      if (inner.name === 'VP8 ') return true;
  }
  return false;
}
