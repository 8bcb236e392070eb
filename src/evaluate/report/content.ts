/**
 * What a report is made of.
 */
import type { SampleList } from '../../data/sampleList.js';
import type { Comparison } from '../compare.js';
import type { EvaluateOptions, Evaluation } from '../evaluate.js';
import type { EvaluationSummary } from '../summary.js';
import type { GalleryEntry } from './examples.js';

export interface ReportModel {
  readonly evaluation: Evaluation;
  readonly summary: EvaluationSummary;
  readonly gallery: readonly GalleryEntry[];
}

export interface ReportContent {
  readonly lists: readonly string[];
  readonly protocol: EvaluateOptions;
  readonly list: SampleList;
  readonly results: readonly ReportModel[];
  readonly comparisons: readonly Comparison[];
  /** Names of classes by index, for data sets with several. */
  readonly classNames: (dataset: string) => readonly string[];
  readonly notice: string;
}
