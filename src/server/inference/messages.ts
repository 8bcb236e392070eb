/**
 * What passes between the server and its inference threads: jobs one way, results and coded errors the other. Plain
 * data. Who runs which job is in inference.ts, how it is done in work.ts.
 */
import type { PixelBox, Rle } from '../../formats/rle.js';
import type { AutomaticOptions } from '../../predict/automatic.js';
import type { Encoding, PointPrompt } from '../../predict/types.js';
import type { WireError, WireTensors } from '../../runtime/workerMessages.js';

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
  readonly score: number;
  /** Of automatic mode. */
  readonly stability?: number;
  readonly area: number;
  readonly box: PixelBox | null;
  readonly rle?: Rle;
  readonly png?: string;
  readonly polygons?: readonly (readonly number[])[];
  readonly lowResLogits?: string;
}

/** Options of automatic mode that a request may set. */
export type EverythingRequest = Omit<AutomaticOptions, 'signal' | 'progress'>;

interface PrepareJob {
  readonly kind: 'prepare';
  readonly model: string;
}

interface EncodeJob {
  readonly kind: 'encode';
  readonly model: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly maxPixels: number;
}

interface SegmentJob {
  readonly kind: 'segment';
  readonly model: string;
  readonly encoding: Encoding;
  readonly objects: readonly ObjectRequest[];
  readonly multimask: boolean;
  readonly form: ResultForm;
}

interface EverythingJob {
  readonly kind: 'everything';
  readonly model: string;
  readonly encoding: Encoding;
  readonly options: EverythingRequest;
  readonly form: ResultForm;
}

interface InferJob {
  readonly kind: 'infer';
  readonly model: string;
  readonly feeds: WireTensors;
}

export type Job = PrepareJob | EncodeJob | SegmentJob | EverythingJob | InferJob;
export type JobKind = Job['kind'];

/** What a job gives; `ms` is the time that the model took, without waiting and without decoding of the image. */
export type JobResult =
  | { readonly kind: 'prepare' }
  | { readonly kind: 'encode'; readonly encoding: Encoding; readonly ms: number }
  | { readonly kind: 'segment'; readonly objects: readonly ObjectAnswer[]; readonly ms: number }
  | { readonly kind: 'everything'; readonly objects: readonly ObjectAnswer[]; readonly ms: number }
  | { readonly kind: 'infer'; readonly outputs: WireTensors };

export type ResultOf<K extends JobKind> = Extract<JobResult, { readonly kind: K }>;

/** Handed to a thread when it starts. */
export interface ThreadSetup {
  readonly part: ModelPart;
  /** What loadModel takes, by the name that the model is served under. */
  readonly models: ReadonlyMap<string, string>;
  readonly threads?: number;
}

export type ToThread =
  | { readonly type: 'run'; readonly id: number; readonly job: Job }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' };

export type FromThread =
  | { readonly type: 'done'; readonly id: number; readonly result: JobResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError };
