/**
 * From the options of `samus train` to a configuration: the published recipe where nothing else is said.
 */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import type { StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { parseConfig } from '../models/configFile.js';
import { architectureOf, presets } from '../models/registry.js';
import { startableFrom, startOf } from '../models/startFrom.js';
import { Random } from '../nn/random.js';
import type { TrainingConfig } from '../train/trainingConfig.js';
import { readConfigFile } from './configFile.js';
import { readModel } from './openModel.js';
import type { TrainOptions } from './trainOptions.js';
import { profiled } from './trainProfile.js';

export const DEFAULT_SEED = 1234;

/** Counts the samples of an epoch. */
type EpochSamples = (data: TrainingConfig['data'], repeat: TrainingConfig['repeat']) => Promise<number>;

/** What a training starts from. */
export interface Start {
  readonly model: ModelConfig;
  /** What `config.from` says of it: a path, or the name of a bundled model. */
  readonly from: string | null;
  /** None where all are drawn. */
  readonly weights: StateDict;
}

/**
 * What `--model` and `--from` say.
 * @throws SamusError USAGE_MISSING_OPTION, TRAIN_FROM if the checkpoint does not fit the model, MODEL_…, CONFIG_…
 */
export async function findStart(model: string | undefined, from: string | undefined, seed: number): Promise<Start> {
  if (model === undefined && from === undefined) {
    const hint = `name ${[...presets().keys()].join(', ')}, a model folder or a config.json, or a checkpoint as --from`;
    throw new SamusError('USAGE_MISSING_OPTION', 'the model to train was expected as --model', hint);
  }
  const named = model === undefined ? undefined : await configNamed(model);
  const source = from ?? model!;
  if (named && from === undefined) return { model: named, from: null, weights: new Map() };
  const asked = named ?? (from !== undefined && model !== undefined ? (await readModel(model)).config : undefined);
  const { config, tensors } = await readModel(source);
  // Weights of SAM become a SAMUS unless a SAM is asked for; a SAM named as --model is.
  const [other] = from === undefined ? [] : startableFrom(config);
  const target = asked ?? (other && startOf(other, config)?.config()) ?? config;
  return {
    model: target,
    from: (await exists(source)) ? resolve(source) : source,
    weights: fitted(source, config, tensors, target, seed),
  };
}

function fitted(source: string, config: ModelConfig, tensors: StateDict, target: ModelConfig, seed: number): StateDict {
  if (config.architecture === target.architecture) return tensors;
  const start = startOf(architectureOf(target), config);
  if (start) return start.weights(tensors, target, Random.seeded(seed));
  const [wanted, came] = [target, config].map((model) => architectureOf(model).title);
  const message = `expected a checkpoint of ${wanted}, got ${came} in ${source}`;
  throw new SamusError('TRAIN_FROM', message, 'name another checkpoint, or leave --model out', {
    from: source,
  });
}

async function configNamed(model: string): Promise<ModelConfig | undefined> {
  const preset = presets().get(model);
  if (preset || !model.endsWith('.json')) return preset;
  return parseConfig(await readConfigFile(model)).config;
}

/**
 * The configuration of a new run.
 * @param samples counts those of an epoch, to turn epochs into steps
 * @throws SamusError USAGE_MISSING_OPTION, USAGE_CONFLICT, TRAIN_PROFILE
 */
export async function newConfig(options: TrainOptions, start: Start, samples: EpochSamples): Promise<TrainingConfig> {
  const data = dataOf(options);
  const published = architectureOf(start.model).published.settings;
  const repeat = options.repeat ?? {};
  if (options.epochs !== undefined && options.steps !== undefined) {
    throw conflict('one of --epochs and --steps was expected, both came', 'leave one out');
  }
  checkRounds(options, options.recipe ?? 'published');
  if (options.weightDecay !== undefined && options.optimizer !== 'adamw') {
    throw conflict('--weight-decay was expected with --optimizer adamw only', 'leave it out, or add --optimizer adamw');
  }
  const prompts = options.prompts ?? (options.recipe === 'multi-prompt' ? 'mixed' : 'point');
  if (options.middleClicks !== undefined && prompts !== 'point' && prompts !== 'mixed') {
    throw conflict(`--middle-clicks was expected with single clicks only, the prompts are ${prompts}`, 'leave it out');
  }
  const recipe =
    options.recipe === 'multi-prompt'
      ? ({ kind: 'multi-prompt', rounds: options.rounds ?? 3 } as const)
      : ({ kind: 'published' } as const);
  const trained = options.train ?? (start.from === null ? 'all' : 'published');
  const perStep = perStepOf(options, { model: start.model, trained, recipe }, published.batch);
  const inEpoch = await samples(data, repeat);
  return {
    data,
    choose: options.choose ?? 'samples',
    model: start.model,
    from: start.from,
    seed: options.seed ?? DEFAULT_SEED,
    steps: options.steps ?? stepsOf(options.epochs ?? published.epochs, inEpoch, perStep),
    ...perStep,
    recipe,
    prompts,
    middleClicks: options.middleClicks ?? 0,
    augment: options.augment ?? 'published',
    optimizer: options.optimizer ?? 'adam',
    weightDecay: options.weightDecay ?? (options.optimizer === 'adamw' ? published.weightDecay : 0),
    learningRate: options.lr ?? published.learningRate,
    schedule: options.schedule ?? 'constant',
    warmup: options.warmup ?? 0,
    clip: options.clip ?? null,
    ema: options.ema ?? null,
    trained,
    freeze: options.freeze ?? [],
    rates: options.lrScale ?? {},
    validateSteps: options.validateSteps ?? stepsOf(1, inEpoch, perStep),
    checkpointSteps: options.checkpointSteps ?? 500,
    patience: options.patience ?? 0,
    logSteps: 10,
    threads: options.threads ?? availableParallelism(),
    provider: options.provider ?? 'cpu',
    repeat,
  };
}

/**
 * What a resumed run is asked to be: its own configuration, with what the options say put in.
 * @throws SamusError USAGE_CONFLICT for options that only a new run can have
 */
export async function askedConfig(
  options: TrainOptions,
  config: TrainingConfig,
  samples: EpochSamples,
): Promise<TrainingConfig> {
  if (options.model !== undefined || options.from !== undefined || options.profile !== undefined) {
    const message = 'a resumed run goes on with its own model: --model, --from and --profile were not expected';
    throw conflict(message, 'leave them out, or start a new run with --out');
  }
  const { data, recipe } = config;
  const holdOut = options.holdOut ?? data.holdOut;
  const rounds = options.rounds ?? (recipe.kind === 'multi-prompt' ? recipe.rounds : 3);
  const kind = options.recipe ?? recipe.kind;
  checkRounds(options, kind);
  const direct = {
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(options.steps !== undefined && { steps: options.steps }),
    ...(options.batch !== undefined && { batch: options.batch }),
    ...(options.accumulate !== undefined && { accumulate: options.accumulate }),
    ...(options.prompts && { prompts: options.prompts }),
    ...(options.middleClicks !== undefined && { middleClicks: options.middleClicks }),
    ...(options.augment && { augment: options.augment }),
    ...(options.optimizer && { optimizer: options.optimizer }),
    ...(options.weightDecay !== undefined && { weightDecay: options.weightDecay }),
    ...(options.lr !== undefined && { learningRate: options.lr }),
    ...(options.schedule && { schedule: options.schedule }),
    ...(options.warmup !== undefined && { warmup: options.warmup }),
    ...(options.clip !== undefined && { clip: options.clip }),
    ...(options.ema !== undefined && { ema: options.ema }),
    ...(options.train && { trained: options.train }),
    ...(options.freeze && { freeze: options.freeze }),
    ...(options.lrScale && { rates: options.lrScale }),
    ...(options.validateSteps !== undefined && { validateSteps: options.validateSteps }),
    ...(options.checkpointSteps !== undefined && { checkpointSteps: options.checkpointSteps }),
    ...(options.patience !== undefined && { patience: options.patience }),
    ...(options.choose && { choose: options.choose }),
    ...(options.threads !== undefined && { threads: options.threads }),
    ...(options.provider && { provider: options.provider }),
    ...(options.repeat && { repeat: options.repeat }),
  };
  const asked = {
    ...config,
    ...direct,
    data: {
      root: options.data ? resolve(options.data) : data.root,
      train: options.trainList ?? data.train,
      val: options.valList ?? data.val,
      holdOut,
    },
    recipe: kind === 'published' ? ({ kind } as const) : ({ kind, rounds } as const),
  };
  if (options.epochs === undefined) return asked;
  return { ...asked, steps: stepsOf(options.epochs, await samples(asked.data, asked.repeat), asked) };
}

/** Images of one run and runs of one step. @throws SamusError USAGE_CONFLICT, TRAIN_PROFILE */
function perStepOf(
  { profile, batch, accumulate }: TrainOptions,
  training: Pick<TrainingConfig, 'model' | 'trained' | 'recipe'>,
  published: number,
): Pick<TrainingConfig, 'batch' | 'accumulate'> {
  if (profile === undefined) return { batch: batch ?? published, accumulate: accumulate ?? 1 };
  if (batch === undefined && accumulate === undefined) return profiled(profile, training, published);
  throw conflict('--profile was expected to choose --batch and --accumulate, one of them came too', 'leave one out');
}

/** Steps in which that many epochs have been seen to their end. */
function stepsOf(epochs: number, samples: number, perStep: Pick<TrainingConfig, 'batch' | 'accumulate'>): number {
  return Math.ceil((epochs * samples) / (perStep.batch * perStep.accumulate));
}

function dataOf({ data, trainList, valList, holdOut = 0 }: TrainOptions): TrainingConfig['data'] {
  const missing = [data === undefined && '--data', trainList === undefined && '--train-list'].filter(Boolean);
  const noVal = valList === undefined && holdOut === 0;
  if (data === undefined || trainList === undefined || noVal) {
    const names = [...missing, ...(noVal ? ['--val-list or --hold-out'] : [])].join(', ');
    const hint =
      'name the folder of the datasets, the lists to train on and those to validate on, or a share of them to hold out';
    throw new SamusError('USAGE_MISSING_OPTION', `${names} was expected, it did not come`, hint);
  }
  if (valList !== undefined && holdOut > 0) {
    throw conflict('one of --val-list and --hold-out was expected, both came', 'leave one out');
  }
  return { root: resolve(data), train: trainList, val: valList ?? [], holdOut };
}

function checkRounds({ rounds }: TrainOptions, recipe: TrainingConfig['recipe']['kind']): void {
  if (rounds === undefined || recipe === 'multi-prompt') return;
  throw conflict('--rounds was expected with --recipe multi-prompt only', 'leave it out, or add --recipe multi-prompt');
}

function conflict(message: string, hint: string): SamusError {
  return new SamusError('USAGE_CONFLICT', message, hint);
}
