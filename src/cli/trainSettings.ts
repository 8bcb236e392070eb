/**
 * Turns the options of `samus train` into a configuration. Defaults are the published recipe; another run's
 * configuration overrides them, options override both.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import type { StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { channelledConfig, parseConfig } from '../models/configFile.js';
import { architectureOf, presets, promptedOf } from '../models/registry.js';
import { defaultStart, startOf } from '../models/startFrom.js';
import { Random } from '../nn/random.js';
import { initialOf, type Situation } from '../train/settingKinds.js';
import { alternativeOf, DEFAULT_SEED, flagOf, isSet, SETTING_ROWS, SETTINGS } from '../train/settings.js';
import { readSettings, type SettingValues, type TrainingConfig, trainingConfig } from '../train/trainingConfig.js';
import { pretrained } from './modelsInit.js';
import { readConfigFile, readModel } from './openModel.js';
import { conflict } from './run.js';
import { type ProfileName, profiled } from './trainProfile.js';

export interface TrainOptions {
  /** The settings given as options. */
  readonly settings: SettingValues;
  readonly config?: string;
  readonly model?: string;
  readonly from?: string;
  readonly out?: string;
  readonly resume?: string;
  /** A further input channel for networks that take no prompts. */
  readonly promptChannel?: NonNullable<ModelConfig['promptChannel']>;
  readonly epochs?: number;
  readonly profile?: ProfileName;
  readonly readers?: number;
  readonly json?: boolean;
}

/** Counts the samples in an epoch. */
type EpochSamples = (data: TrainingConfig['data'], repeat: TrainingConfig['repeat']) => Promise<number>;

/** What a training takes from another run. */
export interface Base {
  readonly values: SettingValues;
  readonly model?: ModelConfig;
  readonly from: string | null;
}

export const NO_BASE: Base = { values: {}, from: null };

/** The settings in the file of `--config`. @throws SamusError CONFIG_UNREADABLE, CONFIG_INVALID, CONFIG_FIELD, TRAIN_CONFIG_INVALID */
export async function readBase(path: string): Promise<Base> {
  const { values, model, from } = readSettings(await readConfigFile(path), 'refuse');
  const preset = typeof model === 'string' ? presets().get(model) : undefined;
  return { values, from, ...(model !== undefined && { model: preset ?? parseConfig(model).config }) };
}

/** The folder of a new run. @throws SamusError USAGE_MISSING_OPTION naming everything that a training needs and lacks */
export function newFolder(options: TrainOptions, base: Base): string {
  const { out, model = base.model, from = base.from, settings } = options;
  const missing = [
    ...(out === undefined ? ['--out'] : []),
    ...(model === undefined && from === null ? ['--model'] : []),
    ...missingOptions({ ...base.values, ...withData(settings) }),
  ];
  if (out !== undefined && missing.length === 0) return out;
  const hint = 'name them, or continue a run with --resume RUN; samus train --help has examples';
  throw new SamusError('USAGE_MISSING_OPTION', `missing required ${optionsText(missing)}`, hint);
}

/** What a training starts from. */
export interface Start {
  readonly model: ModelConfig;
  /** The value of `config.from`: a path, or the name of a bundled model. */
  readonly from: string | null;
  /** Empty if all weights are random. */
  readonly weights: StateDict;
}

/**
 * From `--model` and `--from`, else from the base.
 * @throws SamusError USAGE_MISSING_OPTION, TRAIN_FROM if the checkpoint does not fit the model, MODEL_…, CONFIG_…
 */
export async function findStart(options: TrainOptions, base: Base): Promise<Start> {
  const { promptChannel } = options;
  const start = await startWithoutChannel(options, base);
  return promptChannel === undefined ? start : { ...start, model: channelledConfig(start.model, promptChannel) };
}

async function startWithoutChannel(options: TrainOptions, base: Base): Promise<Start> {
  const { model } = options;
  const from = options.from ?? base.from ?? undefined;
  const named = model === undefined ? base.model : await configNamed(model);
  const source = from ?? model;
  const files = backbonesIn({ ...base.values, ...options.settings });
  if (files.length > 0 && from !== undefined) throw conflict('--backbone', '--from');
  if (named && from === undefined) {
    const weights = files.length > 0 ? await pretrained(named, files, seedOf(options, base)) : new Map();
    return { model: named, from: null, weights };
  }
  if (source === undefined) {
    const hint = `name ${[...presets().keys()].join(', ')}, a model folder or a config.json, or a checkpoint with --from`;
    throw new SamusError('USAGE_MISSING_OPTION', '--model is missing', hint);
  }
  const asked = named ?? (from !== undefined && model !== undefined ? (await readModel(model)).config : undefined);
  const { config, tensors } = await readModel(source);
  // SAM weights become a SAMUS, unless --model asks for a SAM.
  const other = from === undefined ? undefined : defaultStart(config);
  const target = asked ?? (other && startOf(other, config)?.config()) ?? config;
  return {
    model: target,
    from: (await exists(source)) ? resolve(source) : source,
    weights: fitted(source, config, tensors, target, seedOf(options, base)),
  };
}

function backbonesIn({ backbone = [] }: SettingValues): readonly string[] {
  return SETTINGS.backbone.kind.accepts(backbone) ? backbone : [];
}

function fitted(source: string, config: ModelConfig, tensors: StateDict, target: ModelConfig, seed: number): StateDict {
  if (config.architecture === target.architecture) return tensors;
  const start = startOf(architectureOf(target), config);
  if (start) return start.weights(tensors, target, Random.seeded(seed));
  const [wanted, got] = [target, config].map((model) => architectureOf(model).title);
  const message = `expected a checkpoint of ${wanted}, got ${got} in ${source}`;
  throw new SamusError('TRAIN_FROM', message, 'name another checkpoint, or leave out --model', {
    from: source,
  });
}

async function configNamed(model: string): Promise<ModelConfig | undefined> {
  const preset = presets().get(model);
  if (preset || !model.endsWith('.json')) return preset;
  return parseConfig(await readConfigFile(model)).config;
}

/**
 * The configuration of a run: options, else the base, else the published recipe.
 * @param samples counts the samples of an epoch, to convert epochs to steps
 * @throws SamusError USAGE_MISSING_OPTION, USAGE_CONFLICT, MODEL_PROMPTS, TRAIN_PROFILE, TRAIN_CONFIG_INVALID
 */
export async function configure(
  options: TrainOptions,
  base: Base,
  start: Pick<Start, 'model' | 'from'>,
  samples: EpochSamples,
): Promise<TrainingConfig> {
  const { settings, epochs, profile } = options;
  const values: SettingValues = { ...base.values, ...withData(settings) };
  const data = dataOf(values);
  if (epochs !== undefined && settings.steps !== undefined) throw conflict('--epochs', '--steps');
  for (const name of ['batch', 'accumulate']) {
    if (profile !== undefined && settings[name] !== undefined) throw conflict('--profile', `--${name}`);
  }
  const counted = epochs !== undefined || values.steps === undefined || values.validateSteps === undefined;
  const { repeat } = values;
  const inEpoch = counted ? await samples(data, SETTINGS.repeat.kind.accepts(repeat) ? repeat : {}) : 0;
  if (SETTING_ROWS.some(([name, { prompted }]) => prompted && settings[name] !== undefined)) promptedOf(start.model);
  const complete = (known: SettingValues) => withDefaults(known, start, inEpoch, epochs);
  const all = complete(values);
  for (const [name, { only }] of SETTING_ROWS) {
    if (!only || settings[name] === undefined || only.holds(situationOf(all, start, inEpoch))) continue;
    const hint = `leave it out, or add ${only.with}`;
    throw new SamusError('USAGE_CONFLICT', `${flagOf(name)} needs ${only.with}`, hint);
  }
  const config = trainingConfig(all, start.model, start.from);
  if (profile === undefined) return config;
  const fitting = profiled(profile, config, architectureOf(start.model).published.settings.batch);
  return trainingConfig(complete({ ...values, ...fitting }), start.model, start.from);
}

/** Adds defaults; a default may depend on rows above it. */
function withDefaults(
  known: SettingValues,
  start: Pick<Start, 'model' | 'from'>,
  inEpoch: number,
  epochs: number | undefined,
): SettingValues {
  const values: Record<string, unknown> = { ...known };
  for (const [name, row] of SETTING_ROWS) {
    const situation = situationOf(values, start, inEpoch);
    values[name] ??= initialOf(row, situation);
    if (name === 'steps' && epochs !== undefined) values.steps = situation.stepsIn(epochs);
  }
  return values;
}

function situationOf(
  values: SettingValues,
  { model, from }: Pick<Start, 'model' | 'from'>,
  inEpoch: number,
): Situation {
  const architecture = architectureOf(model);
  return {
    recipe: String(values['recipe.kind']),
    prompts: String(values.prompts),
    optimizer: String(values.optimizer),
    schedule: String(values.schedule),
    fromScratch: from === null,
    takes: architecture.task === 'prompted' ? architecture.prompts : [],
    objectScore: model.objectScore === true,
    published: architecture.published.settings,
    cores: availableParallelism(),
    stepsIn: (epochs) => Math.ceil((epochs * inEpoch) / (Number(values.batch) * Number(values.accumulate))),
  };
}

/** Settings with an absolute data path; of two alternatives, the given one unsets the other. */
function withData(settings: SettingValues): SettingValues {
  const { 'data.root': root } = settings;
  const unset = SETTING_ROWS.flatMap(([name]): [string, unknown][] => {
    const other = isSet(name, settings) ? alternativeOf(name) : undefined;
    if (!other) return [];
    if (isSet(other.name, settings)) throw conflict(flagOf(name), flagOf(other.name));
    return [[other.name, other.unset]];
  });
  return {
    ...settings,
    ...(root !== undefined && { 'data.root': resolve(String(root)) }),
    ...(settings.backbone !== undefined && { backbone: backbonesIn(settings).map((file) => resolve(file)) }),
    ...Object.fromEntries(unset),
  };
}

function dataOf(values: SettingValues): TrainingConfig['data'] {
  const { 'data.root': root, 'data.train': train, 'data.val': val = [], 'data.holdOut': holdOut = 0 } = values;
  const missing = missingOptions(values);
  const { accepts } = SETTINGS['data.val'].kind;
  if (
    missing.length === 0 &&
    SETTINGS['data.root'].kind.accepts(root) &&
    SETTINGS['data.train'].kind.accepts(train) &&
    accepts(val) &&
    SETTINGS['data.holdOut'].kind.accepts(holdOut)
  ) {
    return { root, train, val, holdOut };
  }
  const hint = 'name the dataset folder, the training lists, and validation lists or a share to hold out';
  throw new SamusError('USAGE_MISSING_OPTION', `missing required ${optionsText(missing)}`, hint);
}

/** The options that a training needs and lacks. */
function missingOptions(values: SettingValues): string[] {
  return SETTING_ROWS.flatMap(([name, { required }]) => {
    const other = alternativeOf(name);
    const names = other ? [name, other.name] : [name];
    return !required || names.some((one) => isSet(one, values)) ? [] : [names.map(flagOf).join(' or ')];
  });
}

function optionsText(names: readonly string[]): string {
  return `option${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}

function seedOf({ settings }: TrainOptions, { values }: Base): number {
  const seed = settings.seed ?? values.seed;
  return SETTINGS.seed.kind.accepts(seed) ? seed : DEFAULT_SEED;
}
