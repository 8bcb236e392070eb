/**
 * The unit of work: one image and what to segment in it. Plain data that survives JSON, so that another thread, process
 * or machine can run it. localRunner.node.ts runs jobs on files of this machine, server/inference/ on images that were
 * sent; both segment by segmentObjects.ts.
 */
import type { SamusError } from '../errors.js';
import type {
  AnnotatedImage,
  AnnotatedObject,
  AnnotationClass,
  ImageRef,
  PromptedObject,
} from '../formats/annotation.js';
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

export const OUTPUT_FORMATS = ['png', 'overlay', 'json'] as const;

/** Objects of DICOM images, each of all segmented frames: masks, measurements, pictures. */
export const DICOM_FORMATS = ['dcmseg', 'dcmsr', 'dcmsc'] as const;
export type DicomFormat = (typeof DICOM_FORMATS)[number];

/** The files that a job writes. */
export interface JobOutputs {
  /** Path prefix of all files. */
  readonly base: string;
  readonly formats: readonly (typeof OUTPUT_FORMATS)[number][];
  /** Path for embedding and logits. */
  readonly tensors?: string;
}

/** How a result holds its masks; by default as run lengths alone. */
export interface ResultForm {
  /** The last two: all of them in one DICOM segmentation, and a report on it. */
  readonly format: 'rle' | 'png' | 'polygons' | DicomFormat;
  /** Also the logits, for the next prompt. */
  readonly lowResLogits: boolean;
}

export interface SegmentJob extends Pick<SegmentOptions, 'multimask' | 'clean' | 'minPresence'> {
  /** Name of the model, where a runner has several; default its first. */
  readonly model?: string;
  readonly image: ImageRef;
  readonly objects: readonly JobObject[];
  /** Segment every class of a model that takes no prompts, instead of `objects`. */
  readonly auto?: boolean;
  /** Find everything instead of `objects`. */
  readonly everything?: Omit<AutomaticOptions, 'signal' | 'progress'>;
  /** Those that the objects may be of. */
  readonly classes?: readonly AnnotationClass[];
  /** Files to write; none without. */
  readonly outputs?: JobOutputs;
  readonly form?: ResultForm;
}

/** An image and its prompted objects. */
export type PromptedImage = Pick<SegmentJob, 'image' | 'objects'>;

/** One image of the command line and its prompts. */
export interface PlannedImage extends PromptedImage {
  readonly image: ImageRef & { readonly path: string };
  /** Why it cannot be segmented; reported in its turn. */
  readonly problem?: SamusError;
}

/** An object of a result, with what its form asks for. */
export interface SegmentedObject extends AnnotatedObject {
  /** Base64. */
  readonly png?: string;
  readonly polygons?: readonly (readonly number[])[];
  readonly lowResLogits?: string;
}

export interface SegmentedImage extends AnnotatedImage {
  readonly objects: readonly SegmentedObject[];
  /** DICOM objects of the masks, in base64; null where no mask has pixels. */
  readonly objectFiles?: Readonly<Partial<Record<DicomFormat, string | null>>>;
  /** Time of the model, without waiting and without encoding the image. */
  readonly ms?: number;
}

/** Runs jobs, here or elsewhere. Results are plain data, too. */
export interface JobRunner {
  /** @throws SamusError why this job failed; others can still succeed unless the error is of kind `machine` */
  run(job: SegmentJob, signal?: AbortSignal): Promise<SegmentedImage>;
  close(): Promise<void>;
}

/** Whether masks are requested as DICOM objects. */
export const isDicomFormat = (format: string): format is DicomFormat => DICOM_FORMATS.some((one) => one === format);
