/**
 * Images that the browser decodes: JPEG, WebP and GIF. Orientation and colour profile are removed first, because not
 * every browser can ignore them. Points are in pixels of the image as stored, and grey values stay as the scanner wrote
 * them.
 */
import { createImage, type Image } from '../../formats/image.js';
import type { KnownFormat } from '../../formats/imageSource.js';
import { corrupt, onlyFirstFrame } from './pictureErrors.js';

/** APP1 holds EXIF, APP2 colour profiles, APP13 editors' notes. APP0 and APP14 say how the colours are coded. */
const LEFT_OUT_SEGMENTS = [0xe1, 0xe2, 0xed];

/** Bits of VP8X for the chunks that are left out. */
const LEFT_OUT_CHUNKS = new Map([
  ['ICCP', 0x20],
  ['EXIF', 0x08],
  ['XMP ', 0x04],
]);

/** The parts of a file without its orientation, colour profile, and transparency of its first frame, by the id of the format. */
const STRIPPED: Readonly<Record<string, (bytes: Uint8Array) => Promise<Uint8Array[]>>> = {
  jpeg: strippedJpeg,
  webp: strippedWebp,
  gif: async (bytes) => [(await import('../../formats/imageGif.js')).withOpaqueFirstFrame(bytes)],
};

/** A file that the browser decodes. Of an animation the decoder stays, since frames are drawn over those before them. */
export class BrowserPicture {
  #decoder: Promise<ImageDecoder> | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly format: KnownFormat,
    private readonly frames: number,
  ) {}

  /**
   * @param frame from 1
   * @throws SamusError IMAGE_CORRUPT if the browser cannot decode it, IMAGE_FRAME_BROWSER for a later frame where the browser
   *   decodes only the first
   */
  async decode(frame: number): Promise<Image> {
    // Typed as always there, but not in an insecure context, nor in every browser.
    const Decoder: typeof ImageDecoder | undefined = globalThis.ImageDecoder;
    if (frame > 1 && !Decoder) throw onlyFirstFrame();
    try {
      if (this.frames === 1 || !Decoder) return await this.#decodeStill();
      this.#decoder ??= this.#startDecoder(Decoder);
      const { image } = await (await this.#decoder).decode({ frameIndex: frame - 1 });
      try {
        return pixelsOf(image, image.displayWidth, image.displayHeight);
      } finally {
        image.close();
      }
    } catch (error) {
      throw corrupt(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    void this.#decoder?.then((decoder) => decoder.close()).catch(() => undefined);
    this.#decoder = undefined;
  }

  async #startDecoder(Decoder: typeof ImageDecoder): Promise<ImageDecoder> {
    const blob = await this.#stripped();
    return new Decoder({ data: await blob.arrayBuffer(), type: blob.type, colorSpaceConversion: 'none' });
  }

  async #decodeStill(): Promise<Image> {
    const bitmap = await createImageBitmap(await this.#stripped(), {
      colorSpaceConversion: 'none',
      premultiplyAlpha: 'none',
    });
    try {
      return pixelsOf(bitmap, bitmap.width, bitmap.height);
    } finally {
      bitmap.close();
    }
  }

  /** Without orientation and colour profile. */
  async #stripped(): Promise<Blob> {
    const parts = (await STRIPPED[this.format.id]?.(this.bytes)) ?? [this.bytes];
    return new Blob(
      parts.map((part) => Uint8Array.from(part)),
      { type: this.format.mimeTypes?.[0] ?? '' },
    );
  }
}

/** Grey if every pixel is: a third of the memory, and of what the server's engine is sent. */
function pixelsOf(bitmap: ImageBitmap | VideoFrame, width: number, height: number): Image {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('the browser gave no canvas');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const channels = isGrey(data) ? 1 : 3;
  const samples = new Uint8Array(width * height * channels);
  for (let i = 0, from = 0; i < samples.length; i += channels, from += 4) {
    for (let c = 0; c < channels; c++) samples[i + c] = data[from + c]!;
  }
  return createImage(width, height, channels, samples);
}

function isGrey(rgba: Uint8ClampedArray): boolean {
  for (let i = 0; i < rgba.length; i += 4) {
    if (rgba[i] !== rgba[i + 1] || rgba[i] !== rgba[i + 2]) return false;
  }
  return true;
}

async function strippedJpeg(bytes: Uint8Array): Promise<Uint8Array[]> {
  const { jpegSegments } = await import('../../formats/imageHeader.js');
  const parts = [bytes.subarray(0, 2)];
  let rest = 2;
  for (const { marker, start, end } of jpegSegments(bytes)) {
    if (!LEFT_OUT_SEGMENTS.includes(marker)) parts.push(bytes.subarray(start, end));
    rest = end;
  }
  return [...parts, bytes.subarray(rest)];
}

async function strippedWebp(bytes: Uint8Array): Promise<Uint8Array[]> {
  const { webpChunks } = await import('../../formats/imageHeader.js');
  const chunks = [...webpChunks(bytes)];
  const kept = chunks.filter(({ name }) => !LEFT_OUT_CHUNKS.has(name));
  if (kept.length === chunks.length) return [bytes];
  const parts = kept.map(({ name, start, end }) => {
    const chunk = bytes.slice(start, end);
    if (name === 'VP8X') for (const bit of LEFT_OUT_CHUNKS.values()) chunk[8] = chunk[8]! & ~bit;
    return chunk;
  });
  const head = bytes.slice(0, 12);
  new DataView(head.buffer).setUint32(4, 4 + parts.reduce((length, part) => length + part.length, 0), true);
  return [head, ...parts];
}
