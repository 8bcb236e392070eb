/**
 * The samples of a training: their order, and making one, augmented, resized and prompted. Everything random follows from
 * the seed, the epoch and the sample's position in the list, so the thread and the time do not matter.
 */
import { augment } from '../data/augment.js';
import { augmentAsPublished } from '../data/networkAugment.js';
import {
  boxAnywhere,
  clickBeside,
  evaluationClick,
  grownBox,
  jitteredBox,
  randomClick,
  randomClicks,
} from '../data/prompts.js';
import { augmentStrongly } from '../data/strongAugment.js';
import { createImage, flipImage, type Image } from '../formats/image.js';
import { resizeNearest } from '../formats/resize.js';
import type { PromptKind } from '../models/architecture.js';
import {
  type InputShape,
  inputDims,
  normalise,
  type PromptToken,
  paste,
  promptTokens,
  resizedFor,
  seenBy,
  shownSize,
} from '../models/imageFrame.js';
import { Random } from '../nn/random.js';
import { networkAugmentation } from './augmentations.js';

/**
 * `point`: one click, as published; `points`: one to three clicks on the object and up to three beside it; `box`: the
 * published jittered box; `mixed`: a click or a box, each for half of the samples.
 */
export const TRAINING_PROMPTS = ['point', 'points', 'box', 'mixed'] as const;
type TrainingPrompt = (typeof TRAINING_PROMPTS)[number];

/** What a model must take for each kind. */
export const ASKED: Readonly<Record<TrainingPrompt, readonly PromptKind[]>> = {
  point: ['points'],
  points: ['points'],
  box: ['box'],
  mixed: ['points', 'box'],
};

/** Common properties of the samples of a training. */
export interface SampleShape extends InputShape {
  /** Side of the target. */
  readonly targetSide: number;
  /**
   * Meaning of the target: the object at the nearest pixel of the label, as published; the share of the object in each
   * target pixel; or the class at the nearest pixel.
   */
  readonly target: 'nearest' | 'share' | 'classes';
  readonly prompts: TrainingPrompt;
  /** Probability that a single click is the published evaluation click. */
  readonly middleClicks: number;
  /** Pixels by which each side of a box may grow; null for the jitter of SAMUS. */
  readonly boxGrowth?: number | null;
  /**
   * For models with an object score: the share of samples with a click beside all labelled objects. Without an object, prompts then
   * still ask for one, and the target is empty. If undefined, a click marks the background there, as published.
   */
  readonly beside?: number | undefined;
  /** One of AUGMENTATIONS but `published`. */
  readonly augment: string;
  /** Count of random numbers for the clicks sampled in the graph. */
  readonly clickNoise: number;
  readonly seed: number;
}

/** One sample's part of the graph inputs, by name. */
export interface TrainingSample {
  readonly image: Float32Array;
  readonly target: Float32Array;
  readonly point_coords: Float32Array;
  readonly point_labels: Float32Array;
  readonly click_noise: Float32Array;
}

/** An input of the encoder, flat, with its label: class indices [imageSize, imageSize]. */
interface ModelExample {
  readonly image: Float32Array;
  readonly label: Image;
}

/** One draw of a sample. These two numbers and the seed determine the augmented sample. */
export interface SampleDraw {
  /** Counted from 0. */
  readonly epoch: number;
  /** Position in the list. */
  readonly index: number;
}

/**
 * Separates the random numbers of the shuffle and of the clicks from those of the augmentation, seeded by
 * (seed, epoch, index).
 */
const SHUFFLE_STREAM = 0x5368;
const CLICK_STREAM = 0x436c;

/**
 * The order of samples: a new seeded shuffle of the list for each epoch, without gaps between epochs. Batches are cut
 * from this endless sequence and all have one size: the last samples of an epoch share a batch with the first of the
 * next. Each epoch sees every sample once, and the step alone determines the position. (The published loader has a
 * smaller last batch instead.)
 */
export class SampleOrder {
  #epoch = -1;
  #shuffled: Uint32Array = new Uint32Array(0);

  /** @param count samples in the list, at least 1 */
  constructor(
    readonly count: number,
    readonly seed: number,
  ) {}

  /** The draws of a batch. @param batchIndex counted from 0 over the whole training */
  batch(batchIndex: number, size: number): SampleDraw[] {
    return Array.from({ length: size }, (_, i) => this.at(batchIndex * size + i));
  }

  private at(position: number): SampleDraw {
    const epoch = Math.floor(position / this.count);
    if (epoch !== this.#epoch) {
      const inOrder = Uint32Array.from({ length: this.count }, (_, i) => i);
      this.#shuffled = Random.seeded(this.seed, epoch, SHUFFLE_STREAM, this.count).shuffle(inOrder);
      this.#epoch = epoch;
    }
    return { epoch, index: this.#shuffled[position % this.count]! };
  }
}

/** Shapes of the inputs of a sample without the batch dimension, by name. */
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
 * @param image in any channels; the model's preprocessing chooses
 * @param label class indices, of the image's size
 * @param classId the class to segment
 */
export function makeTrainingSample(
  image: Image,
  label: Uint8Array,
  classId: number,
  { epoch, index }: SampleDraw,
  shape: SampleShape,
): TrainingSample {
  const random = Random.seeded(shape.seed, epoch, index);
  const example = makePicture(image, label, shape, random);
  const absent = shape.beside === undefined ? undefined : absentPrompt(shape, example.label.data, classId, random);
  const tokens = absent ?? drawPrompt(shape, example.label.data, classId, random);
  const noise = Random.seeded(shape.seed, epoch, index, CLICK_STREAM);
  return {
    image: example.image,
    target: absent ? new Float32Array(shape.targetSide ** 2) : targetOf(example, classId, shape),
    ...pointInputs(tokens),
    click_noise: Float32Array.from({ length: shape.clickNoise }, () => noise.uniform()),
  };
}

/** A validation sample: only resized. @param classes indices, of the image's size */
export function validationExample(image: Image, classes: Uint8Array, shape: InputShape): ModelExample {
  return toInput(...framed(seenBy(shape.preprocessing, image), labelOf(image, classes), shape), shape);
}

const labelOf = ({ width, height }: Image, classes: Uint8Array): Image => createImage(width, height, 1, classes);

function makePicture(stored: Image, indices: Uint8Array, shape: SampleShape, random: Random): ModelExample {
  const kind = shape.augment;
  const image = seenBy(shape.preprocessing, stored);
  const label = labelOf(image, indices);
  // Mirror before framing, so that SAM's padding of tall images stays on the right.
  const turned = (kind === 'flip' || kind === 'strong') && random.chance(0.5);
  let [picture, classes] = turned
    ? framed(flipImage(image, 'horizontal'), flipImage(label, 'horizontal'), shape)
    : framed(image, label, shape);
  const recipe = networkAugmentation(kind);
  if (recipe) {
    const side = shape.imageSize;
    const resize = (given: Image): Image => resizedFor(shape.preprocessing, given, side, side);
    ({ image: picture, label: classes } = augmentAsPublished(recipe, picture, classes, random, side, resize));
  } else if (kind !== 'none') {
    const augmented = kind === 'strong' ? augmentStrongly : augment;
    ({ image: picture, label: classes } = augmented(picture, classes, random, shape.imageSize));
  }
  return toInput(picture, classes, shape);
}

/** Label of pixels beyond the image. No class has this number; that would take 256 classes. */
const BEYOND = 255;

/**
 * Image and label framed in the model's square. Stretching happens after augmentation, as in SAMUS's code; scaling by the
 * longest side happens before it, with pixels beyond the image marked in the label.
 */
function framed(image: Image, label: Image, shape: InputShape): [Image, Image] {
  if (shape.preprocessing.fit === 'stretch') return [image, label];
  const side = shape.imageSize;
  const { shownWidth: width, shownHeight: height } = shownSize(shape, image.width, image.height);
  const square = ({ channels, data }: Image, beyond: number): Image => {
    const line = side * channels;
    const pasted = paste(data, width * channels, new Uint8Array(side * line).fill(beyond), line);
    return createImage(side, side, channels, pasted);
  };
  const shown = resizedFor(shape.preprocessing, image, width, height);
  return [square(shown, 0), square(resizeNearest(label, width, height), BEYOND)];
}

/**
 * Resizes image and label to the encoder's input. Prediction divides bytes; here, as in the published code, the levels are
 * float32 shares of white. For models with a mean of SAM's the last bit of the results differs.
 */
function toInput(picture: Image, classes: Image, shape: InputShape): ModelExample {
  const side = shape.imageSize;
  const { data, ...size } = resizedFor(shape.preprocessing, picture, side, side);
  const label = resizeNearest(classes, side, side);
  const shares = Float32Array.from(data, (level) => level / 255);
  const beyond = (pixel: number): boolean => label.data[pixel] === BEYOND;
  return {
    image: normalise(shape, { ...size, data: shares, white: 1, beyond }),
    label: { ...label, data: label.data.map((value) => (value === BEYOND ? 0 : value)) },
  };
}

/** Most clicks of each sort in `points`. */
const MOST = 3;

/** Points of every prompt of a kind, SAM's padding point included, so that batches have one size. */
export function pointsOf(kind: TrainingPrompt): number {
  return kind === 'points' ? 2 * MOST + 1 : 2;
}

/**
 * The first prompt. Later ones correct the model's mask, so the graph samples them (multiPromptLoss.ts).
 * @param label class indices at the size of the model's input, which is square
 */
function drawPrompt(
  { prompts: kind, middleClicks, boxGrowth }: Pick<SampleShape, 'prompts' | 'middleClicks' | 'boxGrowth'>,
  label: Uint8Array,
  classId: number,
  random: Random,
): PromptToken[] {
  const side = Math.sqrt(label.length);
  if (kind === 'box' || (kind === 'mixed' && random.chance(0.5))) {
    const box =
      typeof boxGrowth === 'number'
        ? grownBox(label, side, classId, boxGrowth, random)
        : jitteredBox(label, side, classId, random);
    return promptTokens([], box);
  }
  if (kind !== 'points') {
    // Draws nothing for probability 0, so that trainings from before this setting reproduce.
    const middle = middleClicks > 0 && random.chance(middleClicks);
    return promptTokens([middle ? evaluationClick(label, side, classId) : randomClick(label, side, classId, random)]);
  }
  const counts = { positive: random.int(1, MOST + 1), negative: random.int(0, MOST + 1) };
  const clicks = randomClicks(label, side, classId, counts, random);
  const some = clicks.length > 0 ? clicks : [randomClick(label, side, classId, random)];
  return promptTokens(some, undefined, pointsOf(kind));
}

/** A prompt as inputs of the graph. */
export function pointInputs(tokens: readonly PromptToken[]): Pick<TrainingSample, 'point_coords' | 'point_labels'> {
  return {
    point_coords: Float32Array.from(tokens.flatMap((token) => token.slice(0, 2))),
    point_labels: Float32Array.from(tokens, ([, , label]) => label),
  };
}

/**
 * A prompt for an object that is not there: if the label lacks the class, and for a share of the other samples.
 * @returns undefined for a prompt on the object
 */
function absentPrompt(
  { prompts: kind, beside = 0 }: Pick<SampleShape, 'prompts' | 'beside'>,
  label: Uint8Array,
  classId: number,
  random: Random,
): PromptToken[] | undefined {
  const missing = !label.includes(classId);
  if (!missing && !random.chance(beside)) return undefined;
  const side = Math.sqrt(label.length);
  // A box is certain to contain nothing only if there is no object at all.
  if (missing && (kind === 'box' || (kind === 'mixed' && random.chance(0.5)))) {
    return promptTokens([], boxAnywhere(side, random));
  }
  const click = clickBeside(label, side, random);
  return click && promptTokens([click], undefined, pointsOf(kind));
}

/** Nearest targets are taken from the label at the model's size, not at the image's, as in the published code. */
function targetOf({ label }: ModelExample, classId: number, shape: SampleShape): Float32Array {
  if (shape.target === 'share') return shares(label.data, classId, shape);
  const { data } = resizeNearest(label, shape.targetSide, shape.targetSide);
  return Float32Array.from(data, shape.target === 'nearest' ? (value) => (value === classId ? 1 : 0) : undefined);
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
