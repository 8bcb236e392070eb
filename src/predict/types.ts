/**
 * What goes into a segmentation and what comes out of it: prompts and results in pixels of the image as stored, an
 * integer naming a pixel (0, 0 is the top left one). Plain data; the work is done by segmenter.ts.
 */
import type { PointPrompt } from '../formats/annotation.js';
import type { PixelBox } from '../formats/mask.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';

/** A model in memory: its sizes and its weights by the reference's names, float32 but for those held in 8 bits. */
export interface Model {
  readonly name: string;
  readonly config: ModelConfig;
  readonly tensors: StateDict;
  /** The model card, Markdown, where the model is a folder that has one. */
  readonly card?: string;
  /** Where the model was read from, if it was read from files: their paths. */
  readonly files?: readonly string[];
  /** What was left out or looked odd while it was read; nothing that stops it from working. */
  readonly warnings?: readonly string[];
}

export type { PointPrompt };

/** What says which object is meant. Points, a box and one of the masks may be given together. */
export interface ObjectPrompt {
  /** Default `object-1`, `object-2`, … by place in the list. */
  readonly name?: string;
  readonly points?: readonly PointPrompt[];
  /** Two corners; both are pixels of the box. */
  readonly box?: PixelBox;
  /**
   * A first guess at the image's size, row-major: a binary mask (Uint8Array, every value but 0 is the object) or
   * logits (Float32Array).
   */
  readonly mask?: Uint8Array | Float32Array;
  /** A first guess as a result of this model gave it: [4·tokenGrid, 4·tokenGrid] logits, row-major. */
  readonly lowResLogits?: Float32Array;
}

export interface SegmentOptions {
  /** Ask for the three masks of an ambiguous prompt and take the one with the best predicted IoU; default false. */
  readonly multimask?: boolean;
  /** Also give the logits at the image's size; default false. */
  readonly logits?: boolean;
  /**
   * Clean the masks: fill their holes and keep the part that the prompt asks for, as cleanMask does; default true.
   * Scores, logits and candidates stay those of the model.
   */
  readonly clean?: boolean;
  /** Let an object have no prompt at all, as a baseline to compare with; default false. */
  readonly allowEmpty?: boolean;
}

/** An image as the decoder sees it. Plain data: it may be kept, sent or stored, and used again. */
export interface Encoding {
  /** [1, promptDim, tokenGrid, tokenGrid] */
  readonly embedding: TensorData<'float32'>;
  /** Size of the image in pixels. */
  readonly width: number;
  readonly height: number;
}

/** One of the masks that the decoder proposed. */
export interface Candidate {
  /** Predicted IoU. It is the network's own guess, not limited to 0…1. */
  readonly score: number;
  /** [4·tokenGrid, 4·tokenGrid] logits, row-major: the next prompt's `lowResLogits`. */
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
  /** The smallest box around the mask, both corners in it; null if the mask is empty. */
  readonly box: PixelBox | null;
  /** All masks that were asked for: one, or three with `multimask`; the chosen one is among them. */
  readonly candidates: readonly Candidate[];
  /** Logits at the image's size, row-major, if asked for. */
  readonly logits?: Float32Array;
}
