/**
 * The position and validation results of a training, for checkpoints, model cards and displays.
 */
import type { Image } from '../formats/image.js';

/** The progress of a training. */
export interface Position {
  /** Finished steps. */
  readonly step: number;
  /** The step of the last validation; -1 if none. */
  readonly validated: number;
  /** Best validation so far, and its step. */
  readonly best: { readonly dice: number; readonly step: number } | null;
  /** Validations since the best. */
  readonly sinceBest: number;
  /** Seconds of computing, over all interruptions. */
  readonly seconds: number;
  /** A short hash of the lists. */
  readonly lists: string;
}

export interface Validation {
  /** Mean over all samples. */
  readonly dice: number;
  /** Mean over the classes of `parts`, each counting once. */
  readonly classDice: number;
  /** Mean over the samples of each dataset and class, by names like `Breast-BUSI/1`. */
  readonly parts: Readonly<Record<string, number>>;
  readonly pictures: readonly ValidationPicture[];
}

/** A sample to look at. */
export interface ValidationPicture {
  /** `Dataset/NAME` and the class. */
  readonly title: string;
  readonly dice: number;
  readonly image: Image;
  readonly truth: Uint8Array;
  readonly found: Uint8Array;
  /** Absent if the model takes no prompts. */
  readonly click?: readonly [x: number, y: number, label: 0 | 1];
}
