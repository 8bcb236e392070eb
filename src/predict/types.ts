/**
 * Inputs and results of a segmentation, in pixels of the stored image; integers are pixel centres, 0, 0 is the top left
 * pixel. Plain data; segmenter.ts does the work.
 */
import type { PointPrompt } from '../formats/annotation.js';
import type { Flip } from '../formats/image.js';
import type { PixelBox } from '../formats/mask.js';
import type { TensorData } from '../graph/tensorData.js';
import type { Model } from '../models/model.js';

export type { Flip, Model, PointPrompt };

/** The prompts of one object: points, a box and one of the masks, in any combination. */
export interface ObjectPrompt {
  /** Default `object-1`, `object-2`, … by position in the list. */
  readonly name?: string;
  readonly points?: readonly PointPrompt[];
  /** Two corners, both inclusive. */
  readonly box?: PixelBox;
  /**
   * A first guess at the image's size, row-major: a binary mask (Uint8Array, every value but 0 is the object) or
   * logits (Float32Array).
   */
  readonly mask?: Uint8Array | Float32Array;
  /** A first guess: `lowResLogits` of a result of this model. */
  readonly lowResLogits?: Float32Array;
}

export interface SegmentOptions {
  /** Predict three masks for an ambiguous prompt and keep the one with the best predicted IoU; default false. */
  readonly multimask?: boolean;
  /** Also return the logits at the image's size; default false. */
  readonly logits?: boolean;
  /**
   * Clean the masks: fill holes and keep only the prompted part, as cleanMask does; default true.
   * Scores, logits and candidates stay those of the model.
   */
  readonly clean?: boolean;
  /**
   * Of a model with an object score: the presence below which the mask is empty. Default: that of its configuration, or 0.5. Scores
   * and candidates stay those of the model; logits at the image's size are then negative everywhere.
   */
  readonly minPresence?: number;
  /** Allow an object without any prompt, as a baseline for comparison; default false. */
  readonly allowEmpty?: boolean;
}

/** An encoded image. Plain data that can be stored, sent and reused. */
export interface Encoding {
  /** [1, …], of the shape that the architecture defines; SAM and SAMUS: [1, promptDim, tokenGrid, tokenGrid] */
  readonly embedding: TensorData<'float32'>;
  /** Of the image flipped, where the segmenter takes the mean over flips. */
  readonly flipped?: readonly { readonly flip: Flip; readonly embedding: TensorData<'float32'> }[];
  /** Size of the image in pixels. */
  readonly width: number;
  readonly height: number;
}

/** One of the decoder's candidate masks. */
export interface Candidate {
  /** Predicted IoU. It is the network's own guess, not limited to 0…1. */
  readonly score: number;
  /** Square map of logits, row-major, at the side that the architecture defines: the next prompt's `lowResLogits`. */
  readonly lowResLogits: Float32Array;
}

/** One object found, at the size of the image. */
export interface ObjectResult extends Candidate {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** 0 and 1, row-major, width · height values. */
  readonly mask: Uint8Array;
  /** Pixels of the mask. */
  readonly area: number;
  /** Connected parts of the mask; pixels that touch at a corner are one part. */
  readonly parts: number;
  /** Bounding box of the mask, both corners inclusive; null if the mask is empty. */
  readonly box: PixelBox | null;
  /** All requested masks: one, or three with `multimask`, including the chosen one. */
  readonly candidates: readonly Candidate[];
  /** Of a model with an object score: the probability that the prompted object is there. */
  readonly presence?: number;
  /** Present if it is below the minimum: there is no object, and the mask is empty. */
  readonly absent?: true;
  /** Logits at the image's size, row-major, if requested. */
  readonly logits?: Float32Array;
}
