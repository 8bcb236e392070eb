/**
 * The plan of a reproduction: the trainings and evaluations that its tables and figures need, each once, as command lines
 * of `samus train` and `samus evaluate`. Nothing runs here.
 */
import { createHash } from 'node:crypto';
import type { ModelConfig } from '../models/architecture.js';
import { architectureOf } from '../models/registry.js';
import { type Asked, BOX, CLICK, type Experiment, NOTHING } from './experiments.js';
import type { Survey, SurveyedDataset } from './survey.js';
import {
  configOf,
  GROUPS,
  type PromptChannel,
  type Scale,
  type System,
  systemOf,
  systemsWithChannel,
} from './systems.js';

/** One model to train. */
export interface Training {
  /** Also the name of its folder. */
  readonly id: string;
  readonly system: System;
  readonly config: ModelConfig;
  /** The dataset, where one model is trained on each. */
  readonly dataset?: string;
  readonly seed: number;
  /** The training whose weights it starts from. */
  readonly from?: Training;
  /** Images in a step. */
  readonly batch: number;
  /** Steps; undefined: as many epochs as published. */
  readonly steps: number | undefined;
  /** Options of `samus train`, without those of its folders: --model, --from and --out. */
  readonly args: readonly string[];
}

/** One model measured in one way. */
export interface PlannedEvaluation {
  readonly id: string;
  readonly training: Training;
  readonly asked: Asked;
  /** Options of `samus evaluate`, without --model. */
  readonly args: readonly string[];
}

export interface ReproductionPlan {
  readonly trainings: readonly Training[];
  readonly measurements: readonly PlannedEvaluation[];
}

export interface PlanOptions {
  readonly scale: Scale;
  /** Samples that each system sees in all; undefined: the published epochs. */
  readonly samples: number | undefined;
  /** The first seed, and how many trainings of each system there are. */
  readonly seed: number;
  readonly seeds: number;
  /** Whether systems are trained on each dataset by itself where the paper does so. */
  readonly each: boolean;
  /** Ids of the systems to keep; all without. */
  readonly systems?: readonly string[];
  /** Whether networks for one task are also trained with a prompt as a further input channel. */
  readonly promptChannel?: PromptChannel;
}

/** Images in a step of the common recipe. Batch norm needs two. */
const BATCH: Readonly<Record<Scale, number>> = { smoke: 2, small: 8, full: 8 };
/** Share of a system's samples that its start has seen. */
const SHARE_OF_START = 0.5;
/** Share of the training samples to validate on where no list does. */
const HELD_OUT = 0.1;
/** Share of the steps over which the learning rate of the common recipe rises. */
const WARMUP = 0.05;

export function planOf(experiments: readonly Experiment[], survey: Survey, options: PlanOptions): ReproductionPlan {
  const trainings = new Map<string, Training>();
  const measurements = new Map<string, PlannedEvaluation>();
  for (const experiment of experiments) {
    for (const measurement of measurementsOf(experiment, survey, options)) {
      measurements.set(measurement.id, measurement);
      const { training } = measurement;
      for (const one of [training.from?.from, training.from, training]) if (one) trainings.set(one.id, one);
    }
  }
  return { trainings: [...trainings.values()], measurements: [...measurements.values()] };
}

/** What an experiment measures, in its order. */
export function measurementsOf(experiment: Experiment, survey: Survey, options: PlanOptions): PlannedEvaluation[] {
  if (!experiment.group) return [];
  const { systems: kept, promptChannel } = options;
  const group = GROUPS[experiment.group].filter(({ id }) => kept === undefined || kept.includes(id));
  const channelled = experiment.group === 'specialists' && promptChannel !== undefined;
  const systems = channelled ? group.flatMap((system) => systemsWithChannel(system, promptChannel)) : group;
  const datasets = experiment.each && options.each ? survey.datasets.filter(({ seen }) => seen) : [undefined];
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i);
  return systems.flatMap((system) =>
    datasets.flatMap((dataset) =>
      seeds.flatMap((seed) => {
        const training = trainingOf(system, survey, options, seed, dataset);
        const prompted = architectureOf(training.config).task === 'prompted';
        const asked = experiment.asked ?? [prompted ? CLICK : askedOf(system)];
        return asked.map((one) => measurementOf(training, one, survey, dataset));
      }),
    ),
  );
}

/** A network with a prompt as a channel gets this prompt. */
function askedOf({ promptChannel }: System): Asked {
  if (promptChannel === undefined) return NOTHING;
  return promptChannel === 'box' ? BOX : CLICK;
}

function measurementOf(training: Training, asked: Asked, survey: Survey, own?: SurveyedDataset): PlannedEvaluation {
  const organ = own?.name.split('-')[0];
  // A model of one dataset is measured on it, and on unseen ones of its organ.
  const measured = survey.datasets.filter(
    ({ name, seen }) => own === undefined || name === own.name || (!seen && name.split('-')[0] === organ),
  );
  const lists = [...new Set(measured.flatMap(({ measuredOn }) => measuredOn ?? []))];
  const args = ['--data', survey.root, '--list', lists.join(','), ...asked.args];
  return { id: `${training.id}.${asked.id}`, training, asked, args };
}

function trainingOf(
  system: System,
  survey: Survey,
  options: PlanOptions,
  seed: number,
  dataset?: SurveyedDataset,
): Training {
  const { scale, samples } = options;
  const common = scale !== 'full';
  // All systems of a comparison start from the same model.
  const start = system.from && trainingOf(systemOf(system.from), survey, options, options.seed, dataset);
  const config = configOf(system, scale, dataset?.classes ?? 2);
  const batch = BATCH[scale];
  const half = start !== undefined || isStart(system);
  const own = samples === undefined ? undefined : samples * (half ? SHARE_OF_START : 1);
  const steps = own === undefined ? undefined : Math.max(1, Math.round(own / batch));
  const args = [
    ...['--data', survey.root, '--train-list', survey.trainList],
    ...(survey.valList === undefined ? ['--hold-out', String(HELD_OUT)] : ['--val-list', survey.valList]),
    ...survey.datasets
      .filter(({ name, seen, samples: { train } }) => train > 0 && (dataset ? name !== dataset.name : !seen))
      .flatMap(({ name }) => ['--repeat', `${name}=0`]),
    ...['--seed', String(seed)],
    ...(steps === undefined ? [] : ['--steps', String(steps), '--validate-steps', String(steps)]),
    ...(common ? commonRecipe(batch, steps ?? 1) : []),
    ...(isStart(system) ? ['--recipe', 'multi-prompt', '--rounds', '2'] : []),
  ];
  const identity = JSON.stringify([system, config, args, start?.id]);
  const hash = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  const id = [system.id, ...(dataset ? [dataset.name] : []), `seed${seed}`, hash].join('-');
  return {
    id,
    system,
    config,
    seed,
    batch,
    steps,
    args,
    ...(dataset && { dataset: dataset.name }),
    ...(start && { from: start }),
  };
}

/** Whether others start from it; it then has to learn clicks and boxes. */
function isStart({ from, id }: System): boolean {
  return from === undefined && id === GROUPS.foundation[0]?.id;
}

/** The same optimizer, rate and schedule for all; loss, augmentation and trained weights stay those of each publication. */
function commonRecipe(batch: number, steps: number): string[] {
  return [
    ...['--batch', String(batch), '--optimizer', 'adamw', '--weight-decay', '0.01', '--lr', '0.0005'],
    ...['--schedule', 'cosine', '--warmup', String(Math.round(steps * WARMUP))],
  ];
}

/** Samples that a system has seen, those of its start included; undefined for the published epochs. */
export function samplesOf({ steps, batch, from }: Training): number | undefined {
  if (steps === undefined) return undefined;
  return steps * batch + (from ? (samplesOf(from) ?? 0) : 0);
}
