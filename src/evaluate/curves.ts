/**
 * Dice over the number of clicks and over the noise of prompts, with the area under each curve, and how many clicks an
 * IoU needs.
 */
import { columnOf } from './columns.js';
import type { ResultTable } from './resultTable.js';
import { type MetricSummary, summariesOf } from './statistics.js';

/** After a turn: `interactions` prompts and clicks together. */
interface TurnSummary {
  readonly interactions: number;
  readonly dice: MetricSummary;
  readonly iou: MetricSummary;
}

/** Interactions needed to reach an IoU; what never reaches it counts as the most that were tried. */
interface ClicksNeeded {
  readonly iou: number;
  readonly mean: number;
  /** Share of rows that reached it, 0 to 1. */
  readonly reached: number;
}

/** At a level of noise of the first prompt. */
interface NoiseSummary {
  /** Of the object's size. */
  readonly percent: number;
  readonly dice: MetricSummary;
}

export interface Curves {
  /** After each interaction; with correction clicks only, like the next two. */
  readonly turns?: readonly TurnSummary[];
  /** Mean height of the curve of Dice over interactions (by trapezoids), of each sample. */
  readonly turnsArea?: MetricSummary;
  readonly clicksNeeded?: readonly ClicksNeeded[];
  readonly noise?: readonly NoiseSummary[];
  /** Mean height of the curve of Dice over noise. */
  readonly noiseArea?: MetricSummary;
}

/** The marks that interactive segmentation is judged by: NoC@85 and NoC@90. */
const CLICK_MARKS = [0.85, 0.9] as const;

export function curvesOf(
  table: ResultTable,
  samples: Uint32Array,
  seed: number,
  clusters: Int32Array | undefined,
): Curves {
  const { draws, noise } = table;
  const summaries = (columns: readonly Float64Array[]): MetricSummary[] => summariesOf(columns, seed, clusters);
  const overDraws = (valueAt: (row: number) => number): Float64Array =>
    columnOf(samples.length, (i) => {
      let sum = 0;
      for (let draw = 0; draw < draws; draw++) sum += valueAt(samples[i]! * draws + draw);
      return sum / draws;
    });
  const turns = Array.from({ length: table.turns }, (_, turn) => turn);
  const dice = turns.length > 1 ? turns.map((turn) => overDraws((row) => table.diceAfter(row, turn))) : [];
  const iou = turns.length > 1 ? turns.map((turn) => overDraws((row) => table.iouAfter(row, turn))) : [];
  const noisy = noise.map((_, level) => overDraws((row) => table.diceWithNoise(row, level)));
  return {
    ...(turns.length > 1 && {
      turns: turns.map((turn) => {
        const [ofDice, ofIou] = summaries([dice[turn]!, iou[turn]!]);
        return { interactions: turn + 1, dice: ofDice!, iou: ofIou! };
      }),
      turnsArea: summaries([heightOf(turns, dice)])[0]!,
      clicksNeeded: CLICK_MARKS.map((mark) => clicksNeeded(table, samples, mark)),
    }),
    ...(noise.length > 1 && {
      noise: summaries(noisy).map((ofDice, level) => ({ percent: noise[level]!, dice: ofDice })),
      noiseArea: summaries([heightOf(noise, noisy)])[0]!,
    }),
  };
}

/** The area under each sample's curve by trapezoids, over the width of the curve. @param at places of the columns */
function heightOf(at: readonly number[], columns: readonly Float64Array[]): Float64Array {
  const width = at[at.length - 1]! - at[0]!;
  return columnOf(columns[0]!.length, (i) => {
    let area = 0;
    for (let k = 1; k < at.length; k++) area += ((at[k]! - at[k - 1]!) * (columns[k]![i]! + columns[k - 1]![i]!)) / 2;
    return area / width;
  });
}

function clicksNeeded(table: ResultTable, samples: Uint32Array, mark: number): ClicksNeeded {
  // Turns are kept in single precision: an IoU of exactly 0.9 has reached it.
  const limit = Math.fround(mark);
  let [sum, reached, rows] = [0, 0, 0];
  for (const sample of samples) {
    for (let row = sample * table.draws; row < (sample + 1) * table.draws; row++) {
      let turn = 0;
      while (turn < table.turns && table.iouAfter(row, turn) < limit) turn++;
      if (turn < table.turns) reached++;
      sum += Math.min(turn + 1, table.turns);
      rows++;
    }
  }
  return { iou: mark, mean: sum / rows, reached: reached / rows };
}
