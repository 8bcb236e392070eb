/**
 * One sample as the graphs take it: augmented, resized, prompted. Everything random follows from the seed, the epoch
 * and the sample's place in the list, so that it does not matter which thread makes it and when.
 */
import { augment, type Example, makeExample } from '../data/augment.js';
import { augmentStrongly } from '../data/strongAugment.js';
import { createImage, type Image } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';
import { type InputShape, inputDims, normalise, paste, shownSize } from '../models/imageFrame.js';
import { Random } from '../nn/random.js';
import { drawPrompt, type PromptKind, pointsOf } from './drawPrompt.js';
import type { Draw } from './sampleOrder.js';

/** `flip` is `published` after half of the images were mirrored left to right, `strong` more than that after the same. */
export const AUGMENTATIONS = ['none', 'published', 'flip', 'strong'] as const;
type Augmentation = (typeof AUGMENTATIONS)[number];

/** What the samples of a training have in common. */
export interface SampleShape extends InputShape {
  /** Side of the target. */
  readonly targetSide: number;
  /**
   * What the target is: the object at the nearest pixel of the label, as published; the share of the object in each of
   * its pixels; or the class at the nearest pixel.
   */
  readonly target: 'nearest' | 'share' | 'classes';
  readonly prompts: PromptKind;
  /** How likely a single click is the published evaluation click. */
  readonly middleClicks: number;
  readonly augment: Augmentation;
  /** Random numbers for the clicks that the graph samples. */
  readonly clickNoise: number;
  readonly seed: number;
}

/** The part that one sample fills of the graph's inputs, by their names. */
export interface TrainingSample {
  readonly image: Float32Array;
  readonly target: Float32Array;
  readonly point_coords: Float32Array;
  readonly point_labels: Float32Array;
  readonly click_noise: Float32Array;
}

/** Keeps the clicks' random numbers apart, so that they do not change what the sample looks like. */
const CLICK_STREAM = 0x436c;

/** Shapes of the inputs that samples fill, without the batch, by their names. */
export function sampleShapes(shape: SampleShape): Readonly<Record<keyof TrainingSample, readonly number[]>> {
  const points = pointsOf(shape.prompts);
  return {
    image: inputDims(shape),
    target: [1, shape.targetSide, shape.targetSide],
    point_coords: [points, 2],
    point_labels: [points],
    click_noise: [shape.clickNoise / shape.targetSide ** 2, shape.targetSide ** 2],
  };
}

/**
 * @param image grey
 * @param label class indices, of the image's size
 * @param classId the class to be segmented
 */
export function makeTrainingSample(
  image: Image,
  label: Image,
  classId: number,
  { epoch, index }: Draw,
  shape: SampleShape,
): TrainingSample {
  const random = Random.seeded(shape.seed, epoch, index);
  const example = makePicture(image, label, shape, random);
  const { coords, labels } = drawPrompt(shape.prompts, example.label, classId, random, shape.middleClicks);
  const noise = Random.seeded(shape.seed, epoch, index, CLICK_STREAM);
  return {
    image: example.image,
    target: targetOf(example, classId, shape),
    point_coords: Float32Array.from(coords),
    point_labels: Float32Array.from(labels),
    click_noise: Float32Array.from({ length: shape.clickNoise }, () => noise.uniform()),
  };
}

/** A sample to validate on: only resized. */
export function validationExample(image: Image, label: Image, shape: InputShape): Example {
  const sizes = { imageSize: shape.imageSize, lowSize: shape.imageSize / 2 };
  return toInput(makeExample(...framed(image, label, shape), sizes), shape);
}

function makePicture(image: Image, label: Image, shape: SampleShape, random: Random): Example {
  const kind = shape.augment;
  // Before it is framed: what SAM adds beside a tall image stays on the right.
  const turned = (kind === 'flip' || kind === 'strong') && random.chance(0.5);
  let [picture, classes] = turned ? framed(mirrored(image), mirrored(label), shape) : framed(image, label, shape);
  if (kind !== 'none') {
    const augmented = kind === 'strong' ? augmentStrongly : augment;
    ({ image: picture, label: classes } = augmented(picture, classes, random, shape.imageSize));
  }
  return toInput(makeExample(picture, classes, { imageSize: shape.imageSize, lowSize: shape.targetSide }), shape);
}

/** In the label of a framed picture: beyond the picture. No class has this number, it would take 256 of them. */
const BEYOND = 255;

/**
 * Image and label as the model's square shows them. What is stretched over it follows the augmentation, as SAMUS publishes
 * it; what is scaled by its longest side comes before it, and what is beyond the picture is marked in the label.
 */
function framed(image: Image, label: Image, shape: InputShape): [Image, Image] {
  if (shape.preprocessing.fit === 'stretch') return [image, label];
  const side = shape.imageSize;
  const { shownWidth: width, shownHeight: height } = shownSize(shape, image.width, image.height);
  const square = ({ data }: Image, beyond: number): Image =>
    createImage(side, side, 1, paste(data, width, new Uint8Array(side * side).fill(beyond), side));
  return [square(resizeBilinear(image, width, height), 0), square(resizeNearest(label, width, height), BEYOND)];
}

function mirrored(image: Image): Image {
  const { width, data } = image;
  const out = new Uint8Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    for (let x = 0; x < width; x++) out[row + x] = data[row + width - 1 - x]!;
  }
  return { ...image, data: out };
}

/** From grey values in 0…1 to what the encoder takes. */
function toInput({ image: data, label, lowLabel }: Example, shape: InputShape): Example {
  const beyond = (pixel: number): boolean => label[pixel] === BEYOND;
  const size = { width: shape.imageSize, height: shape.imageSize, channels: 1 } as const;
  const within = (value: number): number => (value === BEYOND ? 0 : value);
  return {
    image: normalise(shape, { ...size, data, white: 1, beyond }),
    label: label.map(within),
    lowLabel: lowLabel.map(within),
  };
}

function targetOf({ label, lowLabel }: Example, classId: number, shape: SampleShape): Float32Array {
  switch (shape.target) {
    case 'nearest':
      return Float32Array.from(lowLabel, (value) => (value === classId ? 1 : 0));
    case 'share':
      return shares(label, classId, shape);
    case 'classes':
      return Float32Array.from(lowLabel);
  }
}

/** The object's share of each block of pixels; the target's side divides the input's. */
function shares(label: Uint8Array, classId: number, { imageSize: size, targetSide: side }: SampleShape): Float32Array {
  const block = size / side;
  const target = new Float32Array(side * side);
  for (let y = 0; y < size; y++) {
    const row = Math.floor(y / block) * side;
    for (let x = 0; x < size; x++) if (label[y * size + x] === classId) target[row + Math.floor(x / block)]! += 1;
  }
  const scale = 1 / (block * block);
  for (let i = 0; i < target.length; i++) target[i]! *= scale;
  return target;
}
