/**
 * Converts masks as datasets publish them to class indices: grey images with or without compression noise, several masks
 * of one image, outlines.
 */
import { SamusError } from '../errors.js';
import { brightestSamples, createImage, type Image, toGrey } from '../formats/image.js';
import { extentOf } from '../formats/mask.js';
import { Regions } from '../formats/maskRegions.js';

/** Separates 0 from 255 in masks that are stored without loss. */
const MIDDLE = 127;
/** Compression noise can be as bright as this: below it, an object and noise look the same. */
const MOST_NOISE = 16;

/**
 * 1 where a mask is bright, 0 elsewhere. After compression with loss the limit is half of the object's level, whatever
 * that level is. Without loss it is the middle; a mask that is dark everywhere holds class indices or darker levels, and
 * every value but 0 is the object.
 * @param lossy whether the compression of its file changes values
 * @throws SamusError MASK_FAINT if a lossy mask is not black, but too dark to distinguish an object from noise
 */
export function binaryMask(mask: Image, lossy = false, file = 'the mask'): Image {
  const grey = lossy ? toGrey(mask) : brightestSamples(mask);
  const counts = new Uint32Array(256);
  for (const value of grey.data) counts[value]!++;
  const limit = lossy ? lossyLimit(counts, file) : counts.findLastIndex((count) => count > 0) > MIDDLE ? MIDDLE : 0;
  return { ...grey, data: grey.data.map((value) => (value > limit ? 1 : 0)) };
}

/**
 * Half of the level at which an object is drawn: the median of what is brighter than half of the maximum. The maximum
 * itself would not do: at sharp edges compression overshoots the level by a quarter and more.
 */
function lossyLimit(counts: Uint32Array, file: string): number {
  const brightest = counts.findLastIndex((count) => count > 0);
  const darkest = counts.findIndex((count) => count > 0);
  if (brightest < MOST_NOISE) {
    // Black that was rounded is the same value everywhere.
    if (brightest === darkest) return MOST_NOISE;
    const message = `expected black and a brighter object in ${file}, its brightest value is ${brightest} of 255, as dark as compression noise`;
    throw new SamusError('MASK_FAINT', message, 'save the mask as PNG, black and white', { file, brightest });
  }
  const bright = counts.map((count, value) => (value > brightest / 2 ? count : 0));
  let above = bright.reduce((sum, count) => sum + count, 0) / 2;
  const median = bright.findIndex((count) => {
    above -= count;
    return above <= 0 && count > 0;
  });
  return median / 2;
}

/**
 * Rejects class indices with lossy compression: between 0 and 2 that leaves a border of 1, which is another
 * class.
 */
function requireLossless(lossy: boolean, file: string): void {
  if (!lossy) return;
  const message = `expected class indices stored without loss, got compression with loss (such as JPEG) in ${file}`;
  throw new SamusError('MASK_LOSSY', message, 'make the label again from its source, as PNG', { file });
}

/**
 * The class indices of a label of several classes.
 * @param lossy whether the compression of its file changes values
 * @throws SamusError MASK_LOSSY, or DATA_CLASS_RANGE for colours, whose grey levels would be other classes
 */
export function classIndices(label: Image, lossy: boolean, file: string): Image {
  const grey = toGrey(label);
  if (grey.data.some((value) => value > 0)) requireLossless(lossy, file);
  if (label.data.every((value, i) => value === grey.data[Math.floor(i / label.channels)])) return grey;
  const hint = 'save class indices as grey values in an 8-bit PNG';
  throw new SamusError('DATA_CLASS_RANGE', `expected class indices in ${file}, got colours`, hint, { file });
}

/** Where any of the masks is set. @throws SamusError DATA_SIZE_MISMATCH if their sizes differ */
export function uniteMasks(masks: readonly [Image, ...Image[]], file: string): Image {
  const [first, ...others] = masks;
  const data = Uint8Array.from(first.data);
  for (const other of others) {
    checkSameSize(first, other, file);
    for (let i = 0; i < data.length; i++) if (other.data[i] !== 0) data[i] = 1;
  }
  return { ...first, data };
}

/** @throws SamusError DATA_SIZE_MISMATCH if two pictures that belong together differ in size */
export function checkSameSize(image: Image, label: Image, file: string): void {
  if (image.width === label.width && image.height === label.height) return;
  const message = `expected the mask of ${file} to have its size, ${image.width}x${image.height}, got ${label.width}x${label.height}`;
  throw new SamusError('DATA_SIZE_MISMATCH', message, 'correct or remove the mask', {
    file,
    image: [image.width, image.height],
    label: [label.width, label.height],
  });
}

/**
 * The area within the outline of a convex object, the outline itself included. The mean of a convex outline's pixels
 * lies within it; from there the area is filled over the four neighbours. An object that the image's edge cuts is
 * filled up to the edge.
 * @returns undefined without an outline, or if it has a gap
 */
export function fillOutline(outline: Image): Image | undefined {
  const { width, height, data } = outline;
  const { area, box } = extentOf(data, width);
  if (!box) return undefined;
  let [sumX, sumY] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    sumX += i % width;
    sumY += Math.floor(i / width);
  }
  const filled = data.map((value) => (value === 0 ? 0 : 1));
  const around = new Regions(outline, false, 4);
  const within = around.at(Math.round(sumX / area), Math.round(sumY / area));
  // Nothing within a convex outline lies beyond its box: such a region has run out through a gap.
  if (within !== undefined && around.inBox(box)[within] !== around.sizes[within]) return undefined;
  around.paint(filled, 1, (region) => region === within);
  return createImage(width, height, 1, filled);
}
