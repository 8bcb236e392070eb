/**
 * What evaluation asks of a model: to look at an image once and to answer any number of prompts on it. The segmenters
 * of predict/ are such models; evaluation knows none of them, so that anything that answers prompts can be measured.
 */
import type { Sample } from '../data/sampleList.js';
import type { Image } from '../formats/image.js';
import type { PixelBox } from '../formats/mask.js';

/** A prompt in pixels of the image; nothing at all is the prompt `none`. */
export interface EvaluationPrompt {
  readonly points: readonly (readonly [x: number, y: number, label: number])[];
  readonly box?: PixelBox;
  /** The last answer's logits, fed back. */
  readonly lowResLogits?: Float32Array;
  /** The requested class of the label; promptable models ignore it. */
  readonly classId?: number;
}

/** What a model answers to one prompt. */
export interface Answer {
  /** 0 and 1, row-major, of the image's size. */
  readonly mask: Uint8Array;
  /** Predicted IoU; NaN from a model that predicts none. */
  readonly score: number;
  /** Of a model with an object score: probability that the object is there. */
  readonly presence?: number;
  readonly lowResLogits: Float32Array;
  /** At the image's size, if requested. */
  readonly logits?: Float32Array;
}

/** Answers prompts on one image, in their order. */
type Answering = (
  prompts: readonly EvaluationPrompt[],
  options: { readonly logits: boolean; readonly clean: boolean },
) => Promise<readonly Answer[]>;

export interface PromptableModel {
  readonly name: string;
  /** Whether it sees the colours of an image; default false: images become grey before. */
  readonly colour?: boolean;
  /** @param sample what the image is of, for whoever answers from labels */
  look(image: Image, sample?: Sample): Promise<Answering>;
}

/** The part of a segmenter that is used here; the first mask answers, as published. */
export interface SegmenterLike<Encoding> {
  readonly name: string;
  /** As in {@link PromptableModel}. */
  readonly colour?: boolean;
  encode(image: Image): Promise<Encoding>;
  segment(
    encoding: Encoding,
    objects: readonly EvaluationPrompt[],
    options: {
      readonly logits: boolean;
      readonly allowEmpty: boolean;
      readonly clean: boolean;
      readonly minPresence?: number;
    },
  ): Promise<readonly Answer[]>;
}

/**
 * A segmenter as evaluation sees it.
 * @param name default: the segmenter's own
 * @param minPresence of a model with an object score; default: the model's
 */
export function promptable<Encoding>(
  segmenter: SegmenterLike<Encoding>,
  name = segmenter.name,
  minPresence?: number,
): PromptableModel {
  const least = minPresence === undefined ? {} : { minPresence };
  const { colour = false } = segmenter;
  return {
    name,
    colour,
    async look(image) {
      const encoding = await segmenter.encode(image);
      return (prompts, options) => segmenter.segment(encoding, prompts, { ...options, ...least, allowEmpty: true });
    },
  };
}
