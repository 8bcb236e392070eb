/**
 * The parts of a study, as plain data: the settings that hold for all of its images, one line of its plan for each
 * image, and one line of its journal for each finished image.
 */
import type { ErrorCode } from '../../errorCodes.js';
import type { Json } from '../../errors.js';
import type { AnnotationClass } from '../../formats/annotation.js';
import type { DicomSegOptions } from '../../formats/dicom/writeSeg.js';
import type { ZipEntry } from '../../formats/zipArchive.js';
import type { AutomaticSettings } from '../../predict/automaticOptions.js';
import type { Flip } from '../../predict/types.js';
import type { Provider } from '../../runtime/session.js';
import type { FrameRanges } from '../frames.js';
import type { DicomFormat, JobObject, JobOutputs } from '../segmentJob.js';

/** The version of the files of a study, and of jobs in a queue. */
export const STUDY_VERSION = 1;

/** How to segment the images; two runs with the same settings give the same results. */
export interface StudySettings {
  readonly flips: readonly Flip[];
  /** Prompts for images without their own. */
  readonly objects: readonly JobObject[];
  readonly multimask: boolean;
  readonly clean: boolean;
  readonly minPresence?: number;
  readonly auto: boolean;
  readonly everything?: AutomaticSettings;
  readonly frames?: FrameRanges;
  /** Of a prompts file. */
  readonly classes: readonly AnnotationClass[];
  readonly classNames?: readonly string[];
  readonly formats: readonly (JobOutputs['formats'][number] | DicomFormat)[];
  /** Address of the store that gets the results. */
  readonly store?: string;
  readonly dicom: Pick<DicomSegOptions, 'geometry' | 'kind'> & { readonly version: string };
}

/** The model of a study; the hash of its weights and configuration shows whether another machine has the same. */
export interface StudyModel {
  /** What loadModel takes. */
  readonly source: string;
  readonly hash: string;
}

/** How a machine computes; the results do not depend on it. */
export interface Compute {
  readonly provider?: Provider;
  readonly threads: number;
}

/** An error in the files of a study. */
export interface StoredError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly details?: { readonly [key: string]: Json };
}

/** The prompts of an image, or of one of its frames. */
export interface AskedFrame {
  readonly frame?: number;
  readonly objects: readonly JobObject[];
}

/** One image of a study: a file, or an entry of a zip archive, with all of its frames. */
export interface PlannedItem {
  /** Hash of the image's name, content, prompts and place in the results. */
  readonly key: string;
  /** Name in lists: its path, for an entry of an archive below the path of the archive. */
  readonly image: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly content: string;
  readonly file: string;
  readonly entry?: ZipEntry;
  /** Path prefix of its results below the folder of results. */
  readonly base: string;
  /** Prompts of its own. */
  readonly asked?: readonly AskedFrame[];
  /** Why it cannot be segmented. */
  readonly problem?: StoredError;
}

/** A file of results: path below the folder of the study, size, SHA-256. */
export type ResultFile = readonly [path: string, bytes: number, sha256: string];

export interface ItemResult {
  readonly files: readonly ResultFile[];
  readonly objects: number;
  /** The image has frames that were not segmented, because no frames were requested. */
  readonly moreFrames?: true;
  /** The file is cut off: it has fewer frames than it states. */
  readonly cutOff?: true;
  /** The files but for the last one, the record, are in a store only. */
  readonly stored?: true;
}

/** A line of the journal. The last line about a key is valid. */
export type JournalLine = { readonly key: string; readonly image: string; readonly content: string } & (
  | ItemResult
  | { readonly error: StoredError }
);
