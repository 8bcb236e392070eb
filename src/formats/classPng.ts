/**
 * Class indices (0 background, 1, 2, …) as PNG, the form of labels in the US30K layout, wherever bytes are: in a
 * browser a canvas would change the values. Pictures are not read here (imageFile.node.ts on Node).
 */
import { type DecodedPng, decode, encode } from 'fast-png';
import { SamusError } from '../errors.js';
import { maskInAlpha } from './image.js';
import { type FileFormat, SNIFF_BYTES, sniffFormat } from './imageFormat.js';
import { checkSize, DEFAULT_LIMITS } from './imageSource.js';

/** A class for each pixel, row-major. */
export interface ClassMap {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
}

/** Where a PNG file says how large it is: after its signature and the name of its first chunk. */
const SIZE_AT = 16;

/**
 * PNG bytes, 8 bits grey, a pixel's value being its class.
 * @param classes row-major, width · height values
 * @throws SamusError CLASS_PNG_SIZE if the sizes do not fit
 */
export function encodeClassPng(classes: Uint8Array, width: number, height: number): Uint8Array {
  if (!(width > 0 && height > 0) || classes.length !== width * height) {
    throw new SamusError(
      'CLASS_PNG_SIZE',
      `expected classes of ${width}x${height} pixels, got ${classes.length} values`,
      'give width * height values',
      { width, height, values: classes.length },
    );
  }
  return encode({ width, height, channels: 1, depth: 8, data: classes });
}

/**
 * The classes in PNG bytes: the stored values of grey files of any depth, the indices of files with a palette. Colour
 * files are read if red, green and blue are the same everywhere. Alpha counts only where the colours do not: if all pixels
 * have one colour, it is the mask ({@link maskInAlpha}). A mask drawn in 0 and 255 gives
 * the classes 0 and 255: what these mean is for the caller to say.
 * @throws SamusError IMAGE_FORMAT if it is no PNG, IMAGE_TOO_LARGE, IMAGE_CORRUPT, CLASS_PNG_COLOURS for a file of
 *   colours or of values over 255
 */
export function decodeClassPng(bytes: Uint8Array): ClassMap {
  const format = sniffFormat(bytes.subarray(0, SNIFF_BYTES));
  if (format?.id !== 'png' || bytes.length < SIZE_AT + 8) throw notPng(format);
  const header = new DataView(bytes.buffer, bytes.byteOffset + SIZE_AT, 8);
  const [width, height] = [header.getUint32(0), header.getUint32(4)];
  checkSize('the label', width, height, DEFAULT_LIMITS);
  const png = decodePng(bytes);
  const classes = png.depth < 8 ? unpacked(png) : singleChannel(png);
  return { width: png.width, height: png.height, classes };
}

function decodePng(bytes: Uint8Array): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError('IMAGE_CORRUPT', `cannot read the PNG file: ${reason}`, 'copy or export the file again');
  }
}

/** Samples of 1, 2 or 4 bits; rows begin at whole bytes. */
function unpacked({ data, width, height, depth }: DecodedPng): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  const classes = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth;
      classes[i] = (data[y * stride + (bit >> 3)]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return classes;
}

/** The one value of each pixel. @throws SamusError CLASS_PNG_COLOURS */
function singleChannel({ data, width, height, channels, palette }: DecodedPng): Uint8Array {
  const samples = palette ? 1 : channels;
  const alpha = samples === 2 || samples === 4 ? maskInAlpha(samples, data) : undefined;
  if (alpha) return alpha;
  const classes = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < classes.length; i++, at += samples) {
    const value = data[at]!;
    const grey = samples < 3 || (data[at + 1] === value && data[at + 2] === value);
    if (value > 255 || !grey) throw noClasses(value > 255 ? 'values over 255' : 'colours');
    classes[i] = value;
  }
  return classes;
}

function notPng(format: FileFormat | undefined): SamusError {
  return new SamusError(
    'IMAGE_FORMAT',
    `expected a label image as PNG, got ${format === undefined || format.id === 'png' ? 'something else' : `a file of type ${format.title}`}`,
    'save the label as PNG: other formats may change its values',
  );
}

function noClasses(what: string): SamusError {
  return new SamusError(
    'CLASS_PNG_COLOURS',
    `expected a label image of class indices, got ${what}`,
    'save it as 8-bit grey or with a palette, 0 being the background',
  );
}
