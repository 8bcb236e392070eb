/**
 * The unit of work: one image and what to segment in it. Plain data that survives JSON, so that another thread, process
 * or machine can run it. localRunner.node.ts runs jobs on this machine; answerTask.ts is the part without files.
 */
import type { AnnotatedImage, AnnotationClass, ImageRef, PromptedObject } from '../formats/annotation.js';
import type { AutomaticOptions } from '../predict/automaticOptions.js';
import type { SegmentOptions } from '../predict/types.js';

/** One object to segment. */
export interface JobObject extends PromptedObject {
  readonly name: string;
  /** Name of its files, if it differs from `name`. */
  readonly file?: string;
  /** A first guess as the model gave it: base64 of little-endian float32. */
  readonly lowResLogits?: string;
}

/** What to segment in an image, independent of the image's source. */
export interface SegmentTask extends Pick<SegmentOptions, 'multimask' | 'clean'> {
  readonly objects: readonly JobObject[];
  /** Find everything instead of `objects`. */
  readonly everything?: Omit<AutomaticOptions, 'signal' | 'progress'>;
}

export const OUTPUT_FORMATS = ['png', 'overlay', 'json'] as const;

/** The files that a job writes. */
export interface JobOutputs {
  /** Path prefix of all files. */
  readonly base: string;
  readonly formats: readonly (typeof OUTPUT_FORMATS)[number][];
  /** Path for embedding and logits. */
  readonly tensors?: string;
}

export interface SegmentJob extends SegmentTask {
  readonly image: ImageRef;
  /** Possible classes of the objects. */
  readonly classes?: readonly AnnotationClass[];
  readonly outputs: JobOutputs;
}

/** Runs jobs, here or elsewhere. The result of a {@link SegmentJob} is an {@link AnnotatedImage}, plain data too. */
export interface JobRunner<Job = SegmentJob, Result = AnnotatedImage> {
  /** @throws SamusError why this job failed; others can still run, unless its kind is `machine` */
  run(job: Job, signal?: AbortSignal): Promise<Result>;
  close(): Promise<void>;
}

/** The files of a job that are known in advance: all of them, except with `everything`. */
export function outputPaths({ objects, outputs }: Pick<SegmentJob, 'objects' | 'outputs'>): string[] {
  const { base, formats, tensors } = outputs;
  return [
    ...(formats.includes('png') ? objects.map((object) => maskPath(base, object)) : []),
    ...(formats.includes('overlay') ? [overlayPath(base)] : []),
    ...(formats.includes('json') ? [jsonPath(base)] : []),
    ...(tensors === undefined ? [] : [tensors]),
  ];
}

export const maskPath = (base: string, { name, file = name }: Pick<JobObject, 'name' | 'file'>): string =>
  `${base}.${file}.png`;
export const overlayPath = (base: string): string => `${base}.overlay.png`;
export const jsonPath = (base: string): string => `${base}.json`;
