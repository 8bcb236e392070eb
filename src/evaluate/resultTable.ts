/**
 * The measurements, one row per sample and draw, in columns of numbers: a list of 100,000 lines takes about twenty
 * megabytes. summary.ts computes statistics over the rows.
 */
import { columnOf } from './columns.js';
import { type MaskMetrics, METRICS, type Metric } from './metrics.js';

/** A row. */
export interface RowValues {
  readonly metrics: MaskMetrics;
  /** Predicted IoU of the last answer. */
  readonly score: number;
  /** Probability that the object is there; NaN from a model without an object score. */
  readonly presence: number;
  /** Pixels of the label's object, of the prediction, and of both. */
  readonly truthArea: number;
  readonly predictedArea: number;
  readonly commonArea: number;
  /** After each turn, 1 + clicks of them. */
  readonly turnDice: readonly number[];
  readonly turnIou: readonly number[];
  /** Dice of the first prompt at each level of noise. */
  readonly noiseDice: readonly number[];
  /** Dice after overlaps of the image's classes are resolved; NaN where there is one class only. */
  readonly combinedDice: number;
}

/** Facts about a sample that are the same for all its draws. */
export interface SampleValues {
  /** Of one pixel; NaN if it is not known. */
  readonly pixelMm2: number;
  /** The place in the list of the first sample of the same image. */
  readonly image: number;
  readonly patient?: string;
}

/** Which samples belong together when they are resampled. */
export interface Clusters {
  /** For each sample the number of its cluster, from 0 on. */
  readonly numbers: Int32Array;
  /** Whether patients are known of all samples, of some, or of none. */
  readonly patients: 'all' | 'some' | 'none';
}

/** Values of a row that are not metrics. */
const VALUES = ['score', 'presence', 'truthArea', 'predictedArea', 'commonArea', 'combinedDice'] as const;

/** States of a sample; 0 is one that failed or was not reached. */
const [MEASURED, ABSENT, ABSENT_ANSWERED] = [1, 2, 3];

type Column = Metric | (typeof VALUES)[number];

export class ResultTable {
  readonly samples: number;
  /** Rows of a sample. */
  readonly draws: number;
  /** Turns of a row: the first prompt and each click. */
  readonly turns: number;
  /** Levels of prompt noise, in per cent of the object's size. */
  readonly noise: readonly number[];
  /** Columns with values; one without (millimetres, if no spacing is known) takes no memory. */
  readonly #columns = new Map<Column, Float64Array>();
  readonly #undefined: Float64Array;
  readonly pixelMm2: Float64Array;
  readonly #turnDice: Float32Array;
  readonly #turnIou: Float32Array;
  readonly #noiseDice: Float32Array;
  /** What is known of each sample: nothing, its metrics, or (without the object) whether it was answered by a mask. */
  readonly #states: Uint8Array;
  /** A patient's number from 0 on; for an image of which no patient is known −1 less the place of its first sample. */
  readonly #clusters: Int32Array;
  readonly #patientPlaces = new Map<string, number>();

  constructor(samples: number, draws: number, turns: number, noise: readonly number[] = []) {
    const rows = samples * draws;
    this.samples = samples;
    this.draws = draws;
    this.turns = turns;
    this.noise = noise;
    this.#undefined = new Float64Array(rows).fill(Number.NaN);
    this.pixelMm2 = new Float64Array(samples).fill(Number.NaN);
    // A single turn is the row itself.
    this.#turnDice = new Float32Array(turns > 1 ? rows * turns : 0);
    this.#turnIou = new Float32Array(turns > 1 ? rows * turns : 0);
    this.#noiseDice = new Float32Array(rows * noise.length);
    this.#states = new Uint8Array(samples);
    this.#clusters = new Int32Array(samples);
  }

  /** Fills the rows of a sample. @param rows one for each draw */
  set(sample: number, values: SampleValues, rows: readonly RowValues[]): void {
    this.#states[sample] = MEASURED;
    this.#describe(sample, values);
    for (const [draw, values] of rows.entries()) {
      const row = sample * this.draws + draw;
      for (const metric of METRICS) this.#put(metric, row, values.metrics[metric]);
      for (const name of VALUES) this.#put(name, row, values[name]);
      this.#noiseDice.set(values.noiseDice, row * this.noise.length);
      if (this.turns === 1) continue;
      this.#turnDice.set(values.turnDice, row * this.turns);
      this.#turnIou.set(values.turnIou, row * this.turns);
    }
  }

  #describe(sample: number, { pixelMm2, image, patient }: SampleValues): void {
    this.pixelMm2[sample] = pixelMm2;
    if (patient === undefined) {
      this.#clusters[sample] = -1 - image;
    } else {
      const place = this.#patientPlaces.get(patient) ?? this.#patientPlaces.size;
      this.#patientPlaces.set(patient, place);
      this.#clusters[sample] = place;
    }
  }

  #put(name: Column, row: number, value: number): void {
    if (Number.isNaN(value)) return;
    const column = this.#columns.get(name) ?? this.#undefined.slice();
    this.#columns.set(name, column);
    column[row] = value;
  }

  /** Records the answer to a sample whose label does not contain the class: it has no metrics. */
  setAbsent(sample: number, values: SampleValues, falsePositive: boolean, presence = Number.NaN): void {
    this.#describe(sample, values);
    this.#put('presence', sample * this.draws, presence);
    this.#states[sample] = falsePositive ? ABSENT_ANSWERED : ABSENT;
  }

  /** Whether the sample has metrics; one that failed, or whose label lacks the class, has none. */
  isDone(sample: number): boolean {
    return this.#states[sample] === MEASURED;
  }

  /** Of a sample whose label lacks the class: whether the model answered with a mask. Undefined for other samples. */
  falsePositive(sample: number): boolean | undefined {
    const state = this.#states[sample];
    return state === ABSENT || state === ABSENT_ANSWERED ? state === ABSENT_ANSWERED : undefined;
  }

  /**
   * All samples of a patient are a cluster; where no patient is known, all of an image. Undefined where each sample has
   * its own cluster: then samples serve as clusters.
   */
  clustersOf(samples: Uint32Array): Clusters | undefined {
    const patients = this.#patientPlaces.size;
    /** The numbers given so far: of patients, then of images by the place of their first sample. */
    const given = new Int32Array(patients + this.samples).fill(-1);
    const numbers = new Int32Array(samples.length);
    let [known, count] = [0, 0];
    for (let i = 0; i < samples.length; i++) {
      const cluster = this.#clusters[samples[i]!]!;
      if (cluster >= 0) known++;
      const at = cluster >= 0 ? cluster : patients - 1 - cluster;
      if (given[at] === -1) given[at] = count++;
      numbers[i] = given[at]!;
    }
    if (count === samples.length) return undefined;
    return { numbers, patients: known === 0 ? 'none' : known < samples.length ? 'some' : 'all' };
  }

  /** A column of all rows, not to be changed; row = sample · draws + draw. NaN where it is not defined. */
  column(name: Column): Float64Array {
    return this.#columns.get(name) ?? this.#undefined;
  }

  /** Dice of a row after turn 0 (the first prompt), 1, … */
  diceAfter(row: number, turn: number): number {
    return this.turns === 1 ? this.column('dice')[row]! : this.#turnDice[row * this.turns + turn]!;
  }

  /** IoU, as {@link diceAfter}. */
  iouAfter(row: number, turn: number): number {
    return this.turns === 1 ? this.column('iou')[row]! : this.#turnIou[row * this.turns + turn]!;
  }

  /** Dice of the first prompt at a level of noise, from 0. */
  diceWithNoise(row: number, level: number): number {
    return this.#noiseDice[row * this.noise.length + level]!;
  }

  /** The mean of a column over the draws of a sample that have a value; NaN if none has. */
  meanOverDraws(column: Float64Array, sample: number): number {
    let [sum, count] = [0, 0];
    for (let row = sample * this.draws; row < (sample + 1) * this.draws; row++) {
      const value = column[row]!;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return sum / count;
  }

  /** {@link meanOverDraws} of each sample; the column itself, not to be changed, where that is the same. */
  valuesOf(column: Float64Array, samples: Uint32Array): Float64Array {
    if (this.draws === 1 && samples.length === this.samples) return column;
    return columnOf(samples.length, (i) => this.meanOverDraws(column, samples[i]!));
  }
}
