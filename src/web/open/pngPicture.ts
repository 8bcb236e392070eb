/**
 * PNG files in the page. fast-png decodes them rather than the browser, which blends alpha, applies gamma and colour
 * profiles and keeps 8 of 16 bits. The stored samples count, as on the command line (formats/image.ts).
 */
import { convertIndexedToRgb, decode, encode } from 'fast-png';
import { createImage, fromSamples, type Image, type SampleCount } from '../../formats/image.js';
import { checkSize, DEFAULT_LIMITS } from '../../formats/imageSource.js';
import type { Picture } from './imageContract.js';
import { corrupt } from './pictureErrors.js';

interface Chunk {
  readonly name: string;
  /** From its length to the end of its checksum. */
  readonly bytes: Uint8Array;
  readonly data: Uint8Array;
}

/** Chunks that make the pixels; tRNS is alpha, which is dropped, and all others say how to show them. */
const PIXEL_CHUNKS = ['IHDR', 'PLTE', 'IDAT', 'IEND'];

const SIGNATURE = 8;

/**
 * Resolutions that programs write without having measured anything: dots per inch of screens, printers and scanners.
 * A scanner's scale meets one of them only by chance. 25.4 is a millimetre a pixel, which libvips and sharp write.
 */
const HABITUAL_DPI = [
  25.4, 72, 90, 96, 100, 120, 144, 150, 180, 192, 200, 220, 240, 250, 288, 300, 350, 360, 400, 480, 600,
];

/** From the finest eye probe to a whole abdomen on a thumbnail. */
const BELIEVABLE_MM = { least: 0.005, most: 2 } as const;

/** A PNG file that is decoded when its pixels are asked for. */
export interface OpenPng extends Pick<Picture, 'spacingMm'> {
  readonly width: number;
  readonly height: number;
  /** @throws SamusError IMAGE_CORRUPT */
  pixels(): Image;
}

/** @throws SamusError IMAGE_TOO_LARGE, IMAGE_CORRUPT */
export function openPng(bytes: Uint8Array): OpenPng {
  const chunks = [...chunksOf(bytes)];
  const header = chunks[0];
  if (header?.name !== 'IHDR' || header.data.length !== 13) throw corrupt('the PNG header is missing');
  const view = new DataView(header.data.buffer, header.data.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  if (width === 0 || height === 0) throw corrupt('the PNG header names no pixels');
  checkSize('the picture', width, height, DEFAULT_LIMITS);
  const parts = chunks.filter(({ name }) => PIXEL_CHUNKS.includes(name)).map((chunk) => chunk.bytes);
  return {
    width,
    height,
    spacingMm: spacingOf(chunks.find(({ name }) => name === 'pHYs')?.data),
    pixels: () => pixelsOf(joined([bytes.subarray(0, SIGNATURE), ...parts])),
  };
}

/** A picture as a PNG file: lossless, packed fast rather than small, since it goes to this machine's server. */
export function encodePicture(image: Image): Uint8Array<ArrayBuffer> {
  const { width, height, channels, data } = image;
  return Uint8Array.from(encode({ width, height, channels, depth: 8, data }, { zlib: { level: 1 } }));
}

/**
 * Millimetres a pixel from a pHYs chunk: pixels per metre in x and y. Not believed: other units, resolutions that
 * programs write by habit, and scales that no ultrasound picture has.
 */
function spacingOf(data: Uint8Array | undefined): [x: number, y: number] | null {
  if (data?.length !== 9 || data[8] !== 1) return null;
  const view = new DataView(data.buffer, data.byteOffset);
  const [perMetreX, perMetreY] = [view.getUint32(0), view.getUint32(4)];
  const habitual = (perMetre: number): boolean => HABITUAL_DPI.some((dpi) => Math.abs(perMetre - dpi / 0.0254) <= 1);
  if (habitual(perMetreX) && habitual(perMetreY)) return null;
  const [x, y] = [1000 / perMetreX, 1000 / perMetreY];
  const believable = (mm: number): boolean => mm >= BELIEVABLE_MM.least && mm <= BELIEVABLE_MM.most;
  return believable(x) && believable(y) ? [x, y] : null;
}

function pixelsOf(bytes: Uint8Array): Image {
  try {
    const png = decode(bytes, { checkCrc: true });
    const { width, height, depth, data } = png;
    if (png.palette) {
      return fromSamples(width, height, 3, convertIndexedToRgb(png));
    }
    if (depth < 8) return createImage(width, height, 1, unpacked(data, width, height, depth));
    return fromSamples(
      width,
      height,
      sampleCount(png.channels),
      data instanceof Uint16Array ? data : Uint8Array.from(data),
    );
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error));
  }
}

function sampleCount(channels: number): SampleCount {
  if (channels === 1 || channels === 2 || channels === 3 || channels === 4) return channels;
  throw corrupt(`the PNG file has ${channels} channels`);
}

/** Grey of 1, 2 or 4 bits, rows padded to bytes, stretched to 0…255. */
function unpacked(packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = packed[y * stride + (bit >> 3)]!;
      grey[y * width + x] = (((byte >> (8 - depth - (bit & 7))) & most) * 255) / most;
    }
  }
  return grey;
}

function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = SIGNATURE;
  while (at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw corrupt('the PNG file is cut off');
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    yield { name, bytes: bytes.subarray(at, end), data: bytes.subarray(at + 8, end - 4) };
    if (name === 'IEND') return;
    at = end;
  }
  throw corrupt('the PNG file is cut off');
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
