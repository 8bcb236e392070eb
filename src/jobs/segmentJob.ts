/**
 * The unit of work: one image and what is to be segmented in it. Plain data that survives JSON, so that a job can be done
 * by another process or another machine.
 */
import type { ImageRef, PromptedObject } from '../formats/annotation.js';

/** One object to segment. */
export interface JobObject extends PromptedObject {
  readonly name: string;
  /** Name of its files, where that is not `name`. */
  readonly file?: string;
}

export interface SegmentJob {
  readonly image: ImageRef;
  readonly objects: readonly JobObject[];
}
