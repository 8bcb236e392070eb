/**
 * The jobs of the server's inference threads and their results, as plain data. inference.ts decides which thread runs
 * which job, work.ts how.
 */

import type { PixelBox, Rle } from '../../formats/rle.js';
import type { SegmentTask } from '../../jobs/segmentJob.js';
import type { Encoding, PointPrompt } from '../../predict/types.js';
import type { WireTensors } from '../../runtime/tensorMemory.js';
import type { KeptImage } from '../embeddings.js';

/** The half of a model that a thread holds: one encodes images, the others answer prompts. */
export type ModelPart = 'encoder' | 'decoder';

export type MaskFormat = 'rle' | 'png' | 'polygons';

/** One object of a `segment` request, as its JSON has it. */
export interface ObjectRequest {
  readonly name?: string;
  readonly points?: readonly PointPrompt[];
  readonly box?: PixelBox;
  readonly mask?: Rle;
  /** Base64 of little-endian float32. */
  readonly lowResLogits?: string;
}

/** How results are written. */
export interface ResultForm {
  readonly format: MaskFormat;
  readonly lowResLogits: boolean;
}

/** One object of an answer, ready for JSON. */
export interface ObjectAnswer {
  readonly name: string;
  readonly points: readonly (readonly number[])[];
  readonly prompt?: { readonly points: readonly (readonly number[])[]; readonly box?: PixelBox };
  /** Predicted IoU. */
  readonly score: number | null;
  /** Of automatic mode. */
  readonly stability?: number;
  readonly area: number;
  readonly parts: number;
  readonly box: PixelBox | null;
  readonly rle?: Rle;
  readonly png?: string;
  readonly polygons?: readonly (readonly number[])[];
  readonly lowResLogits?: string;
}

/**
 * The jobs of an inference thread. `ms` is the time that the model took, without waiting and without decoding of the
 * image.
 */
export type InferenceContract = {
  prepare: { input: OfModel; output: null };
  encode: {
    input: OfModel & { readonly bytes: Uint8Array<ArrayBuffer>; readonly frame: number; readonly maxPixels: number };
    output: { readonly encoding: KeptImage; readonly ms: number };
  };
  segment: { input: EncodedJob; output: Answers };
  everything: { input: EncodedJob; output: Answers };
  infer: { input: OfModel & { readonly feeds: WireTensors }; output: WireTensors };
};

export type JobKind = keyof InferenceContract;
export type InputOf<K extends JobKind> = InferenceContract[K]['input'];
export type OutputOf<K extends JobKind> = InferenceContract[K]['output'];

interface OfModel {
  readonly model: string;
}

/** A job whose image is encoded already. */
export interface EncodedJob extends OfModel {
  readonly encoding: Encoding;
  readonly task: SegmentTask;
  readonly form: ResultForm;
}

export interface Answers {
  readonly objects: readonly ObjectAnswer[];
  readonly ms: number;
}

/** Handed to a thread when it starts. */
export interface ThreadSetup {
  readonly part: ModelPart;
  /** What loadModel takes, by the name that the model is served under. */
  readonly models: ReadonlyMap<string, string>;
  readonly threads?: number;
}
