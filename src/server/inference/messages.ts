/**
 * The jobs of the server's inference threads and their results, as plain data. inference.ts decides which thread runs
 * which job, work.ts how.
 */

import type { SegmentedImage, SegmentJob } from '../../jobs/segmentJob.js';
import type { WireTensors } from '../../runtime/tensorMemory.js';
import type { KeptImage } from '../embeddings.js';

/** The half of a model that a thread holds: one encodes images, the others answer prompts. A network for classes is an encoder. */
export type ModelPart = 'encoder' | 'decoder';

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
  segment: { input: EncodedJob; output: SegmentedImage };
  everything: { input: EncodedJob; output: SegmentedImage };
  infer: { input: OfModel & { readonly feeds: WireTensors }; output: WireTensors };
};

export type JobKind = keyof InferenceContract;
export type InputOf<K extends JobKind> = InferenceContract[K]['input'];
export type OutputOf<K extends JobKind> = InferenceContract[K]['output'];

interface OfModel {
  readonly model: string;
}

/** A job with the embedding of its image. */
export interface EncodedJob extends OfModel {
  readonly job: SegmentJob;
  readonly encoding: KeptImage;
}

/** Handed to a thread when it starts. */
export interface ThreadSetup {
  readonly part: ModelPart;
  /** What loadModel takes, by the name that the model is served under. */
  readonly models: ReadonlyMap<string, string>;
  readonly threads?: number;
  /** Of the program, which DICOM objects name. */
  readonly version: string;
}
