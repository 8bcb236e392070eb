/**
 * Which samples a report shows: of each data set and class the worst, those in the middle, and the best.
 */
import type { Sample } from '../../data/sampleList.js';
import type { EvaluationPrompt } from '../promptableModel.js';
import type { ResultTable } from '../resultTable.js';
import type { EvaluationSummary } from '../summary.js';

/** Where a sample stands among those of its group. */
export type Rank = 'worst' | 'median' | 'best';

/** A sample to be shown. */
export interface Example {
  readonly index: number;
  readonly rank: Rank;
  /** Mean over draws. */
  readonly dice: number;
}

export interface GalleryEntry extends Example {
  readonly sample: Sample;
  /** Size of the image in pixels, which outlines and prompts are in. */
  readonly width: number;
  readonly height: number;
  /** A `data:` address. */
  readonly picture: string;
  readonly truth: string;
  readonly prediction: string;
  readonly prompt: EvaluationPrompt;
}

/** Samples of each rank. */
const EACH = 4;
/** The samples to show of each group, worst first; each once, also where there are few. */
export function chooseExamples(table: ResultTable, { groups }: Pick<EvaluationSummary, 'groups'>): Example[] {
  const dice = table.metric('dice');
  return groups.flatMap(({ samples }) => {
    const sorted = samples
      .map((index) => ({ index, dice: table.meanOverDraws(dice, index) }))
      .sort((a, b) => a.dice - b.dice || a.index - b.index);
    const each = Math.min(EACH, Math.floor(sorted.length / 3) || 1);
    const middle = Math.floor((sorted.length - each) / 2);
    const at = (rank: Rank, from: number): Example[] =>
      sorted.slice(from, from + each).map((one) => ({ ...one, rank }));
    if (sorted.length < 3) return sorted.map((one, i): Example => ({ ...one, rank: i === 0 ? 'worst' : 'best' }));
    return [...at('worst', 0), ...at('median', middle), ...at('best', sorted.length - each)];
  });
}
