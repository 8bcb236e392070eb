/**
 * Where a training stands and how good it is: what checkpoints, model cards and displays tell of it.
 */
import type { Image } from '../formats/image.js';

/** Where a training stands. */
export interface Position {
  /** Steps done. */
  readonly step: number;
  /** The step after which was last validated; -1 if never. */
  readonly validated: number;
  /** Best validation so far, and after which step. */
  readonly best: { readonly dice: number; readonly step: number } | null;
  /** Validations since then. */
  readonly sinceBest: number;
  /** Seconds of computing, over all interruptions. */
  readonly seconds: number;
  /** A short hash of the lists that are trained on. */
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
  /** Absent where the model takes no prompts. */
  readonly click?: readonly [x: number, y: number, label: 0 | 1];
}
