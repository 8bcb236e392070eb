/**
 * Animated PNG (PNG third edition, chunks acTL, fcTL, fdAT): its frames, each decoded as a PNG file and drawn over those
 * before it. Runs everywhere: neither sharp nor fast-png decodes one frame at a time.
 */
import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import { createImage, type Image } from './image.js';
import { shownFor } from './imageHeader.js';
import { checkFrame, checkFrameCount, checkSize, type ImageLimits, type ImageSource } from './imageSource.js';
import { type Chunk, chunksOf, fileOfChunks, viewOf } from './pngChunks.js';

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly delayMs: number;
  /** What becomes of its place after it was shown: 0 stays, 1 becomes transparent, 2 becomes what it was before. */
  readonly dispose: number;
  /** Whether its alpha lets what is below shine through. */
  readonly over: boolean;
  /** Compressed pixels. */
  readonly data: Uint8Array[];
}

interface Animation {
  readonly width: number;
  readonly height: number;
  /** Data of IHDR after the size: depth, colour type and methods. */
  readonly coding: Uint8Array;
  /** PLTE and tRNS. */
  readonly colours: readonly Chunk[];
  readonly frames: readonly Frame[];
  /** Number of frames that the file states. */
  readonly stated: number;
}

const GREY_TYPES: readonly number[] = [0, 4];

/** Whether a PNG file states more than one frame. */
export function isApng(bytes: Uint8Array): boolean {
  // The chunk of an animation stands before the pixels.
  for (const { name, data } of chunksOf(bytes)) {
    if (name === 'acTL') return data.length >= 8 && viewOf(data).getUint32(0) > 1;
    if (name === 'IDAT') return false;
  }
  return false;
}

/**
 * Opens a file of several frames.
 * @param file `fail` makes the error for a damaged file
 * @throws SamusError IMAGE_TOO_LARGE, and what `fail` makes
 */
export function apngSource(
  bytes: Uint8Array,
  file: { readonly name: string; readonly format: string; fail(reason: string): Error },
  limits: Required<ImageLimits>,
): ImageSource {
  const animation = animationOf(bytes, limits.maxFrames + 1);
  if (!animation) throw file.fail('no frame is complete');
  const { width, height, frames, stated } = animation;
  checkSize(file.name, width, height, limits);
  checkFrameCount(file.name, frames.length, limits.maxFrames);
  const drawn = new Drawing(animation);
  const counted = { frames: frames.length, ...(stated > frames.length && { framesStated: stated }) };
  return {
    format: file.format,
    ...counted,
    width,
    height,
    lossy: false,
    timing: { delaysMs: frames.map(({ delayMs }) => delayMs) },
    spacingMm: () => undefined,
    async read(frame) {
      checkFrame(counted, frame, file.name);
      try {
        return drawn.frame(frame - 1);
      } catch (error) {
        throw file.fail(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

/** The picture at one frame, from which later ones are drawn. */
class Drawing {
  readonly #animation: Animation;
  #at = -1;
  #rgba: Uint8Array;
  /** What was below the frame, where it has to come back. */
  #below: Uint8Array | undefined;

  constructor(animation: Animation) {
    this.#animation = animation;
    this.#rgba = new Uint8Array(4 * animation.width * animation.height);
  }

  /** @param index from 0 */
  frame(index: number): Image {
    const { frames, width, height, coding } = this.#animation;
    if (index < this.#at) this.#at = -1;
    // Nothing of the frames before one that covers everything is seen.
    for (let i = index; i > this.#at; i--) {
      if (this.#covers(frames[i]!)) {
        this.#at = i - 1;
        this.#below = undefined;
        this.#rgba.fill(0);
        break;
      }
      if (i === 0) this.#rgba.fill(0);
    }
    while (this.#at < index) this.#draw(this.#at + 1);
    const channels = GREY_TYPES.includes(coding[1]!) ? 1 : 3;
    const data = new Uint8Array(width * height * channels);
    for (let i = 0, from = 0; i < data.length; i += channels, from += 4) {
      for (let c = 0; c < channels; c++) data[i + c] = this.#rgba[from + c]!;
    }
    return createImage(width, height, channels, data);
  }

  #covers({ x, y, width, height, over }: Frame): boolean {
    const { width: all, height: rows } = this.#animation;
    return !over && x === 0 && y === 0 && width === all && height === rows;
  }

  #draw(index: number): void {
    const { frames, width } = this.#animation;
    const before = index > 0 && this.#at === index - 1 ? frames[index - 1] : undefined;
    if (before?.dispose === 2 && this.#below) this.#rgba = this.#below;
    else if (before && before.dispose > 0) {
      for (let y = before.y; y < before.y + before.height; y++) {
        const from = 4 * (y * width + before.x);
        this.#rgba.fill(0, from, from + 4 * before.width);
      }
    }
    const frame = frames[index]!;
    // Below the first there is nothing to come back.
    this.#below = frame.dispose === 2 && index > 0 ? this.#rgba.slice() : undefined;
    const pixels = rgbaOf(this.#animation, frame);
    for (let y = 0, from = 0; y < frame.height; y++) {
      let to = 4 * ((frame.y + y) * width + frame.x);
      for (let x = 0; x < frame.width; x++, from += 4, to += 4) {
        if (frame.over && index > 0) blend(pixels, from, this.#rgba, to);
        else for (let c = 0; c < 4; c++) this.#rgba[to + c] = pixels[from + c]!;
      }
    }
    this.#at = index;
  }
}

/** A colour over one below it, neither multiplied by its alpha. */
function blend(pixels: Uint8Array, from: number, below: Uint8Array, to: number): void {
  const [top, bottom] = [pixels[from + 3]!, below[to + 3]!];
  if (top === 0) return;
  const rest = (bottom * (255 - top)) / 255;
  const alpha = top + rest;
  for (let c = 0; c < 3; c++) {
    const [front, back] = [pixels[from + c]!, below[to + c]!];
    below[to + c] = Math.round((front * top + back * rest) / alpha);
  }
  below[to + 3] = Math.round(alpha);
}

function rgbaOf({ coding, colours }: Animation, { width, height, data }: Frame): Uint8Array {
  const header = new Uint8Array(8 + coding.length);
  const view = viewOf(header);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set(coding, 8);
  const parts = [
    { name: 'IHDR', data: header },
    ...colours,
    ...data.map((one) => ({ name: 'IDAT', data: one })),
    { name: 'IEND', data: new Uint8Array() },
  ];
  // Checksums were compared when the file was taken apart.
  return toRgba(decode(fileOfChunks(parts), { checkCrc: false }));
}

function toRgba(png: DecodedPng): Uint8Array {
  const { width, height, depth, transparency, palette } = png;
  const samples = palette ? (palette[0]?.length ?? 3) : png.channels;
  const data = palette ? convertIndexedToRgb(png) : depth < 8 ? unpacked(png) : png.data;
  const shift = depth === 16 ? 8 : 0;
  const stretch = palette || depth >= 8 ? 1 : 255 / (2 ** depth - 1);
  const colours = samples < 3 ? 1 : 3;
  const key = !palette && transparency && transparency.length >= colours ? transparency : undefined;
  const rgba = new Uint8Array(4 * width * height);
  for (let i = 0, from = 0; i < rgba.length; i += 4, from += samples) {
    let isKey = key !== undefined;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (colours === 1 ? 0 : c)]!;
      rgba[i + c] = (value >> shift) * stretch;
      isKey &&= key?.[colours === 1 ? 0 : c] === value;
    }
    rgba[i + 3] = isKey ? 0 : samples % 2 === 0 ? data[from + samples - 1]! >> shift : 255;
  }
  return rgba;
}

/** Grey of 1, 2 or 4 bits; rows begin at whole bytes. */
function unpacked({ data, width, height, depth }: DecodedPng): Uint8Array {
  const stride = Math.ceil((width * depth) / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * stride + (bit >> 3)]!;
    return (byte >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
  });
}

/** Undefined if not one frame is complete. */
function animationOf(bytes: Uint8Array, most: number): Animation | undefined {
  const colours: Chunk[] = [];
  const frames: Frame[] = [];
  let [width, height, stated] = [0, 0, 1];
  let coding = new Uint8Array();
  // A frame is complete when the next one or the end of the file begins.
  let open: Frame | undefined;
  const close = (): void => {
    if (open && open.data.length > 0 && frames.length < most) frames.push(open);
    open = undefined;
  };
  for (const { name, data } of chunksOf(bytes)) {
    if (name === 'IHDR' && data.length === 13) {
      [width, height] = [viewOf(data).getUint32(0), viewOf(data).getUint32(4)];
      coding = data.slice(8);
    } else if (name === 'acTL' && data.length >= 8) stated = viewOf(data).getUint32(0);
    else if (name === 'PLTE' || name === 'tRNS') colours.push({ name, data });
    else if (name === 'fcTL') {
      close();
      open = frameOf(data, width, height);
      if (!open) break;
    } else if (name === 'IDAT') open?.data.push(data);
    else if (name === 'fdAT') open?.data.push(data.subarray(4));
    else if (name === 'IEND') close();
  }
  return frames.length === 0 ? undefined : { width, height, coding, colours, frames, stated };
}

/** Undefined for a frame that reaches out of the picture. */
function frameOf(data: Uint8Array, width: number, height: number): Frame | undefined {
  if (data.length < 26) return undefined;
  const view = viewOf(data);
  const [w, h, x, y] = [4, 8, 12, 16].map((at) => view.getUint32(at));
  if (!w || !h || x === undefined || y === undefined || x + w > width || y + h > height) return undefined;
  const [part, whole] = [view.getUint16(20), view.getUint16(22) || 100];
  return {
    ...{ x, y, width: w, height: h, delayMs: shownFor((1000 * part) / whole) },
    ...{ dispose: data[24]!, over: data[25] === 1, data: [] },
  };
}
