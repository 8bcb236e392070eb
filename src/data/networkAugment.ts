/**
 * Performs the augmentations that the networks compared with SAMUS are published with. Each network's folder has its recipe;
 * the two of this file serve several networks. Pixels refer to the published input and scale with the side.
 *
 * All random numbers are drawn from the given generator, so a seed reproduces an image.
 */
import { createImage, flipImage, type Image } from '../formats/image.js';
import { resizeNearest } from '../formats/resize.js';
import type { Random } from '../nn/random.js';
import type { AugmentRecipe, Scene, Step } from './augmentSteps.js';

/** `synapse` is that of TransUNet's loader for the dataset Synapse; `mirror` mirrors half of the images left to right. */
export const SHARED_AUGMENTATIONS = ['synapse', 'mirror'] as const;
export type SharedAugmentation = (typeof SHARED_AUGMENTATIONS)[number];

/**
 * @param image of any size
 * @param label class indices, of the image's size
 * @param side of the model's input
 * @param resize gives an image the model's size, for the augmentations that come after it
 */
export function augmentAsPublished(
  recipe: AugmentRecipe | SharedAugmentation,
  image: Image,
  label: Image,
  random: Random,
  side: number,
  resize: (image: Image) => Image,
): { readonly image: Image; readonly label: Image } {
  if (recipe === 'synapse') return synapse(image, label, random);
  if (recipe === 'mirror') {
    return random.chance(0.5)
      ? { image: flipImage(image, 'horizontal'), label: flipImage(label, 'horizontal') }
      : { image, label };
  }
  const { width, channels, data } = resize(image);
  const planes = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: width * width }, (_, i) => data[i * channels + c]!),
  );
  const scene: Scene = { side, planes, label: resizeNearest(label, side, side).data };
  for (const step of chosen(recipe, random)) step(scene, random);
  const out = new Uint8Array(side * side * channels);
  for (const [c, plane] of scene.planes.entries()) {
    for (let i = 0; i < plane.length; i++) {
      out[i * channels + c] = Math.max(0, Math.min(255, Math.round(plane[i]!)));
    }
  }
  return { image: createImage(side, side, channels, out), label: createImage(side, side, 1, scene.label) };
}

function chosen({ steps, choose }: AugmentRecipe, random: Random): readonly Step[] {
  switch (choose) {
    case 'all':
      return steps;
    case 'each':
      return steps.filter(() => random.chance(0.5));
    case 'shuffled':
      return random.chance(0.5) ? random.shuffle([...steps]) : [];
    case 'one':
      return steps.slice(random.int(0, steps.length + 1)).slice(0, 1);
    default:
      return random.shuffle([...steps]).slice(0, random.int(choose[0], choose[1] + 1));
  }
}

/** Quarter turns and a flip, or else a small rotation. */
function synapse(image: Image, label: Image, random: Random): { readonly image: Image; readonly label: Image } {
  let change = (picture: Image): Image => picture;
  const [turning, rotating] = [random.chance(0.5), random.chance(0.5)];
  if (turning) {
    const turns = random.int(0, 4);
    const along = random.int(0, 2) === 0 ? 'vertical' : 'horizontal';
    change = (picture) => flipImage(quarterTurns(picture, turns), along);
  } else if (rotating) {
    const degrees = random.int(-20, 20);
    change = (picture) => rotatedNearest(picture, degrees);
  }
  return { image: change(image), label: change(label) };
}

/** An image whose pixels come from elsewhere. @param source index of the pixel, undefined for one beyond the image */
function picked(
  { channels, data }: Image,
  width: number,
  height: number,
  source: (x: number, y: number) => number | undefined,
): Image {
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += channels) {
      const from = source(x, y);
      if (from === undefined) continue;
      for (let c = 0; c < channels; c++) out[to + c] = data[from * channels + c]!;
    }
  }
  return createImage(width, height, channels, out);
}

/** Counter-clockwise, as `numpy.rot90`. */
export function quarterTurns(image: Image, turns: number): Image {
  if (turns === 0) return image;
  const { width, height } = image;
  const turned = picked(image, height, width, (x, y) => x * width + width - 1 - y);
  return quarterTurns(turned, turns - 1);
}

/** As `scipy.ndimage.rotate(order=0, reshape=False)`: the nearest pixel, 0 beyond the middles of the outer pixels. */
export function rotatedNearest(image: Image, degrees: number): Image {
  const { width, height } = image;
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  return picked(image, width, height, (x, y) => {
    const fromY = cos * (y - middleY) + sin * (x - middleX) + middleY;
    const fromX = -sin * (y - middleY) + cos * (x - middleX) + middleX;
    if (fromX < 0 || fromX > width - 1 || fromY < 0 || fromY > height - 1) return undefined;
    return Math.floor(fromY + 0.5) * width + Math.floor(fromX + 0.5);
  });
}
