/**
 * Which samples a report shows: of each dataset and class the worst, those in the middle, and the best.
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
  const dice = table.column('dice');
  return groups.flatMap(({ samples }) => {
    const diceOf = (index: number): number => table.meanOverDraws(dice, index);
    const sorted = samples.slice().sort((a, b) => diceOf(a) - diceOf(b) || a - b);
    const each = Math.min(EACH, Math.floor(sorted.length / 3) || 1);
    const middle = Math.floor((sorted.length - each) / 2);
    const at = (rank: Rank, from: number): Example[] =>
      Array.from(sorted.subarray(from, from + each), (index) => ({ index, dice: diceOf(index), rank }));
    if (sorted.length < 3) return [...at('worst', 0), ...(sorted.length > 1 ? at('best', 1) : [])];
    return [...at('worst', 0), ...at('median', middle), ...at('best', sorted.length - each)];
  });
}
