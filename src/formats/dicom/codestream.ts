/**
 * Reads the headers of compressed frames before a decoder runs: size, components and precision must be those of the
 * data set, because decoders take minutes or wrong memory for headers that were changed. RLE is decoded here, too
 * (PS3.5 annex G).
 */
import { damagedPixels, type PixelFormat } from './pixelFormat.js';

/** What a frame must decode to. */
export interface FrameShape {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits of a sample; above 8, decoders return two bytes for each. */
  readonly precision: number;
}

interface JpegHeader extends FrameShape {
  /** The marker of the frame header, SOF. */
  readonly kind: number;
  readonly subsampled: boolean;
  /** Whether JFIF, Adobe's marker or the names of components decide about colours. */
  readonly colourMarked: boolean;
  /** Markers before the first scan. */
  readonly before: ReadonlySet<number>;
  /** Where the first scan begins. */
  readonly scan: number;
}

const SOI = 0xd8;
const [DHT, SOS, DQT] = [0xc4, 0xda, 0xdb];
const ADOBE_RGB = Uint8Array.of(0xff, 0xee, 0, 14, 65, 100, 111, 98, 101, 0, 100, 0, 0, 0, 0, 0);

/**
 * The header of JPEG, lossless JPEG or JPEG-LS.
 * @param kinds the markers of frame headers that the transfer syntax allows
 * @throws SamusError DICOM_PIXELS_DAMAGED, DICOM_CODEC for 12-bit JPEG
 */
export function checkJpeg(bytes: Uint8Array, format: PixelFormat, kinds: readonly number[]): JpegHeader {
  const header = jpegHeader(bytes);
  if (!header || !kinds.includes(header.kind)) throw damagedPixels('expected a JPEG frame of its transfer syntax');
  if (format.coding === 'jpeg' && header.precision > 8) {
    throw damagedPixels(`expected JPEG of 8 bits, got ${header.precision} bits`, 'DICOM_CODEC');
  }
  if (format.coding !== 'jpeg' && header.subsampled) throw damagedPixels('expected components of one size');
  checkShape(header, format);
  checkParts(bytes, header, format);
  return header;
}

/**
 * Decoders make up what is missing: tables, and whatever lies behind a cut. CharLS takes seconds to find no end.
 * libjpeg-turbo refuses frames that are cut off.
 */
function checkParts(bytes: Uint8Array, { before, scan }: JpegHeader, { coding }: PixelFormat): void {
  if (coding !== 'jpegls' && !before.has(DHT))
    throw damagedPixels('expected a Huffman table (DHT) before the scan, got none');
  if (coding === 'jpeg' && !before.has(DQT))
    throw damagedPixels('expected a quantisation table (DQT) before the scan, got none');
  if (coding !== 'jpeg' && !hasEnd(bytes, scan))
    throw damagedPixels('expected the end of a JPEG frame (EOI), got none');
}

/** Whether there is a marker for the end. Within scans 255 is followed by 0, in JPEG-LS by less than 128. */
function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let at = bytes.length - 2; at >= from; at--) if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  return false;
}

function jpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Omit<JpegHeader, 'before' | 'scan'> | undefined;
  let marked = false;
  const before = new Set<number>();
  let at = 2;
  for (; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === SOS) {
      return (
        header && { ...header, colourMarked: header.colourMarked || marked || header.subsampled, before, scan: at }
      );
    }
    before.add(marker);
    const length = view.getUint16(at + 2);
    if (length < 2 || at + 2 + length > bytes.length) return undefined;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 4 + Math.min(5, length - 2)));
    // Shorter ones decoders ignore.
    if (marker === 0xe0 && name === 'JFIF\0' && length >= 16) marked = true;
    if (marker === 0xee && name === 'Adobe' && length >= 14) marked = true;
    const frame = (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7;
    if (frame) {
      // A second frame header would be one that was not checked.
      if (header || length < 8) return undefined;
      const components = bytes[at + 9]!;
      if (length !== 8 + 3 * components) return undefined;
      const parts = Array.from({ length: components }, (_, i) => bytes.subarray(at + 10 + i * 3, at + 13 + i * 3));
      header = {
        kind: marker,
        precision: bytes[at + 4]!,
        height: view.getUint16(at + 5),
        width: view.getUint16(at + 7),
        components,
        subsampled: parts.some((part) => part[1] !== parts[0]?.[1]),
        colourMarked: String.fromCharCode(...parts.map(([id]) => id!)) === 'RGB',
      };
    }
    at += 2 + length;
  }
  return undefined;
}

/** Marks a JPEG frame as RGB. Without a marker, decoders take three components for YCbCr. */
export function markRgb(bytes: Uint8Array): Uint8Array {
  const marked = new Uint8Array(bytes.length + ADOBE_RGB.length);
  marked.set(bytes.subarray(0, 2));
  marked.set(ADOBE_RGB, 2);
  marked.set(bytes.subarray(2), 2 + ADOBE_RGB.length);
  return marked;
}

/** Most tiles of a frame, the limit of JPEG 2000. */
const MOST_TILES = 65_535;

/**
 * The codestream of JPEG 2000 or HTJ2K, without the boxes of JP2 around it.
 * @throws SamusError DICOM_PIXELS_DAMAGED
 */
export function checkJpeg2000(bytes: Uint8Array, format: PixelFormat) {
  const stream = bytes.subarray(codestreamStart(bytes));
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  if (stream.length < 42 || view.getUint32(0) !== 0xff4fff51) throw damagedPixels('expected a JPEG 2000 codestream');
  const [x1, y1, x0, y0, tileX, tileY, tileX0, tileY0] = Array.from({ length: 8 }, (_, i) => view.getUint32(8 + i * 4));
  const components = view.getUint16(40);
  const parts = Array.from({ length: Math.min(components, 4) }, (_, i) => stream.subarray(42 + i * 3, 45 + i * 3));
  const depth = parts[0]?.[0] ?? 0;
  const whole = parts.every(([bits, dx, dy]) => bits === depth && dx === 1 && dy === 1);
  if (!whole) throw damagedPixels('expected components of one size and depth');
  const tiles = Math.ceil((x1! - tileX0!) / tileX!) * Math.ceil((y1! - tileY0!) / tileY!);
  if (!(tiles >= 1 && tiles <= MOST_TILES)) throw damagedPixels('expected tiles that cover the frame');
  const shape = { width: x1! - x0!, height: y1! - y0!, components, precision: (depth & 0x7f) + 1 };
  checkShape(shape, format);
  checkTileParts(stream, view);
  return { ...shape, stream, signed: depth > 0x7f, mixesComponents: mixesComponents(stream, view) };
}

const [SOT, END] = [0xff90, 0xffd9];

/**
 * Whether the parts of tiles fill the stream: decoders of HTJ2K show what is there of a stream that is cut off.
 * Nothing in a stream shows damage within a part.
 */
function checkTileParts(stream: Uint8Array, view: DataView): void {
  let at = 2;
  while (at + 4 <= stream.length && view.getUint16(at) !== SOT) at += 2 + view.getUint16(at + 2);
  while (at + 12 <= stream.length && view.getUint16(at) === SOT) {
    const length = view.getUint32(at + 6);
    // The last part may leave its length to the end marker.
    if (length === 0 && hasEnd(stream, at)) return;
    if (length < 14) break;
    at += length;
    // Some encoders leave out the end marker.
    if (at === stream.length || (at === stream.length - 1 && stream[at] === 0)) return;
  }
  if (at + 2 <= stream.length && view.getUint16(at) === END) return;
  throw damagedPixels('expected all parts of a JPEG 2000 codestream, got fewer');
}

/** A JPEG 2000 codestream of signed samples as one of unsigned samples, whose values are half of the range higher. */
export function asUnsigned(stream: Uint8Array, components: number): Uint8Array {
  const copy = Uint8Array.from(stream);
  for (let i = 0; i < components; i++) copy[42 + i * 3]! &= 0x7f;
  return copy;
}

/** Behind the boxes of a JP2 file. */
function codestreamStart(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(4) !== 0x6a502020) return 0;
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (view.getUint32(at + 4) === 0x6a703263) return at + 8;
    if (length < 8) break;
    at += length;
  }
  return 0;
}

/** Whether COD states a transform of colours, which decoders undo. */
function mixesComponents(stream: Uint8Array, view: DataView): boolean {
  for (let at = 2; at + 4 <= stream.length && stream[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    if (stream[at + 1] === 0x52) return stream[at + 8] === 1;
    if (stream[at + 1] === 0x90) break;
  }
  return false;
}

function checkShape({ width, height, components, precision }: FrameShape, format: PixelFormat): void {
  const same = width === format.columns && height === format.rows && components === format.samples;
  if (same && precision >= 2 && precision <= format.bitsAllocated) return;
  throw damagedPixels(
    `expected a frame of ${format.columns}x${format.rows}, ${format.samples} component(s) and at most ` +
      `${format.bitsAllocated} bits, got ${width}x${height}, ${components} and ${precision}`,
  );
}

/**
 * Decodes a frame of RLE to planes of samples in little endian.
 * @throws SamusError DICOM_PIXELS_DAMAGED
 */
export function decodeRunLengths(
  bytes: Uint8Array,
  { rows, columns, samples, bitsAllocated }: PixelFormat,
): Uint8Array {
  const pixels = rows * columns;
  const width = bitsAllocated / 8;
  const segments = samples * width;
  if (bytes.length < 64) throw damagedPixels('expected 64 bytes of an RLE header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = view.getUint32(0, true);
  if (stated !== segments) throw damagedPixels(`expected ${segments} RLE segment(s), got ${stated}`);
  const starts = Array.from({ length: segments }, (_, i) => view.getUint32(4 + i * 4, true));
  const ends = [...starts.slice(1), bytes.length];
  const result = new Uint8Array(pixels * segments);
  for (const [i, start] of starts.entries()) {
    const end = ends[i]!;
    if (start < 64 || (i === 0 && start > 64) || start > end || end > bytes.length)
      throw damagedPixels('expected RLE offsets that rise');
    // The high byte of each sample is first.
    const sample = Math.floor(i / width);
    unpack(bytes.subarray(start, end), result, {
      from: sample * pixels * width + (width - 1 - (i % width)),
      step: width,
      count: pixels,
    });
  }
  return result;
}

function unpack(
  segment: Uint8Array,
  result: Uint8Array,
  { from, step, count }: { readonly from: number; readonly step: number; readonly count: number },
): void {
  let done = 0;
  for (let at = 0; done < count; ) {
    if (at + 1 >= segment.length) throw damagedPixels('expected more bytes of an RLE segment');
    const control = segment[at]!;
    at += 1;
    if (control === 128) continue;
    const literal = control < 128;
    const length = literal ? control + 1 : 257 - control;
    if (done + length > count || (literal && at + length > segment.length)) {
      throw damagedPixels('expected an RLE run within its segment');
    }
    for (let i = 0; i < length; i++) result[from + (done + i) * step] = segment[literal ? at + i : at]!;
    at += literal ? length : 1;
    done += length;
  }
}
