/**
 * From the ways in which masks are published to class indices: grey pictures with or without compression noise,
 * several masks of one image, outlines, polygons.
 */
import { SamusError } from '../../errors.js';
import { createImage, type Image, toGrey } from '../../formats/image.js';

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
  const message = `the mask of ${file} was expected to have its size, ${image.width}x${image.height}; it has ${label.width}x${label.height}`;
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
  const box = { x0: width, y0: height, x1: -1, y1: -1 };
  let [sumX, sumY, pixels] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const x = i % width;
    const y = (i - x) / width;
    box.x0 = Math.min(box.x0, x);
    box.x1 = Math.max(box.x1, x);
    box.y0 = Math.min(box.y0, y);
    box.y1 = y;
    sumX += x;
    sumY += y;
    pixels++;
  }
  if (pixels === 0) return undefined;
  const filled = data.map((value) => (value === 0 ? 0 : 1));
  const stack: number[] = [];
  const visit = (i: number): void => {
    if (filled[i] !== 0) return;
    filled[i] = 1;
    stack.push(i);
  };
  visit(Math.round(sumY / pixels) * width + Math.round(sumX / pixels));
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    const x = i % width;
    const y = (i - x) / width;
    // Nothing within a convex outline lies beyond its box: the filling has run out through a gap.
    if (x < box.x0 || x > box.x1 || y < box.y0 || y > box.y1) return undefined;
    if (x > 0) visit(i - 1);
    if (x < width - 1) visit(i + 1);
    if (y > 0) visit(i - width);
    if (y < height - 1) visit(i + width);
  }
  return createImage(width, height, 1, filled);
}
