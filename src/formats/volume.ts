/**
 * Pictures of any number of dimensions as scientific formats hold them: numbers of some type, a size and a spacing.
 * The readers are nifti.ts and metaImage.ts; what is here is common to both.
 */
import { SamusError } from '../errors.js';
import { createImage, type Image } from './image.js';
import {
  checkFrame,
  checkFrameCount,
  checkSize,
  type ImageLimits,
  type ImageSource,
  type Purpose,
} from './imageSource.js';

export type VolumeSamples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Numbers on a grid; the first dimension runs fastest. */
export interface Volume {
  /** Samples along x, y, z, …; at least two. */
  readonly size: readonly number[];
  /** Millimetres between samples along each dimension, as far as the file says. */
  readonly spacingMm: readonly number[];
  /** Interleaved samples of a point: 1, or 3 for red, green, blue. */
  readonly channels: number;
  readonly samples: VolumeSamples;
}

/** Most bytes of samples that are read: a few bytes of header can ask for any amount of memory. */
export const MAX_VOLUME_BYTES = 1e9;

/** Sample types by the name that this project gives them. */
const TYPES = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;
export type SampleType = keyof typeof TYPES;

export const sampleBytes = (type: SampleType): number => TYPES[type].BYTES_PER_ELEMENT;

/**
 * Samples of a file as numbers of this machine.
 * @param bytes at least as many as the samples take; not changed
 * @throws SamusError VOLUME_CORRUPT if there are fewer, VOLUME_TOO_LARGE
 */
export function volumeSamples(
  bytes: Uint8Array,
  type: SampleType,
  count: number,
  littleEndian: boolean,
  name: string,
): VolumeSamples {
  const Samples = TYPES[type];
  const length = count * Samples.BYTES_PER_ELEMENT;
  if (length > MAX_VOLUME_BYTES) {
    const message = `expected at most ${MAX_VOLUME_BYTES} bytes of samples in ${name}, its header asks for ${length}`;
    throw new SamusError('VOLUME_TOO_LARGE', message, 'cut the volume to the part that matters', { length });
  }
  if (bytes.length < length) {
    const message = `expected ${length} bytes of samples in ${name}, got ${bytes.length}`;
    throw new SamusError('VOLUME_CORRUPT', message, 'copy or export the file again', {
      expected: length,
      came: bytes.length,
    });
  }
  // A copy: a typed array must begin at a multiple of its element's size, and bytes may have to change places.
  // Not `slice`, which on Node's buffers gives a view.
  const copy = new Uint8Array(bytes.subarray(0, length));
  if (!littleEndian) reverseElements(copy, Samples.BYTES_PER_ELEMENT);
  const samples = new Samples(copy.buffer, 0, count);
  // Numbers, as all others: whole ones up to 2^53 stay exact.
  return samples instanceof BigInt64Array || samples instanceof BigUint64Array
    ? Float64Array.from(samples, Number)
    : samples;
}

/** Number of samples, or an error for a size that makes no sense. @throws SamusError VOLUME_FORMAT */
export function sampleCount(size: readonly number[], channels: number, name: string): number {
  const count = size.reduce((product, side) => product * side, channels);
  if (size.length >= 2 && size.every((side) => Number.isInteger(side) && side > 0) && Number.isSafeInteger(count)) {
    return count;
  }
  throw volumeFormat(name, `its size is ${size.join('x') || 'missing'}`, 'export the file again');
}

/**
 * How far a sample may be from a whole number. A header's slope leaves 0.9999999 of a grey level, and 255 levels stored
 * in 16 bits are off by 0.002; that of labels stored in 8 bits is coarser, and between two classes there is nothing.
 */
const TOLERANCE: Readonly<Record<Purpose, number>> = { image: 1e-2, mask: 0.25 };

/**
 * One plane of a volume as 8-bit grey or RGB, in the order in which it is stored. Samples must be whole numbers from 0
 * to 255, give or take what a slope leaves: how others become grey levels depends on what they measure.
 * @param index of the plane, over all dimensions after the second
 * @throws SamusError VOLUME_RANGE for other samples or a missing plane
 */
export function planeImage(volume: Volume, index: number, name: string, purpose: Purpose = 'image'): Image {
  const [width = 0, height = 0] = volume.size;
  const { channels, samples } = volume;
  const length = width * height * channels;
  const plane = samples.subarray(index * length, (index + 1) * length);
  const whole = (value: number): boolean => Math.abs(value - Math.round(value)) <= TOLERANCE[purpose];
  const fits = plane.length === length && (channels === 1 || (channels === 3 && purpose === 'image'));
  if (!fits || !plane.every((value) => whole(value) && Math.round(value) >= 0 && Math.round(value) <= 255)) {
    const [what, hint] =
      purpose === 'mask'
        ? ['class indices from 0 to 255', 'save the labels as whole numbers, 0 for the background']
        : ['grey levels from 0 to 255', 'scale the volume to 8 bits first'];
    throw new SamusError('VOLUME_RANGE', `expected plane ${index} of ${name} to hold ${what}`, hint, { index });
  }
  return createImage(width, height, channels === 3 ? 3 : 1, Uint8Array.from(plane, Math.round));
}

/** The planes of a volume as frames. Its samples are in memory as a whole: most volumes are compressed as a whole. */
export function planesSource(volume: Volume, name: string, format: string, limits: Required<ImageLimits>): ImageSource {
  const [width = 0, height = 0, ...others] = volume.size;
  const [x, y] = volume.spacingMm;
  const frames = others.reduce((product, side) => product * side, 1);
  checkSize(name, width, height, limits);
  checkFrameCount(name, frames, limits.maxFrames);
  return {
    format,
    frames,
    width,
    height,
    lossy: false,
    spacingMm: () => (x && y ? [x, y] : undefined),
    async read(frame, purpose: Purpose = 'image') {
      checkFrame({ frames }, frame, name);
      return planeImage(volume, frame - 1, name, purpose);
    },
  };
}

/** The error for what cannot be read. */
export function volumeFormat(name: string, why: string, hint: string): SamusError {
  return new SamusError('VOLUME_FORMAT', `cannot read ${name} as a volume: ${why}`, hint);
}

function reverseElements(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}
