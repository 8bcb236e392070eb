/** Copies an image to a canvas of the same size, in strips, so that the page stays responsive. */
import type { Image } from '../../formats/image.js';

/** About 10 ms of work. */
const STRIP_PIXELS = 1 << 20;

/** @throws the signal's reason, if another image is opened in the meantime */
export async function pictureCanvas(
  { width, height, channels, data }: Image,
  signal: AbortSignal,
): Promise<OffscreenCanvas> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { alpha: false })!;
  const rows = Math.max(1, Math.floor(STRIP_PIXELS / width));
  for (let top = 0; top < height; top += rows) {
    if (top > 0) await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
    const strip = new ImageData(width, Math.min(rows, height - top));
    const pixels = new Uint32Array(strip.data.buffer);
    let from = top * width * channels;
    // Little endian: red is the lowest byte.
    if (channels === 1) for (let i = 0; i < pixels.length; i++) pixels[i] = (data[from++]! * 0x010101) | 0xff000000;
    else {
      for (let i = 0; i < pixels.length; i++, from += 3) {
        pixels[i] = data[from]! | (data[from + 1]! << 8) | (data[from + 2]! << 16) | 0xff000000;
      }
    }
    context.putImageData(strip, 0, top);
  }
  return canvas;
}
