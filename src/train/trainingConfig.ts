/**
 * Everything that decides what a training does: what `RUN/config.json` holds. Two runs of one configuration on one
 * machine give the same weights, bit for bit.
 */
import { type Json, SamusError } from '../errors.js';
import { isFields } from '../formats/jsonFields.js';
import type { ModelConfig } from '../models/architecture.js';
import { parseConfig } from '../models/configFile.js';
import { NODE_PROVIDERS } from '../runtime/session.js';
import { PROMPT_KINDS, type PromptKind } from './drawPrompt.js';
import type { Recipe } from './gradientGraph.js';
import { SCHEDULES } from './schedule.js';
import { AUGMENTATIONS, type Augmentation } from './trainingSample.js';

export interface TrainingConfig {
  readonly data: {
    readonly root: string;
    readonly train: readonly string[];
    /** What is validated on; the best checkpoint is chosen by it. */
    readonly val: readonly string[];
    /** Share of the training lists that is validated on in place of `val`, and not trained on (see holdOut.ts). */
    readonly holdOut: number;
  };
  /** What the best validation has most of: Dice over all samples as published, or over the means of their classes. */
  readonly choose: 'samples' | 'classes';
  readonly model: ModelConfig;
  /** What the weights start from: a checkpoint, or null for random numbers. */
  readonly from: string | null;
  readonly seed: number;
  /** Optimiser steps of the whole training. */
  readonly steps: number;
  /** Images of one run of the graph. */
  readonly batch: number;
  /** Runs of the graph whose gradients are averaged for one step. The published Dice sums over one run's batch only. */
  readonly accumulate: number;
  readonly recipe: Recipe;
  readonly prompts: PromptKind;
  /** Share of the single clicks that are the published evaluation click, in the middle of the object's pixels. */
  readonly middleClicks: number;
  readonly augment: Augmentation;
  readonly optimizer: 'adam' | 'adamw';
  readonly weightDecay: number;
  readonly learningRate: number;
  readonly schedule: (typeof SCHEDULES)[number];
  readonly warmup: number;
  readonly clip: number | null;
  readonly ema: number | null;
  /** `published`: the subset that the publication trains; `all`: everything. */
  readonly trained: 'published' | 'all';
  /** Beginnings of names of weights that stay as they are. */
  readonly freeze: readonly string[];
  /** What the learning rate is multiplied by, by the beginning of the weight's name; the longest that fits counts. */
  readonly rates: Readonly<Record<string, number>>;
  /** Steps between validations. */
  readonly validateSteps: number;
  /** Steps between checkpoints, those at validations not counted; 0 for none. */
  readonly checkpointSteps: number;
  /** Validations without a better one after which the training ends; 0 for never. */
  readonly patience: number;
  /** Steps between lines of `metrics.jsonl`. */
  readonly logSteps: number;
  /** Threads of one operation; part of the configuration because the order of sums may hang on it. */
  readonly threads: number;
  /** What computes; part of the configuration because each sums in an order of its own. */
  readonly provider: (typeof NODE_PROVIDERS)[number];
  /** How often a dataset's samples come in an epoch, by its name; once if not named. */
  readonly repeat: Readonly<Record<string, number>>;
}

/** The configuration in a parsed `config.json`. @throws SamusError TRAIN_CONFIG_INVALID, CONFIG_FIELD */
export function parseTrainingConfig(json: unknown): TrainingConfig {
  const fields = object(json, 'config.json');
  const data = object(fields.data, 'data');
  if (Number(data.holdOut) > 0 && texts(data.val, 'data.val').length > 0) {
    throw invalid('data.val', 'empty where data.holdOut is above 0');
  }
  const number = (name: string, low: number, high = Number.MAX_SAFE_INTEGER) => inRange(fields[name], name, low, high);
  const whole = (name: string, low: number) => wholeNumber(fields[name], name, low);
  const orNull = (name: string, low: number, high?: number) => (fields[name] === null ? null : number(name, low, high));
  return {
    data: {
      root: text(data.root, 'data.root'),
      train: texts(data.train, 'data.train'),
      val: texts(data.val, 'data.val'),
      holdOut: inRange(data.holdOut, 'data.holdOut', 0, 0.5),
    },
    choose: oneOf(fields.choose, 'choose', ['samples', 'classes']),
    model: parseConfig(fields.model).config,
    from: fields.from === null ? null : text(fields.from, 'from'),
    seed: whole('seed', 0),
    steps: whole('steps', 1),
    batch: whole('batch', 1),
    accumulate: whole('accumulate', 1),
    recipe: recipe(fields.recipe),
    prompts: oneOf(fields.prompts, 'prompts', PROMPT_KINDS),
    // Older runs do not name it.
    middleClicks: inRange(fields.middleClicks ?? 0, 'middleClicks', 0, 1),
    augment: oneOf(fields.augment, 'augment', AUGMENTATIONS),
    optimizer: oneOf(fields.optimizer, 'optimizer', ['adam', 'adamw']),
    weightDecay: number('weightDecay', 0, 1),
    learningRate: number('learningRate', Number.MIN_VALUE, 1),
    schedule: oneOf(fields.schedule, 'schedule', SCHEDULES),
    warmup: whole('warmup', 0),
    clip: orNull('clip', Number.MIN_VALUE),
    // Below 1: of a mean that keeps all of itself nothing is left to learn.
    ema: orNull('ema', 0, 1 - Number.EPSILON),
    trained: oneOf(fields.trained, 'trained', ['published', 'all']),
    freeze: texts(fields.freeze, 'freeze'),
    rates: numbers(fields.rates, 'rates', (value, name) => inRange(value, name, 0, 1000)),
    validateSteps: whole('validateSteps', 1),
    checkpointSteps: whole('checkpointSteps', 0),
    patience: whole('patience', 0),
    logSteps: whole('logSteps', 1),
    threads: whole('threads', 1),
    // Older runs do not name it.
    provider: oneOf(fields.provider ?? 'cpu', 'provider', NODE_PROVIDERS),
    repeat: numbers(fields.repeat, 'repeat', (value, name) => wholeNumber(value, name, 0)),
  };
}

/** The text of `config.json`. */
export function serialiseTrainingConfig(config: TrainingConfig): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}

/**
 * Names of the settings in which two configurations differ. Where the data lie is none: a run may go on in another
 * place, and the lists themselves are compared.
 */
export function differences(a: TrainingConfig, b: TrainingConfig): string[] {
  const flat = (config: TrainingConfig): Record<string, unknown> => {
    const { data, ...rest } = config;
    return { ...rest, 'data.train': data.train, 'data.val': data.val, 'data.holdOut': data.holdOut };
  };
  const [left, right] = [flat(a), flat(b)];
  return Object.keys(left).filter((name) => canonical(left[name]) !== canonical(right[name]));
}

/** JSON with sorted names, to compare. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function recipe(value: unknown): Recipe {
  const { kind, rounds } = object(value, 'recipe');
  if (oneOf(kind, 'recipe.kind', ['published', 'multi-prompt']) === 'published') return { kind: 'published' };
  return { kind: 'multi-prompt', rounds: wholeNumber(rounds, 'recipe.rounds', 1) };
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (isFields(value)) return { ...value };
  throw invalid(name, 'an object');
}

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw invalid(name, 'a text');
}

function texts(value: unknown, name: string): string[] {
  if (Array.isArray(value)) return value.map((entry) => text(entry, name));
  throw invalid(name, 'a list of texts');
}

function inRange(value: unknown, name: string, low: number, high: number): number {
  if (typeof value === 'number' && value >= low && value <= high) return value;
  throw invalid(name, `a number from ${low} to ${high}`);
}

function wholeNumber(value: unknown, name: string, low: number): number {
  if (Number.isSafeInteger(value) && Number(value) >= low) return Number(value);
  throw invalid(name, `a whole number, at least ${low}`);
}

function numbers(
  value: unknown,
  name: string,
  check: (value: unknown, name: string) => number,
): Record<string, number> {
  const entries = Object.entries(object(value, name));
  return Object.fromEntries(entries.map(([key, entry]) => [key, check(entry, `${name}.${key}`)]));
}

function oneOf<const T extends Json>(value: unknown, name: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw invalid(name, `one of ${choices.join(', ')}`);
}

function invalid(name: string, expected: string): SamusError {
  return new SamusError(
    'TRAIN_CONFIG_INVALID',
    `${name} of a training's configuration must be ${expected}`,
    'correct it, or start a new run',
    { field: name },
  );
}
