/**
 * Clicks and boxes made from a label, for training and evaluation, as the published code draws them. All are whole pixels
 * of the label, which usually has the model's input size.
 */
import { extentOf, type PixelBox } from '../formats/mask.js';
import { Regions } from '../formats/maskRegions.js';
import type { Random } from '../nn/random.js';
import { squaredDistances } from './distanceTransform.js';

/** x, y, and 1 for the object or 0 for what is not the object. */
export type Click = readonly [x: number, y: number, label: 0 | 1];

/**
 * The published evaluation click: of the object's pixels in row-major order the middle one (number n / 2, rounded
 * down, from 0). Where the class is absent, the middle of all pixels with label 0.
 * @param label class indices, row-major
 */
export function evaluationClick(label: Uint8Array, width: number, classId: number): Click {
  const { wanted, pixels } = clickable(label, classId);
  return clickAt(pixelNumber(label, classId, wanted, Math.floor(pixels / 2)), width, wanted);
}

/** The published training click: any pixel of the object, each equally likely; without one, any pixel with label 0. */
export function randomClick(label: Uint8Array, width: number, classId: number, random: Random): Click {
  const { wanted, pixels } = clickable(label, classId);
  return clickAt(pixelNumber(label, classId, wanted, random.int(0, pixels)), width, wanted);
}

/**
 * Several clicks on the object, then several beside it; a pixel may be drawn twice, as in the published helpers.
 * Without such pixels, no clicks of that kind are drawn.
 */
export function randomClicks(
  label: Uint8Array,
  width: number,
  classId: number,
  { positive, negative }: { readonly positive: number; readonly negative: number },
  random: Random,
): Click[] {
  const inside = countClass(label, classId);
  const draw = (count: number, wanted: 0 | 1, pixels: number): Click[] =>
    Array.from({ length: pixels > 0 ? count : 0 }, () =>
      clickAt(pixelNumber(label, classId, wanted, random.int(0, pixels)), width, wanted),
    );
  return [...draw(positive, 1, inside), ...draw(negative, 0, label.length - inside)];
}

/** The rim of a region: the pixels within this share of its largest depth, or one pixel. */
const RIM = 0.1;

/**
 * A pixel of a region: the one farthest from its border, the image's border counting as one (of equals the first in
 * row-major order), or with random numbers any pixel of its rim.
 * @param outside 0 within the region, row-major
 */
export function pixelOf(outside: Uint8Array, width: number, random?: Random): number {
  const distances = squaredDistances(outside, width, outside.length / width, { beyond: true });
  let deepest = 0;
  for (let i = 1; i < distances.length; i++) if (distances[i]! > distances[deepest]!) deepest = i;
  if (!random) return deepest;
  const most = Math.max(1, distances[deepest]! * RIM ** 2);
  const rim: number[] = [];
  for (const [i, distance] of distances.entries()) if (distance > 0 && distance <= most) rim.push(i);
  return rim[random.int(0, rim.length)] ?? deepest;
}

/**
 * The next click of a simulated user who corrects the largest error, for evaluation; training samples such clicks within
 * its graph (train/multiPromptLoss.ts). It is in the largest connected region (four neighbours) that is
 * missed or covered wrongly, the pixel farthest from the region's border, the image's border counting as one. Label 1
 * in a missed region, 0 in a wrong one. Of equals the first in row-major order, missed before wrong.
 * @param mask what was found, every value but 0 is the object
 * @param random for a click on the rim of that region instead
 * @returns undefined if nothing is wrong
 */
export function correctionClick(
  mask: Uint8Array,
  label: Uint8Array,
  width: number,
  classId: number,
  random?: Random,
): Click | undefined {
  const height = label.length / width;
  const regionsOf = (data: Uint8Array): Regions => new Regions({ width, height, data }, true, 4);
  const missed = regionsOf(label.map((value, i) => (value === classId && mask[i] === 0 ? 1 : 0)));
  const wrong = regionsOf(label.map((value, i) => (value !== classId && mask[i] !== 0 ? 1 : 0)));
  const wanted = (missed.sizes[missed.largest] ?? 0) >= (wrong.sizes[wrong.largest] ?? 0) ? 1 : 0;
  const regions = wanted === 1 ? missed : wrong;
  if (regions.largest < 0) return undefined;
  const outside = regions.paint(new Uint8Array(label.length).fill(1), 0, (region) => region === regions.largest);
  const pixel = pixelOf(outside, width, random);
  const x = pixel % width;
  return [x, (pixel - x) / width, wanted];
}

/** The smallest box around the object, both corners in it; undefined where the class is absent. */
export function tightBox(label: Uint8Array, width: number, classId: number): PixelBox | undefined {
  const inside = label.map((value) => Number(value === classId));
  return extentOf(inside, width).box ?? undefined;
}

/** How far the published boxes stray: a share of their own sides. */
const BOX_JITTER = 0.05;

/**
 * The published training box: sides changed by up to 5 %, moved by up to 5 % of them, cut at the image. Where the
 * class is absent, the whole image with a pixel more on each side, as published.
 */
export function jitteredBox(label: Uint8Array, width: number, classId: number, random: Random): PixelBox {
  const height = label.length / width;
  const box = tightBox(label, width, classId);
  if (!box) return [-1, -1, width, height];
  const [x0, x1] = jitter(box[0], box[2], width, random);
  const [y0, y1] = jitter(box[1], box[3], height, random);
  return [x0, y0, x1, y1];
}

/**
 * MedSAM's training box: each side up to `most` pixels outside the object, cut at the image. Where the class is absent, the whole
 * image.
 */
export function grownBox(label: Uint8Array, width: number, classId: number, most: number, random: Random): PixelBox {
  const height = label.length / width;
  const [x0, y0, x1, y1] = tightBox(label, width, classId) ?? [0, 0, width - 1, height - 1];
  const grown = () => random.int(0, most + 1);
  return [
    Math.max(0, x0 - grown()),
    Math.max(0, y0 - grown()),
    Math.min(width - 1, x1 + grown()),
    Math.min(height - 1, y1 + grown()),
  ];
}

function jitter(low: number, high: number, limit: number, random: Random): readonly [number, number] {
  const side = high - low;
  const stray = Math.trunc(side * BOX_JITTER);
  const newSide = random.int(Math.trunc(side * (1 - BOX_JITTER)), Math.trunc(side * (1 + BOX_JITTER)) + 1);
  const centre = Math.floor((low + high) / 2) + random.int(-stray, stray + 1);
  const half = Math.floor(newSide / 2);
  const clip = (value: number): number => Math.max(0, Math.min(limit - 1, value));
  return [clip(centre - half), clip(centre + half)];
}

/** Least and largest sides of a box around nothing, as shares of the image's. */
const NOTHING_SIDES = [0.1, 0.5] as const;

/** A box anywhere in the image. @param side of the image */
export function boxAnywhere(side: number, random: Random): PixelBox {
  const length = () => Math.round(random.uniform(...NOTHING_SIDES) * side);
  const [width, height] = [length(), length()];
  const [x, y] = [random.int(0, side - width), random.int(0, side - height)];
  return [x, y, x + width, y + height];
}

/** How far from a labelled object a click on nothing is, as a share of the image's side: labels are not exact to the pixel. */
const NOTHING_DISTANCE = 1 / 32;

/** A click that asks for an object where none is labelled; undefined where the label leaves no room for one. */
export function clickBeside(label: Uint8Array, width: number, random: Random): Click | undefined {
  const labelled = label.map((value) => Number(value !== 0));
  const distances = squaredDistances(labelled, width, label.length / width);
  const least = (NOTHING_DISTANCE * width) ** 2;
  const places: number[] = [];
  for (const [i, distance] of distances.entries()) if (distance >= least) places.push(i);
  const place = places[random.int(0, Math.max(1, places.length))];
  return place === undefined ? undefined : clickAt(place, width, 1);
}

/** What is clicked: the object (1), or where the class is absent everything else (0). */
function clickable(label: Uint8Array, classId: number): { readonly wanted: 0 | 1; readonly pixels: number } {
  const inside = countClass(label, classId);
  return inside > 0 ? { wanted: 1, pixels: inside } : { wanted: 0, pixels: label.length };
}

function countClass(label: Uint8Array, classId: number): number {
  let count = 0;
  for (let i = 0; i < label.length; i++) if (label[i] === classId) count++;
  return count;
}

/** Place of pixel `number` (from 0) of those that belong to the class (1) or do not (0). */
function pixelNumber(label: Uint8Array, classId: number, wanted: 0 | 1, number: number): number {
  let left = number;
  for (let i = 0; i < label.length; i++) if ((label[i] === classId ? 1 : 0) === wanted && left-- === 0) return i;
  throw new Error(`the label has no ${number} such pixels`);
}

function clickAt(pixel: number, width: number, label: 0 | 1): Click {
  const x = pixel % width;
  return [x, (pixel - x) / width, label];
}
