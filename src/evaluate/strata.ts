/**
 * Results by a column of `images.csv`: scanner, hospital, sex, whatever the data say of an image. A column of many
 * different numbers is divided at its quartiles.
 */
import { SamusError } from '../errors.js';
import { columnOf } from './columns.js';
import { percentileOfSorted } from './metricsSurface.js';
import { FAILURE_DICE } from './reliability.js';
import type { ResultTable } from './resultTable.js';
import { type MetricSummary, summariesOf } from './statistics.js';
import type { EvaluationSummary } from './summary.js';

/** More different numbers than these are divided at their quartiles. */
const MOST_NUMBERS = 8;
/** With more values than these, a column names images rather than kinds of them. */
const MOST_VALUES = 50;

/** The value of each sample in a column. */
export interface Labelling {
  readonly column: string;
  /** In their order; the last one is `unknown` where a sample has none. */
  readonly values: readonly string[];
  /** For each sample the place in `values`. */
  readonly places: Uint16Array;
}

/** The samples with one value. */
export interface Stratum {
  readonly value: string;
  readonly images: number;
  readonly dice: MetricSummary;
  /** Share of images with a Dice below FAILURE_DICE. */
  readonly failed: MetricSummary;
}

export interface Strata {
  readonly column: string;
  /** In the order of the summary's groups. */
  readonly groups: readonly (readonly Stratum[])[];
  readonly overall: readonly Stratum[];
}

/**
 * @param texts of each sample; undefined or empty where the table says nothing
 * @throws SamusError EVALUATE_STRATA for a column of too many values
 */
export function labelSamples(column: string, texts: readonly (string | undefined)[]): Labelling {
  const known = new Set(texts.filter((text): text is string => text !== undefined && text !== ''));
  const numbers = [...known].map(Number);
  const numeric = numbers.every(Number.isFinite);
  if (numeric && known.size > MOST_NUMBERS) return quartiles(column, texts);
  if (known.size > MOST_VALUES) {
    const message = `expected a column of numbers or of at most ${MOST_VALUES} different values for --strata, got ${known.size} in ${column}`;
    throw new SamusError('EVALUATE_STRATA', message, 'name a column that divides the images into kinds', { column });
  }
  const sorted = [...known].sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
  return placed(column, sorted, texts, (text) => sorted.indexOf(text));
}

function quartiles(column: string, texts: readonly (string | undefined)[]): Labelling {
  const numbers = Float64Array.from(texts.flatMap((text) => (text ? [Number(text)] : []))).sort();
  const limits = [...new Set([0.25, 0.5, 0.75].map((share) => percentileOfSorted(numbers, share)))];
  const shown = limits.map((limit) => String(Number(limit.toPrecision(4))));
  const values = [
    `up to ${shown[0]}`,
    ...shown.slice(1).map((limit, i) => `over ${shown[i]} to ${limit}`),
    `over ${shown.at(-1)}`,
  ];
  return placed(column, values, texts, (text) => limits.filter((limit) => Number(text) > limit).length);
}

function placed(
  column: string,
  values: readonly string[],
  texts: readonly (string | undefined)[],
  placeOf: (text: string) => number,
): Labelling {
  const places = Uint16Array.from(texts, (text) => (text ? placeOf(text) : values.length));
  return { column, values: places.includes(values.length) ? [...values, 'unknown'] : values, places };
}

/** The strata of each group and of all samples; values without a sample are left out. */
export function stratify(
  table: ResultTable,
  { groups }: EvaluationSummary,
  labelling: Labelling,
  seed: number,
): Strata {
  const all = Uint32Array.from(groups.flatMap(({ samples }) => [...samples])).sort();
  return {
    column: labelling.column,
    groups: groups.map(({ samples }) => strataOf(table, samples, labelling, seed)),
    overall: strataOf(table, all, labelling, seed),
  };
}

function strataOf(table: ResultTable, samples: Uint32Array, { values, places }: Labelling, seed: number): Stratum[] {
  return values.flatMap((value, place): Stratum[] => {
    const these = samples.filter((sample) => places[sample] === place);
    if (these.length === 0) return [];
    // Not valuesOf: that of all samples is the column itself, which other strata need too.
    const column = table.column('dice');
    const dice = columnOf(these.length, (i) => table.meanOverDraws(column, these[i]!));
    const below = dice.map((one) => Number(one < FAILURE_DICE));
    const [ofDice, failed] = summariesOf([dice, below], seed, table.clustersOf(these)?.numbers);
    return [{ value, images: these.length, dice: ofDice!, failed: failed! }];
  });
}
