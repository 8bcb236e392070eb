/**
 * From the ways in which masks are published to class indices: grey pictures with or without compression noise,
 * several masks of one image, outlines, polygons.
 */
import { SamusError } from '../../errors.js';
import { createImage, type Image, toGrey } from '../../formats/image.js';
import { extentOf } from '../../formats/mask.js';
import { Regions } from '../../formats/maskRegions.js';

/** A mask is brighter than this where it holds noise of compression or soft edges. */
const MIDDLE = 127;
/** Noise of compression alone is darker than this: where the brightest pixel is, there is no object. */
const MOST_NOISE = 16;

/**
 * 1 where a mask is bright, 0 elsewhere. Masks are drawn as 0 and 255 (or 1-bit): the middle separates them, whatever noise
 * JPEG added. One without any bright pixel holds class indices or darker levels: every value but 0 is the object, or, where
 * compression added noise, those above half of the brightest.
 * @param lossy whether the compression of its file changes values
 */
export function binaryMask(mask: Image, lossy = false): Image {
  const grey = toGrey(mask);
  const brightest = grey.data.reduce((most, value) => Math.max(most, value), 0);
  const dark = lossy ? (brightest < MOST_NOISE ? MOST_NOISE : brightest / 2) : 0;
  const limit = brightest > MIDDLE ? MIDDLE : dark;
  return { ...grey, data: grey.data.map((value) => (value > limit ? 1 : 0)) };
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
 * @returns undefined if there is no outline, or one with a gap
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
