/**
 * The work of `samus reproduce`: plans what the tables and figures need, runs what is not done yet, and writes each result
 * as soon as its last step is done.
 */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dataset } from '../data/dataset.js';
import { openDataset } from '../data/dataset.node.js';
import { type Json, SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { type Experiment, experimentsOf } from '../reproduce/experiments.js';
import {
  measurementsOf,
  type PlannedEvaluation,
  type PlanOptions,
  planOf,
  type ReproductionPlan,
  type Training,
} from '../reproduce/plan.js';
import { type Measured, rowsOf } from '../reproduce/results.js';
import { type Survey, surveyData } from '../reproduce/survey.js';
import { systemOf } from '../reproduce/systems.js';
import { hintAfterInterrupt } from './interrupt.js';
import { writeText } from './output.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { duration } from './progress.js';
import { type Finished, writeResult } from './reproduceResult.js';
import { measure, measured, rateOf, trainingRecord, trainSystem } from './reproduceSteps.js';
import type { Outcome } from './run.js';

/** How much work a comparison may take. */
export type Budget =
  | { readonly kind: 'smoke' | 'full' }
  | { readonly kind: 'hours' | 'samples'; readonly amount: number };

export interface ReproduceOptions {
  readonly data: string;
  readonly out: string;
  readonly budget: Budget;
  readonly trainList: string;
  readonly unseen?: readonly string[];
  readonly systems?: readonly string[];
  readonly training?: 'joint' | 'each';
  readonly promptChannel?: PlanOptions['promptChannel'];
  readonly seed: number;
  readonly seeds: number;
}

/** Samples that a system sees in the smoke test: enough for two steps of it and of its start. */
const SMOKE_SAMPLES = 8;
/** Share of the hours that is planned: machines are not equally fast all day. */
const PLANNED = 0.9;
/** How much longer an image of a training takes than one of an evaluation. */
const TRAINING_TO_MEASURING = 3;

/**
 * @throws SamusError REPRODUCE_NAME, REPRODUCE_SYSTEM, REPRODUCE_DATA, REPRODUCE_PLAN, REPRODUCE_BUDGET, and what the
 *   steps throw
 */
export async function reproduce(names: readonly string[], options: ReproduceOptions): Promise<Outcome> {
  const experiments = experimentsOf(names);
  for (const id of options.systems ?? []) systemOf(id);
  const data = await openDataset(options.data);
  const survey = await surveyData(data, { trainList: options.trainList, unseen: options.unseen ?? [] });
  await makeFolder(options.out);
  hintAfterInterrupt('run the same command again to continue');
  const planning: PlanOptions = {
    scale: scaleOf(options.budget),
    samples: undefined,
    seed: options.seed,
    seeds: options.seeds,
    each: (options.training ?? (options.budget.kind === 'full' ? 'each' : 'joint')) === 'each',
    ...(options.systems && { systems: options.systems }),
    ...(options.promptChannel && { promptChannel: options.promptChannel }),
  };
  const samples = await samplesWithin(experiments, survey, planning, options);
  const plan: PlanOptions = { ...planning, ...(samples !== undefined && { samples }) };
  return new Reproduction(data, survey, plan, options).run(experiments);
}

function scaleOf({ kind }: Budget): PlanOptions['scale'] {
  if (kind === 'smoke' || kind === 'full') return kind;
  return 'small';
}

class Reproduction {
  readonly #started = performance.now();
  /** Steps of this command that are done, and those still to be run. */
  #done = 0;
  #left = 0;

  constructor(
    private readonly data: Dataset,
    private readonly survey: Survey,
    private readonly plan: PlanOptions,
    private readonly options: ReproduceOptions,
  ) {}

  async run(experiments: readonly Experiment[]): Promise<Outcome> {
    this.#left = await this.#missing(planOf(experiments, this.survey, this.plan));
    const documents: { [key: string]: Json }[] = [];
    const lines: string[] = [];
    for (const experiment of experiments) {
      const measurements = measurementsOf(experiment, this.survey, this.plan);
      const results: Measured[] = [];
      for (const measurement of measurements) {
        results.push({ measurement, document: await this.#measured(measurement) });
      }
      const finished: Finished = {
        experiment,
        survey: this.survey,
        results,
        rows: rowsOf(experiment, this.survey, results),
        settings: this.#settings(),
      };
      const { document, files } = await writeResult(this.options.out, this.data, finished);
      documents.push(document);
      lines.push(...files);
    }
    const [only, ...others] = documents;
    const all = others.length === 0 && only ? only : { name: 'all', results: documents };
    await writeText(join(this.options.out, 'results.json'), `${JSON.stringify(all, null, 2)}\n`);
    return { document: { ...all, notice: NOTICE }, lines: [...lines, join(this.options.out, 'results.json'), NOTICE] };
  }

  #settings(): { [key: string]: Json } {
    const { budget, data, trainList, unseen = [], seed, seeds } = this.options;
    return {
      data: resolve(data),
      budget: budgetText(budget),
      samples: this.plan.samples ?? null,
      train_list: trainList,
      unseen,
      training: this.plan.each ? 'each' : 'joint',
      seed,
      seeds,
      version: packageVersion(),
    };
  }

  /** How many steps of a plan are to be run. */
  async #missing({ trainings, measurements }: ReproductionPlan): Promise<number> {
    const done = await Promise.all([
      ...trainings.map((training) => trainingRecord(this.options.out, training)),
      ...measurements.map((measurement) => measured(this.options.out, measurement)),
    ]);
    return done.filter((record) => record === undefined).length;
  }

  /** Trains a system, and what it starts from, unless that is done. */
  async #trained(training: Training): Promise<void> {
    if (training.from) await this.#trained(training.from);
    if (await trainingRecord(this.options.out, training)) return;
    await this.#step(`training ${this.#name(training)}`, () => trainSystem(this.options.out, training));
  }

  async #measured(measurement: PlannedEvaluation): Promise<Json> {
    const known = await measured(this.options.out, measurement);
    if (known !== undefined) return known;
    const { training, asked } = measurement;
    await this.#trained(training);
    return this.#step(`measuring ${this.#name(training)}, ${asked.title}`, () =>
      measure(this.options.out, measurement),
    );
  }

  #name({ system, dataset, seed }: Training): string {
    return [system.title, ...(dataset === undefined ? [] : [`on ${dataset}`]), `seed ${seed}`].join(', ');
  }

  /** Announces and runs a step. The time left is that of as many steps of the length of those so far. */
  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const elapsed = performance.now() - this.#started;
    const rest = this.#done === 0 ? '' : `, about ${duration((elapsed / this.#done) * this.#left)} left`;
    process.stderr.write(`step ${this.#done + 1} of ${this.#done + this.#left}: ${what}${rest}\n`);
    const result = await work();
    this.#done++;
    this.#left--;
    return result;
  }
}

function budgetText(budget: Budget): string {
  return 'amount' in budget ? `${budget.kind}:${budget.amount}` : budget.kind;
}

/**
 * Samples for each system within the budget; undefined for the published epochs. The number is kept in DIR/plan.json, so
 * that further tables and a continued run reuse what is trained.
 * @throws SamusError REPRODUCE_PLAN if DIR holds a plan of other settings, REPRODUCE_BUDGET if the hours are too few
 */
async function samplesWithin(
  experiments: readonly Experiment[],
  survey: Survey,
  planning: PlanOptions,
  options: ReproduceOptions,
): Promise<number | undefined> {
  const { budget, out, trainList, unseen = [] } = options;
  const path = join(out, 'plan.json');
  const asked = { data: resolve(options.data), budget: budgetText(budget), trainList, unseen: [...unseen].sort() };
  if (await exists(path)) {
    const { samples, ...planned } = JSON.parse(await readFile(path, 'utf8'));
    if (JSON.stringify(planned) !== JSON.stringify(asked)) {
      const message = `expected the settings of the runs in ${out}, ${JSON.stringify(planned)}, got ${JSON.stringify(asked)}`;
      throw new SamusError('REPRODUCE_PLAN', message, 'use these settings, or another folder with --out');
    }
    return samples ?? undefined;
  }
  const samples = await samplesOf(budget, () => affordable(experiments, survey, planning, options));
  await writeText(path, `${JSON.stringify({ ...asked, samples: samples ?? null }, null, 2)}\n`);
  return samples;
}

async function samplesOf(budget: Budget, within: () => Promise<number>): Promise<number | undefined> {
  switch (budget.kind) {
    case 'full':
      return undefined;
    case 'smoke':
      return SMOKE_SAMPLES;
    case 'samples':
      return budget.amount;
    case 'hours':
      return within();
  }
}

/** What the hours allow: a few steps of each training show how long a sample takes. */
async function affordable(
  experiments: readonly Experiment[],
  survey: Survey,
  planning: PlanOptions,
  { budget, out }: ReproduceOptions,
): Promise<number> {
  const hours = 'amount' in budget ? budget.amount : 0;
  // Of this many samples, each training says which share of them is its own.
  const unit = 1e6;
  const { trainings, measurements } = planOf(experiments, survey, { ...planning, samples: unit });
  const measuredImages = survey.datasets.reduce((sum, { samples: { val, test } }) => sum + (test || val), 0);
  const known = new Map<string, { readonly step: number; readonly around: number }>();
  let [fixed, perSample] = [0, 0];
  for (const [i, training] of trainings.entries()) {
    const { system, config, batch, steps = 0 } = training;
    const key = JSON.stringify([system.id, config]);
    process.stderr.write(`timing ${system.title}, ${i + 1} of ${trainings.length}\n`);
    const rate = known.get(key) ?? (await rateOf(out, training));
    known.set(key, rate);
    fixed += rate.around;
    perSample += (rate.step * steps) / unit;
    const measuring = (rate.step / batch / TRAINING_TO_MEASURING) * measuredImages;
    fixed += measuring * measurements.filter((one) => one.training.id === training.id).length;
  }
  const samples = Math.floor((hours * 3600 * PLANNED - fixed) / perSample);
  const least = Math.max(...trainings.map(({ batch }) => batch)) * 2;
  if (samples >= least) return samples;
  const needed = (fixed + perSample * least) / PLANNED / 3600;
  const message = `expected at least ${needed.toFixed(2)} hours for ${trainings.length} trainings, got ${hours}`;
  throw new SamusError('REPRODUCE_BUDGET', message, 'allow more hours, or fewer systems with --systems');
}
