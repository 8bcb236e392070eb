/**
 * Whether an object score separates images with the object from those without: where its limit has to be for most objects to be
 * found, and what it then lets through.
 */
import { columnOf, defined } from './columns.js';
import type { ResultTable } from './resultTable.js';

/** Share of the objects that have to be found. */
export const SENSITIVITY = 0.95;

/** Of the normal distribution, for intervals of 95 %. */
const Z = 1.959964;

export interface PresenceSummary {
  /** Samples with and without the object that have a presence. */
  readonly objects: number;
  readonly absent: number;
  /** Probability that a sample with the object has a higher presence than one without; ties count half. */
  readonly auc: number;
  /** The highest limit at which the wanted share of the objects is found. */
  readonly minPresence: number;
  /** Samples without the object that reach it, and the interval of Wilson of their share. */
  readonly falsePositives: number;
  readonly ci95: readonly [low: number, high: number];
}

/**
 * @param objects samples with the object; the presence of each is the mean over its draws
 * @param absent samples without it
 * @returns undefined where one of both has no presence
 */
export function presenceSummary(
  table: ResultTable,
  objects: Uint32Array,
  absent: Uint32Array,
): PresenceSummary | undefined {
  const column = table.column('presence');
  const of = (samples: Uint32Array) =>
    defined(columnOf(samples.length, (i) => table.meanOverDraws(column, samples[i]!))).sort();
  const [there, none] = [of(objects), of(absent)];
  if (there.length === 0 || none.length === 0) return undefined;
  const minPresence = there[there.length - Math.ceil(SENSITIVITY * there.length)]!;
  const falsePositives = none.reduce((count, value) => count + Number(value >= minPresence), 0);
  return {
    objects: there.length,
    absent: none.length,
    auc: areaUnderCurve(there, none),
    minPresence,
    falsePositives,
    ci95: wilson(falsePositives, none.length),
  };
}

/** @param there sorted @param none sorted */
function areaUnderCurve(there: Float64Array, none: Float64Array): number {
  let [below, upTo, wins] = [0, 0, 0];
  for (const value of there) {
    while (below < none.length && none[below]! < value) below++;
    while (upTo < none.length && none[upTo]! <= value) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / (there.length * none.length);
}

/** The interval of a share (Wilson, JASA 1927). */
function wilson(count: number, of: number): readonly [number, number] {
  const share = count / of;
  const middle = share + Z ** 2 / (2 * of);
  const half = Z * Math.sqrt((share * (1 - share)) / of + (Z / (2 * of)) ** 2);
  const scale = 1 + Z ** 2 / of;
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)];
}
