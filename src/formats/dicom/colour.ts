/**
 * From stored colour samples to RGB: planes are interleaved, and YCbCr is converted, full range or that of video (PS3.3
 * C.7.6.3.1.2). Codecs of JPEG return RGB already.
 */
import type { StoredSamples } from './codecs.js';
import type { PixelFormat } from './pixelFormat.js';

/** Stored samples of colour frames have 8 bits. */
export function showColours(
  { values, planar, rgb }: StoredSamples,
  format: PixelFormat,
  converted: boolean,
): Uint8Array {
  const { rows, columns, photometric, coding } = format;
  const pixels = rows * columns;
  const ycbcr = !rgb && !converted && photometric.startsWith('YBR_');
  if (ycbcr && coding === 'native' && photometric.endsWith('_422')) {
    return toRgb(fromPairs(values, pixels), photometric === 'YBR_PARTIAL_422');
  }
  const samples = planar ? interleaved(values, pixels) : Uint8Array.from(values);
  return ycbcr && photometric.startsWith('YBR_FULL') ? toRgb(samples, false) : samples;
}

function interleaved(values: ArrayLike<number>, pixels: number): Uint8Array {
  const result = new Uint8Array(pixels * 3);
  for (let c = 0; c < 3; c++) for (let i = 0; i < pixels; i++) result[i * 3 + c] = values[c * pixels + i]!;
  return result;
}

/** Two pixels share Cb and Cr: Y, Y, Cb, Cr. */
function fromPairs(values: ArrayLike<number>, pixels: number): Uint8Array {
  const result = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const pair = (i >> 1) * 4;
    result[i * 3] = values[pair + (i & 1)]!;
    result[i * 3 + 1] = values[pair + 2]!;
    result[i * 3 + 2] = values[pair + 3]!;
  }
  return result;
}

/** Converts in place, rounding half up. */
function toRgb(samples: Uint8Array, video: boolean): Uint8Array {
  const black = video ? 16 : 0;
  const luma = video ? 255 / 219 : 1;
  const chroma = video ? 255 / 224 : 1;
  const byte = (value: number): number => Math.min(255, Math.max(0, Math.floor(value + 0.5)));
  for (let i = 0; i < samples.length; i += 3) {
    const y = (samples[i]! - black) * luma;
    const cb = (samples[i + 1]! - 128) * chroma;
    const cr = (samples[i + 2]! - 128) * chroma;
    samples[i] = byte(y + 1.402 * cr);
    samples[i + 1] = byte(y - 0.344136 * cb - 0.714136 * cr);
    samples[i + 2] = byte(y + 1.772 * cb);
  }
  return samples;
}
