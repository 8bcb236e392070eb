/**
 * Augmentation stronger than the published one (augment.ts), for models that must work on unseen scanners and patients:
 * geometry in one warp (rotation, scale, stretch, shift, bend), then levels (gamma, contrast, brightness, uneven gain,
 * blur, speckle). The operations are common ones; their ranges are this project's.
 *
 * All random numbers are drawn from the given generator, so a seed reproduces an image. All channels of a colour image
 * get the same operations.
 */
import { createImage, type Image } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import type { Random } from '../nn/random.js';
import { type Field, smoothField } from './smoothField.js';

/** Each of the operations is applied to half of the images; blur and speckle to a quarter. */
const CHANCE = 0.5;
const RARE = 0.25;
const MOST_DEGREES = 30;
/** Larger and smaller, along both axes together; and one axis against the other. */
const MOST_SCALE = 1.5;
const MOST_STRETCH = 1.25;
/** Shares of the side. */
const MOST_SHIFT = 0.12;
const MOST_BEND = 0.06;
/** Units of the smooth fields along a side: how many bends, how many brighter and darker places. */
const BENDS = 4;
const GAINS = 3;
/** Exponents of the grey level: dark pictures become unreadable sooner than bright ones. */
const GAMMA = [1 / 2.4, 1.5] as const;
const MOST_CONTRAST = 1.6;
/** In grey levels. */
const MOST_BRIGHTNESS = 40;
/** Natural logarithm of the gain. */
const MOST_GAIN = 0.6;
/** Deviations of the blur, as shares of the side: 0.4 to 1.5 pixels of 256. */
const BLUR = [0.4 / 256, 1.5 / 256] as const;
/** Deviation of the speckle, as a share of the grey level. */
const MOST_SPECKLE = 0.2;

/** Smooth numbers over a square picture are worked out on a lattice of this many cells a side, and blended in between. */
const CELLS = 32;

/**
 * @param image of any size and aspect ratio
 * @param label class indices, of the image's size
 * @param side of the results, which are square as the model's input
 */
export function augmentStrongly(
  image: Image,
  label: Image,
  random: Random,
  side: number,
): { readonly image: Image; readonly label: Image } {
  const { channels } = image;
  const from = drawWarp(random).map((place) => spread(place, side));
  const mask = pickNearest(resizeNearest(label, side, side), from);
  const shown = resizeBilinear(image, side, side);
  const planes = Array.from({ length: channels }, (_, channel) => pickBilinear(shown, channel, from));
  regrade(planes, random);
  if (random.chance(CHANCE)) unevenGain(planes, side, smoothField(random), random.uniform(0, MOST_GAIN));
  if (random.chance(RARE)) {
    const deviation = random.uniform(...BLUR) * side;
    for (const plane of planes) smoothed(plane, side, deviation);
  }
  if (random.chance(RARE)) speckle(planes, random, random.uniform(0, MOST_SPECKLE));
  const data = new Uint8Array(side * side * channels);
  for (const [channel, plane] of planes.entries()) {
    for (let i = 0; i < plane.length; i++) data[i * channels + channel] = clip(Math.round(plane[i]!));
  }
  return { image: createImage(side, side, channels, data), label: mask };
}

/** Maps places in the output to places in the input, x and y from 0 to 1. */
function drawWarp(random: Random): [x: Field, y: Field] {
  const angle = random.chance(CHANCE) ? (random.uniform(-MOST_DEGREES, MOST_DEGREES) * Math.PI) / 180 : 0;
  const scale = random.chance(CHANCE) ? factor(random, 1 / MOST_SCALE, MOST_SCALE) : 1;
  const stretch = random.chance(CHANCE) ? factor(random, 1 / MOST_STRETCH, MOST_STRETCH) : 1;
  const shift = (): number => random.uniform(-MOST_SHIFT, MOST_SHIFT);
  const [middleX, middleY] = random.chance(CHANCE) ? [0.5 + shift(), 0.5 + shift()] : [0.5, 0.5];
  const bend = random.chance(CHANCE) ? random.uniform(0, MOST_BEND) : 0;
  const [bendX, bendY] = [smoothField(random), smoothField(random)];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    (x, y) =>
      (cos * (x - middleX) - sin * (y - middleY)) / (scale * stretch) + 0.5 + bend * bendX(BENDS * x, BENDS * y),
    (x, y) => (sin * (x - middleX) + cos * (y - middleY)) / scale + 0.5 + bend * bendY(BENDS * x, BENDS * y),
  ];
}

/** Log-uniform: halving is as likely as doubling. */
function factor(random: Random, least: number, most: number): number {
  return least * (most / least) ** random.uniform();
}

/** The values of a smooth field at the middles of the pixels of a square picture whose coordinates go from 0 to 1. */
function spread(field: Field, side: number): Float32Array {
  const lattice = new Float32Array((CELLS + 1) ** 2);
  for (let i = 0; i < lattice.length; i++) {
    lattice[i] = field((i % (CELLS + 1)) / CELLS, Math.floor(i / (CELLS + 1)) / CELLS);
  }
  const out = new Float32Array(side * side);
  for (let row = 0, to = 0; row < side; row++) {
    const y = ((row + 0.5) * CELLS) / side;
    const top = Math.floor(y);
    for (let column = 0; column < side; column++, to++) {
      const x = ((column + 0.5) * CELLS) / side;
      const corner = top * (CELLS + 1) + Math.floor(x);
      const right = x - Math.floor(x);
      const upper = lattice[corner]! * (1 - right) + lattice[corner + 1]! * right;
      const lower = lattice[corner + CELLS + 1]! * (1 - right) + lattice[corner + CELLS + 2]! * right;
      out[to] = upper + (lower - upper) * (y - top);
    }
  }
  return out;
}

/** Pixels of a square label from the places given, 0 from beyond it. */
function pickNearest({ width: side, data }: Image, [fromX, fromY]: readonly Float32Array[]): Image {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [Math.floor(fromX![i]! * side), Math.floor(fromY![i]! * side)];
    if (x >= 0 && x < side && y >= 0 && y < side) out[i] = data[y * side + x]!;
  }
  return createImage(side, side, 1, out);
}

/** Levels of one channel of a square image between its pixels, at the places given; 0 beyond it. */
function pickBilinear(image: Image, channel: number, [fromX, fromY]: readonly Float32Array[]): Float32Array {
  const { width: side, channels, data } = image;
  const out = new Float32Array(side * side);
  const at = (x: number, y: number): number =>
    x >= 0 && x < side && y >= 0 && y < side ? data[(y * side + x) * channels + channel]! : 0;
  for (let i = 0; i < out.length; i++) {
    const [x, y] = [fromX![i]! * side - 0.5, fromY![i]! * side - 0.5];
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const right = x - left;
    const upper = at(left, top) * (1 - right) + at(left + 1, top) * right;
    const lower = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
    out[i] = upper + (lower - upper) * (y - top);
  }
  return out;
}

/** Gamma, contrast about the mean, brightness. */
function regrade(planes: readonly Float32Array[], random: Random): void {
  const gamma = random.chance(CHANCE) ? factor(random, ...GAMMA) : 1;
  const contrast = random.chance(CHANCE) ? factor(random, 1 / MOST_CONTRAST, MOST_CONTRAST) : 1;
  const brightness = random.chance(CHANCE) ? random.uniform(-MOST_BRIGHTNESS, MOST_BRIGHTNESS) : 0;
  let [sum, count] = [0, 0];
  for (const plane of planes) {
    for (let i = 0; i < plane.length; i++) {
      plane[i] = 255 * (plane[i]! / 255) ** gamma;
      sum += plane[i]!;
    }
    count += plane.length;
  }
  const mean = sum / count;
  for (const plane of planes) {
    for (let i = 0; i < plane.length; i++) plane[i] = clip(contrast * (plane[i]! - mean) + mean + brightness);
  }
}

function unevenGain(planes: readonly Float32Array[], side: number, field: Field, most: number): void {
  const gain = spread((x, y) => Math.exp(most * field(GAINS * x, GAINS * y)), side);
  for (const plane of planes) for (let i = 0; i < plane.length; i++) plane[i]! *= gain[i]!;
}

/** Gaussian, the image continued by its border. */
export function smoothed(grey: Float32Array, side: number, deviation: number): void {
  const reach = Math.ceil(3 * deviation);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / deviation) ** 2));
  const total = weights.reduce((a, b) => a + b, 0);
  const line = new Float32Array(side);
  const along = (start: number, step: number): void => {
    for (let i = 0; i < side; i++) line[i] = grey[start + i * step]!;
    for (let i = 0; i < side; i++) {
      let value = 0;
      for (let k = -reach; k <= reach; k++) {
        value += weights[k + reach]! * line[Math.max(0, Math.min(side - 1, i + k))]!;
      }
      grey[start + i * step] = value / total;
    }
  };
  for (let i = 0; i < side; i++) along(i * side, 1);
  for (let i = 0; i < side; i++) along(i, side);
}

/** Noise proportional to the level, equal in all channels. The sum of the four bytes of a random word is nearly normal. */
function speckle(planes: readonly Float32Array[], random: Random, deviation: number): void {
  const scale = deviation / Math.sqrt((4 * (256 ** 2 - 1)) / 12);
  for (let i = 0; i < planes[0]!.length; i++) {
    const word = random.uint32();
    const bytes = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
    for (const plane of planes) plane[i]! *= 1 + scale * (bytes - 510);
  }
}

function clip(value: number): number {
  return Math.max(0, Math.min(255, value));
}
