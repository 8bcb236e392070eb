/**
 * What a report is made of.
 */
import type { SampleList } from '../../data/sampleList.js';
import type { Comparison, PublishedComparison } from '../compare.js';
import type { EvaluateOptions, Evaluation } from '../evaluate.js';
import type { JudgedOverlap } from '../overlap.js';
import type { Rankings } from '../ranking.js';
import type { JudgedRater } from '../secondRater.js';
import type { Strata } from '../strata.js';
import type { EvaluationSummary } from '../summary.js';
import type { GalleryEntry } from './examples.js';

export interface ReportModel {
  readonly evaluation: Evaluation;
  readonly summary: EvaluationSummary;
  readonly gallery: readonly GalleryEntry[];
  /** By columns of images.csv, if requested. */
  readonly strata: readonly Strata[];
  /** How it was asked, which for a model without prompts differs from how the others were. */
  readonly protocol: EvaluateOptions;
}

export interface ReportContent {
  readonly lists: readonly string[];
  readonly protocol: EvaluateOptions;
  readonly list: SampleList;
  readonly results: readonly ReportModel[];
  readonly comparisons: readonly Comparison[];
  /** Absent for a single model. */
  readonly rankings?: Rankings;
  readonly published: readonly PublishedComparison[];
  readonly rater?: JudgedRater;
  /** Absent where no training lists are known. */
  readonly overlap?: JudgedOverlap;
  /** Names of classes by index, for datasets with several. */
  readonly classNames: (dataset: string) => readonly string[];
  readonly provenance: Provenance;
  readonly notice: string;
}

/** What it takes to make the same report again. */
export interface Provenance {
  readonly command: string;
  /** Of samus. */
  readonly version: string;
  /** ISO 8601, when the evaluation ended. */
  readonly date: string;
  /** SHA-256 of each model's weights file, hexadecimal; empty where the weights are in no file. */
  readonly models: readonly { readonly model: string; readonly sha256: string }[];
}
