/**
 * The interface of segmentation engines: the browser (browserEngine.ts) or the server (serverEngine.ts). Plain data, in
 * pixels of the image as stored; both give the same masks.
 */
import type { Image } from '../../formats/image.js';
import type { PixelBox, Rle } from '../../formats/rle.js';
import type { PromptKind } from '../../models/architecture.js';
import type { ObjectPrompt } from '../../predict/types.js';

export type EngineKind = 'browser' | 'server';

/** A decoded image, the same for both engines. */
export interface EngineImage {
  /** The page's key of the image; equal keys mean equal pixels. */
  readonly key: string;
  readonly image: Image;
}

export interface EngineMask {
  /** Predicted IoU, the network's own estimate. */
  readonly score: number;
  readonly rle: Rle;
  /** Pixels of the mask. */
  readonly area: number;
  /** Both corners are pixels of the mask; null if it is empty. */
  readonly box: PixelBox | null;
  /** The model's own logits, for the next prompt's `lowResLogits`. */
  readonly lowResLogits: Float32Array;
  /** Of a model with an object score: the probability that the object is there. */
  readonly presence?: number;
  /** Present if the model predicts that there is no object. */
  readonly absent?: true;
}

/** The pixels of a class that a model without prompts finds. */
export interface EngineClassMask extends Pick<EngineMask, 'rle' | 'area' | 'box'> {
  readonly classId: number;
}

/** What a model takes and gives, as the server lists it. */
export interface EngineModel {
  readonly name: string;
  /** None if it gives classes. */
  readonly prompts: readonly PromptKind[];
  /** Without the background, with the names and colours of the model; none if it answers prompts. */
  readonly classes: readonly { readonly id: number; readonly name?: string; readonly color?: string }[];
}

/**
 * All calls reject with the signal's reason when it is aborted, and with a SamusError for problems that a user can
 * fix.
 */
export interface Engine {
  readonly kind: EngineKind;
  /** What runs the model: `wasm`, `webgpu`, `cpu`. */
  readonly provider: string;
  readonly model: EngineModel;
  /** The expensive half, once per image: repeating it for one of the last few images does nothing. */
  encode(image: EngineImage, signal?: AbortSignal): Promise<void>;
  /** @throws SamusError ENGINE_IMAGE_UNKNOWN if the image was not encoded, or too many others since */
  segment(key: string, prompt: ObjectPrompt, options?: EngineSegmentOptions): Promise<EngineMask>;
  /**
   * Segments everything in the image, without prompts.
   * @throws SamusError ENGINE_IMAGE_UNKNOWN
   */
  everything(key: string, options?: EngineEverythingOptions): Promise<EngineMask[]>;
  /**
   * The classes that a model without prompts finds in the image.
   * @throws SamusError ENGINE_IMAGE_UNKNOWN
   */
  classes(key: string, signal?: AbortSignal): Promise<EngineClassMask[]>;
  /** Frees memory; running calls are rejected. */
  dispose(): Promise<void>;
}

export interface EngineSegmentOptions {
  /** Ask for the three masks of an ambiguous prompt and take the best; default false. */
  readonly multimask?: boolean;
  /** Fill holes and keep the part that the prompt asks for; default true. */
  readonly clean?: boolean;
  readonly signal?: AbortSignal;
}

export interface EngineEverythingOptions {
  readonly signal?: AbortSignal;
  progress?(done: number, total: number): void;
}

/** Progress of an engine that is starting. */
export interface EngineProgress {
  /** `model`: bytes of the model's files; `session`: preparing to run it. */
  readonly phase: 'model' | 'session';
  readonly loaded: number;
  /** Null if unknown. */
  readonly total: number | null;
}
