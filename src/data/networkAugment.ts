/**
 * The augmentations that the networks compared with SAMUS are published with, as one table. Sources are the authors' code
 * and papers; ranges that these leave open are marked "ours". Pixels refer to the published input and scale with the side.
 *
 * All random numbers are drawn from the given generator, so a seed reproduces an image.
 */
import { createImage, type Image } from '../formats/image.js';
import { resizeNearest } from '../formats/resize.js';
import type { Random } from '../nn/random.js';
import {
  blur,
  box3,
  brighten,
  contrastBy,
  elastic,
  flipX,
  flipY,
  gammaBy,
  move,
  noise,
  piecewise,
  type Scene,
  type Step,
  saturate,
  sharpen,
  shiftHsv,
  turn,
  zoomAndCrop,
} from './augmentSteps.js';

interface Recipe {
  readonly steps: readonly Step[];
  /**
   * `each`: every step for half of the images, in this order; `all`: every step; `shuffled`: for half of the images every
   * step, in random order; `one`: one of the steps or none, all equally likely; [least, most]: so many steps in random order.
   */
  readonly choose: 'each' | 'all' | 'shuffled' | 'one' | readonly [least: number, most: number];
}

/** A step for half of the images. */
const half =
  (step: Step): Step =>
  (scene, random) => {
    if (random.chance(0.5)) step(scene, random);
  };

const RECIPES = {
  aaunet: {
    choose: 'one',
    steps: [
      move({ degrees: 20 }),
      flipX,
      // Ours: the range of the gamma, and the elastic step of H2Former.
      gammaBy(1 / 1.5, 1.5),
      box3,
      noise(5, 10),
      elastic(50, 5, 512),
    ],
  },
  // Images of 342 x 256 cut to 300 x 224.
  canet: { choose: 'all', steps: [zoomAndCrop(8 / 7, 8 / 7), half(flipX), half(flipY), move({ degrees: 30 })] },
  cenet: {
    choose: 'each',
    steps: [
      // OpenCV's hue has steps of two degrees.
      (scene, random) => shiftHsv(scene, 2 * random.uniform(-30, 30), random.uniform(-5, 5), random.uniform(-15, 15)),
      move({ shift: 0.1 }),
      move({ scale: [0.9, 1.1] }),
      move({ aspect: 0.1 }),
      flipX,
      flipY,
      turn,
    ],
  },
  // Ours: the steps and their ranges; published is that one to four are chosen.
  cpfnet: {
    choose: [1, 4],
    steps: [
      flipX,
      flipY,
      move({ degrees: 30 }),
      move({ shift: 0.1 }),
      noise(2, 5),
      blur(1, 256),
      contrastBy(0.75, 1.5),
    ],
  },
  h2former: {
    choose: 'shuffled',
    steps: [sharpen, elastic(50, 5, 512), move({ degrees: 45 }), half(flipX), half(flipY), zoomAndCrop(1, 1 / 0.9)],
  },
  // Ours: the ranges of noise, blur, contrast and the piecewise step.
  missformer: {
    choose: [0, 4],
    steps: [
      half(flipX),
      half(flipY),
      noise(1, 3),
      blur(1, 224),
      contrastBy(0.5, 1.5),
      move({ scale: [0.5, 2] }),
      move({ degrees: 40 }),
      move({ shear: 16 }),
      piecewise(0.02),
      move({ shift: 0.2 }),
    ],
  },
  // Ours: the ranges of the photometric steps.
  setr: {
    choose: 'all',
    steps: [
      zoomAndCrop(0.5, 2),
      half(flipX),
      half(brighten(-32, 32)),
      half(contrastBy(0.5, 1.5)),
      half(saturate(0.5, 1.5)),
      half((scene, random) => shiftHsv(scene, random.uniform(-18, 18), 0, 0)),
    ],
  },
  transfuse: {
    choose: 'each',
    steps: [
      move({ degrees: 25, shift: 0.15, scale: [0.85, 1.15] }),
      (scene, random) => {
        brighten(0.8, 1.2, 'times')(scene, random);
        contrastBy(0.8, 1.2)(scene, random);
        saturate(0.8, 1.2)(scene, random);
        shiftHsv(scene, random.uniform(-72, 72), 0, 0);
      },
      flipX,
      flipY,
    ],
  },
} as const satisfies Readonly<Record<string, Recipe>>;

/** Named after the network that is published with it, except `synapse` (three networks) and `mirror`. */
export const NETWORK_AUGMENTATIONS = ['synapse', 'mirror', ...names(RECIPES)] as const;
type NetworkAugmentation = (typeof NETWORK_AUGMENTATIONS)[number];

function names<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  const known = (name: string): name is K => name in table;
  return Object.keys(table).filter(known);
}

export function isNetworkAugmentation(kind: string): kind is NetworkAugmentation {
  return NETWORK_AUGMENTATIONS.some((name) => name === kind);
}

/**
 * @param image of any size
 * @param label class indices, of the image's size
 * @param side of the model's input
 * @param resize gives an image the model's size, for the augmentations that come after it
 */
export function augmentAsPublished(
  kind: NetworkAugmentation,
  image: Image,
  label: Image,
  random: Random,
  side: number,
  resize: (image: Image) => Image,
): { readonly image: Image; readonly label: Image } {
  if (kind === 'synapse') return synapse(image, label, random);
  if (kind === 'mirror') {
    return random.chance(0.5)
      ? { image: flipped(image, 'columns'), label: flipped(label, 'columns') }
      : { image, label };
  }
  const { width, channels, data } = resize(image);
  const planes = Array.from({ length: channels }, (_, c) =>
    Float32Array.from({ length: width * width }, (_, i) => data[i * channels + c]!),
  );
  const scene: Scene = { side, planes, label: resizeNearest(label, side, side).data };
  for (const step of chosen(RECIPES[kind], random)) step(scene, random);
  const out = new Uint8Array(side * side * channels);
  for (const [c, plane] of scene.planes.entries()) {
    for (let i = 0; i < plane.length; i++) {
      out[i * channels + c] = Math.max(0, Math.min(255, Math.round(plane[i]!)));
    }
  }
  return { image: createImage(side, side, channels, out), label: createImage(side, side, 1, scene.label) };
}

function chosen({ steps, choose }: Recipe, random: Random): readonly Step[] {
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

/** That of TransUNet's loader for the data set Synapse: quarter turns and a flip, or else a small rotation. */
function synapse(image: Image, label: Image, random: Random): { readonly image: Image; readonly label: Image } {
  let change = (picture: Image): Image => picture;
  const [turning, rotating] = [random.chance(0.5), random.chance(0.5)];
  if (turning) {
    const turns = random.int(0, 4);
    const along = random.int(0, 2) === 0 ? 'rows' : 'columns';
    change = (picture) => flipped(quarterTurns(picture, turns), along);
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

/** The order of the rows or columns reversed. */
export function flipped(image: Image, along: 'rows' | 'columns'): Image {
  const { width, height } = image;
  return picked(image, width, height, (x, y) =>
    along === 'rows' ? (height - 1 - y) * width + x : y * width + width - 1 - x,
  );
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
