/**
 * Reads Windows and OS/2 bitmaps (BMP): 1, 4, 8 bits with a palette, 16, 24 and 32 bits, run-length coded or not.
 *
 * It is here because sharp's binaries have no BMP and the libraries on npm lose data: of fast-bmp 4.0 and bmp-ts 1.0
 * the first ignores palettes and top-down files, the second misplaces run-length coded and odd-width 4-bit rows.
 * Not read: bitmaps that wrap JPEG or PNG, 2 bits a pixel, CMYK.
 */
import { SamusError } from '../errors.js';
import { createImage, type Image } from './image.js';
import { checkSize, type ImageFile, type ImageLimits, type ImageSource, stillSource } from './imageSource.js';

/** What the headers of a bitmap say. */
interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels start in the file. */
  readonly offset: number;
  /** Red, green, blue of each entry. */
  readonly palette: readonly (readonly [number, number, number])[];
  /** Bit masks of red, green and blue for 16 and 32 bits. */
  readonly masks: readonly [number, number, number];
}

const UNCOMPRESSED = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

/** Which bits a pixel each compression goes with. */
const ALLOWED = new Map<number, readonly number[]>([
  [UNCOMPRESSED, [1, 4, 8, 16, 24, 32]],
  [RLE8, [8]],
  [RLE4, [4]],
  [BITFIELDS, [16, 32]],
  [ALPHA_BITFIELDS, [16, 32]],
]);

/** Opens a bitmap. @throws SamusError IMAGE_CORRUPT, IMAGE_FORMAT, IMAGE_TOO_LARGE */
export async function bmpSource(file: ImageFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const bytes = await file.bytes();
  const header = readBmpHeader(bytes);
  const { width, height } = header;
  checkSize(file.name, width, height, limits);
  return stillSource({ format: file.format.id, width, height, lossy: false }, () => decodeBmp(bytes, header));
}

/**
 * The headers and the palette; nothing of the size of the picture is allocated.
 * @throws SamusError IMAGE_CORRUPT if the headers are cut off or contradict themselves, IMAGE_FORMAT for a kind of bitmap that is not read
 */
function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) throw corrupt('its header is cut off');
  const size = view.getUint32(14, true);
  const os2 = size === 12;
  if (!os2 && size < 40) throw unsupported(`a header of ${size} bytes`);
  if (bytes.length < 14 + size) throw corrupt('its header is cut off');
  const width = os2 ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = os2 ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(os2 ? 24 : 28, true);
  const compression = os2 ? UNCOMPRESSED : view.getUint32(30, true);
  if (width <= 0 || rows === 0) throw corrupt(`its header gives ${width}x${Math.abs(rows)} pixels`);
  if (!ALLOWED.get(compression)?.includes(bits)) {
    throw unsupported(`${bits} bits a pixel with compression ${compression}`);
  }
  let end = 14 + size;
  let masks: [number, number, number] = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  if (compression === BITFIELDS || compression === ALPHA_BITFIELDS) {
    if (bytes.length < 66) throw corrupt('its header is cut off');
    masks = [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)];
    if (masks.includes(0)) throw unsupported('an empty colour mask');
    // The short header has its masks behind it, the later ones inside.
    if (size === 40) end += compression === BITFIELDS ? 12 : 16;
  }
  const offset = view.getUint32(10, true);
  return {
    width,
    height: Math.abs(rows),
    topDown: rows < 0,
    bits,
    compression,
    offset,
    palette: bits > 8 ? [] : readPalette(bytes, end, bits, os2 ? 0 : view.getUint32(46, true), os2 ? 3 : 4),
    masks,
  };
}

/**
 * The pixels of a bitmap: grey if every colour of its palette is grey, else RGB; a fourth channel is dropped.
 * Check the size in `header` against your limits first: memory for it is taken at once.
 * @throws SamusError IMAGE_CORRUPT if pixels are missing
 */
function decodeBmp(bytes: Uint8Array, header: BmpHeader): Image {
  const { width, height, bits, compression } = header;
  if (bits > 8) return createImage(width, height, 3, directColours(bytes, header));
  const indices = compression === UNCOMPRESSED ? packedIndices(bytes, header) : runLengths(bytes, header);
  const grey = header.palette.every(([red, green, blue]) => red === green && green === blue);
  const channels = grey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < indices.length; i++) {
    const colour = header.palette[indices[i]!];
    if (!colour) throw corrupt(`pixel ${i} has colour ${indices[i]} of a palette of ${header.palette.length}`);
    for (let c = 0; c < channels; c++) data[i * channels + c] = colour[c]!;
  }
  return createImage(width, height, channels, data);
}

function readPalette(bytes: Uint8Array, at: number, bits: number, used: number, stride: 3 | 4): BmpHeader['palette'] {
  const count = used === 0 ? 1 << bits : used;
  if (count > 256) throw corrupt(`its palette has ${count} colours`);
  if (bytes.length < at + count * stride) throw corrupt('its palette is cut off');
  return Array.from({ length: count }, (_, i) => {
    const entry = at + i * stride;
    return [bytes[entry + 2]!, bytes[entry + 1]!, bytes[entry]!] as const;
  });
}

/** Where the row `y`, counted from the top, starts in a file of unpacked rows, each padded to four bytes. */
function rowStart(bytes: Uint8Array, header: BmpHeader, y: number): number {
  const stride = Math.ceil((header.width * header.bits) / 32) * 4;
  const stored = header.topDown ? y : header.height - 1 - y;
  const start = header.offset + stored * stride;
  if (start + Math.ceil((header.width * header.bits) / 8) > bytes.length) throw corrupt('its pixels are cut off');
  return start;
}

function packedIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits } = header;
  rowStart(bytes, header, header.topDown ? height - 1 : 0);
  const indices = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = rowStart(bytes, header, y);
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[y * width + x] = (bytes[start + (bit >> 3)]! >> (8 - bits - (bit & 7))) & ((1 << bits) - 1);
    }
  }
  return indices;
}

function directColours(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits, masks } = header;
  rowStart(bytes, header, header.topDown ? height - 1 : 0);
  const step = bits / 8;
  const shifts = masks.map((mask) => 31 - Math.clz32(mask & -mask));
  const tops = masks.map((mask, c) => mask >>> shifts[c]!);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    let from = rowStart(bytes, header, y);
    for (let i = y * width * 3; i < (y + 1) * width * 3; i += 3, from += step) {
      let pixel = bytes[from]! | (bytes[from + 1]! << 8);
      if (bits > 16) pixel |= bytes[from + 2]! << 16;
      if (bits > 24) pixel |= bytes[from + 3]! << 24;
      for (let c = 0; c < 3; c++) {
        data[i + c] = Math.trunc((((pixel & masks[c]!) >>> shifts[c]!) * 255) / tops[c]!);
      }
    }
  }
  return data;
}

/** RLE8 and RLE4: pairs of a count and a colour; a zero count escapes to line end, picture end, a jump or plain pixels. */
function runLengths(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits } = header;
  const indices = new Uint8Array(width * height);
  let at = header.offset;
  let x = 0;
  let y = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw corrupt('its pixels are cut off');
    return byte;
  };
  const put = (index: number): void => {
    // Pixels beyond the row are ignored; the file determines where the row ends.
    if (x < width && y < height) indices[(header.topDown ? y : height - 1 - y) * width + x] = index;
    x++;
  };
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
    } else if (value === 0) {
      x = 0;
      y++;
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      y += next();
    } else {
      const start = at;
      for (let i = 0, byte = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte = next();
        put(bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15);
      }
      // Plain pixels end on an even byte.
      if ((at - start) % 2 === 1) at++;
    }
  }
  return indices;
}

function corrupt(why: string): SamusError {
  return new SamusError('IMAGE_CORRUPT', `expected a complete BMP image, but ${why}`, 'copy or export the image again');
}

function unsupported(what: string): SamusError {
  return new SamusError('IMAGE_FORMAT', `expected a supported BMP image, got ${what}`, 'save the image as PNG');
}
