/**
 * Turns a configuration into a training that is ready to run: lists, weights, graph, threads. New and resumed runs
 * differ only here, in the source of the weights.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset } from '../data/dataset.node.js';
import type { SampleList } from '../data/sampleList.js';
import { listed, SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder, writeTextFile } from '../formats/fileWrite.node.js';
import { readModelFolder } from '../formats/modelFolder.node.js';
import type { StateDict } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { inputShape, logitSide, parametersOf } from '../models/graphs.js';
import { checkStateDict } from '../models/model.js';
import { extendedByChannel } from '../models/promptChannel.js';
import { requireFloat32Weights } from '../models/quantise.js';
import { architectureOf, isTrainable, requirePrompts } from '../models/registry.js';
import { initialise, type ParameterInfo } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import type { Runtime } from '../runtime/session.js';
import { augmentationFor } from './augmentations.js';
import { BatchLoader } from './batchLoader.node.js';
import { mappingRuntime, moveToFile } from './frozenFile.node.js';
import { type GradientGraph, gradientGraph, targetSide } from './gradientGraph.js';
import { modelCard } from './modelCard.js';
import { ADAM, type UpdateRule } from './optimizer.js';
import { checkEmpty, RUN_FILES, readRunConfig, recover, removeLeftovers, START_AGAIN } from './runFolder.node.js';
import { lockRun } from './runLock.node.js';
import { flagOf } from './settings.js';
import { frozenOf, Stepper } from './stepper.js';
import { differences, parseTrainingConfig, serialiseTrainingConfig, type TrainingConfig } from './trainingConfig.js';
import { classesOfLists, listsFingerprint, readLists } from './trainingLists.node.js';
import { ASKED, pointsOf, type SampleShape } from './trainingSample.js';
import { type CheckpointSource, type Position, readTrainingState, writeLast } from './trainingState.node.js';
import type { ValidationOptions } from './validate.node.js';

export interface PreparedRun extends CheckpointSource {
  /** Samples of an epoch. */
  readonly samples: number;
  /** The position to continue from. */
  readonly position: Position;
  readonly stepper: Pick<Stepper, 'run' | 'norm' | 'update' | 'weights' | 'states'>;
  readonly loader: Pick<BatchLoader, 'get'>;
  readonly validation: Omit<ValidationOptions, 'progress' | 'stopped'>;
  /** Ends threads and session, and unlocks the folder. */
  readonly close: () => Promise<void>;
}

export interface PrepareOptions {
  readonly runtime: Runtime;
  /** Threads that read and augment images. */
  readonly readers: number;
  /** Samples drawn at each validation. */
  readonly pictures?: number;
}

/**
 * Creates a run in a new or empty folder and writes its first checkpoint.
 * @param weights initial weights; if empty, all are drawn from the seed
 * @throws SamusError RUN_EXISTS if the folder is not empty, RUN_LOCKED, DATA_…, TRAIN_NOTHING, TRAIN_WEIGHT_NAME,
 *   TRAIN_CONFIG_INVALID, MODEL_PROMPTS, MODEL_CLASSES
 */
export async function createRun(
  folder: string,
  config: TrainingConfig,
  weights: StateDict,
  options: PrepareOptions,
): Promise<PreparedRun> {
  const text = serialiseTrainingConfig(config);
  // A configuration that cannot be read back could not be resumed.
  parseTrainingConfig(JSON.parse(text));
  await makeFolder(folder);
  return locked(folder, async (unlock) => {
    await checkEmpty(folder);
    await rm(join(folder, RUN_FILES.last), { recursive: true, force: true });
    const run = await prepare(folder, config, weights, options, unlock);
    try {
      await writeLast(run, run.position);
      // Written last: a folder without it is not a run and can be reused.
      await writeTextFile(join(folder, RUN_FILES.config), text);
      return run;
    } catch (error) {
      await run.close();
      throw error;
    }
  });
}

/**
 * Resumes a run from its last checkpoint.
 * @param asked maps the run's configuration to the requested one; only movable settings may differ
 * @throws SamusError RUN_NOT_FOUND, RUN_LOCKED, TRAIN_CONFIG_DIFFERS, TRAIN_LISTS_DIFFER, TRAIN_STATE_INVALID, DATA_…
 */
export async function resumeRun(
  folder: string,
  asked: (config: TrainingConfig) => Promise<TrainingConfig>,
  options: PrepareOptions,
): Promise<PreparedRun> {
  const config = await readRunConfig(folder);
  const wanted = await asked(config);
  const different = differences(config, wanted);
  if (different.length > 0) {
    const message = `expected the configuration of the run in ${folder}, got other values for ${different.map(flagOf).join(', ')}`;
    const hint = `leave out these options, or ${START_AGAIN}`;
    throw new SamusError('TRAIN_CONFIG_DIFFERS', message, hint, { run: folder, settings: different });
  }
  return locked(folder, async (unlock) => {
    await removeLeftovers(folder);
    await recover(folder, RUN_FILES.last);
    await recover(folder, RUN_FILES.best);
    if (!(await exists(join(folder, RUN_FILES.last, RUN_FILES.state)))) {
      const message = `the checkpoint ${join(folder, RUN_FILES.last)} is missing`;
      throw new SamusError('TRAIN_STATE_INVALID', message, 'restore it, or start a new run', { run: folder });
    }
    const { tensors } = await readModelFolder(join(folder, RUN_FILES.last));
    return prepare(folder, { ...config, data: wanted.data }, tensors, options, unlock);
  });
}

async function locked<T>(folder: string, work: (unlock: () => Promise<void>) => Promise<T>): Promise<T> {
  const unlock = await lockRun(folder);
  try {
    return await work(unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function prepare(
  folder: string,
  config: TrainingConfig,
  given: StateDict,
  { runtime, readers, pictures = 6 }: PrepareOptions,
  unlock: () => Promise<void>,
): Promise<PreparedRun> {
  const { model, seed, recipe, batch } = config;
  requireFloat32Weights(model);
  checkPrompts(config);
  const { dataset, train, val } = await readLists(config.data, config.repeat);
  checkClasses(model, dataset, train);
  const lists = listsFingerprint(train, val);

  const weights = completed(config, given);
  const graph = gradientGraph({
    config: model,
    batch,
    points: pointsOf(config.prompts),
    recipe,
    isTrained: (name) => config.trained === 'all' || isTrainable(model, name),
    freeze: config.freeze,
  });
  checkNames(config, graph);
  const state = await readTrainingState(folder, graph.trained, config.ema !== null);
  const position = state?.position ?? { step: 0, validated: -1, best: null, sinceBest: 0, seconds: 0, lists };
  if (position.lists !== lists) {
    const message = `expected the same samples in the lists as before, got others in the run ${folder}`;
    const hint = `restore the lists, or ${START_AGAIN}`;
    throw new SamusError('TRAIN_LISTS_DIFFER', message, hint, { run: folder });
  }
  const compute = { threads: config.threads, provider: config.provider };
  const frozen = await moveToFile(frozenOf(graph, weights), folder);
  const parts = new Map([...weights, ...frozen.tensors]);
  const stepper = await Stepper.create(mappingRuntime(runtime, folder), graph, parts, compute, {
    optimizer: {
      rule: ruleOf(config),
      clip: config.clip,
      ema: config.ema,
      rateOf: rateOf(config),
    },
    seed,
    accumulate: config.accumulate,
    step: position.step,
    ...(state && { states: state.states }),
  }).catch((error: unknown) => {
    frozen.close();
    throw error;
  });
  const side = targetSide(model, recipe);
  const shape: SampleShape = {
    ...inputShape(model),
    targetSide: side,
    target: targetKind(config),
    prompts: config.prompts,
    middleClicks: config.middleClicks,
    boxGrowth: config.boxGrowth,
    ...(model.objectScore && { beside: config.beside }),
    augment: augmentationFor(config.augment, architectureOf(model)),
    clickNoise: recipe.kind === 'published' ? 0 : Math.max(1, recipe.rounds - 1) * side * side,
    seed,
  };
  const loader = new BatchLoader({
    root: config.data.root,
    list: train,
    shape,
    batch,
    maskSide: logitSide(model),
    threads: readers,
  });
  return {
    folder,
    config: { ...config, model: named(model, dataset, train) },
    samples: train.length,
    position,
    stepper,
    loader,
    validation: { runtime, compute, config: model, dataset, list: val, pictures },
    card: (position, validation) =>
      modelCard(config, { train: train.length, val: val.length }, position.step, validation),
    close: async () => {
      await loader.close();
      await stepper.dispose();
      frozen.close();
      await unlock();
    },
  };
}

/** @throws SamusError TRAIN_WEIGHT_NAME for name prefixes that match nothing, probably mistyped */
function checkNames({ freeze, rates, model }: TrainingConfig, { parameters, trained }: GradientGraph): void {
  const unknown = (prefixes: readonly string[], among: readonly ParameterInfo[]): string[] =>
    prefixes.filter((prefix) => !among.some(({ name }) => name.startsWith(prefix)));
  const published = architectureOf(model).published.settings.rates ?? {};
  const problems = [
    { names: unknown(freeze, parameters), what: 'weights of the model (--freeze)' },
    // A network may lack a part that its authors train at another rate, such as auxiliary heads.
    {
      names: unknown(
        Object.keys(rates).filter((name) => !(name in published)),
        trained,
      ),
      what: 'trained weights (--lr-scale)',
    },
  ];
  for (const { names, what } of problems) {
    if (names.length === 0) continue;
    const message = `expected name prefixes of ${what}, got ${listed(names)} without a match`;
    throw new SamusError('TRAIN_WEIGHT_NAME', message, 'compare with the names in model.safetensors', {
      names: names.slice(0, 100),
    });
  }
}

/** All weights of the model: the given ones, or random ones from the seed if none are given. */
function completed({ model, seed }: TrainingConfig, given: StateDict): StateDict {
  const parameters = parametersOf(model);
  if (given.size === 0) return initialise(parameters, Random.seeded(seed));
  return checkStateDict(model, model.promptChannel ? extendedByChannel(parameters, given) : given).tensors;
}

/** A network for two classes learns one object, like a promptable model; one for more classes learns the label map. */
function targetKind({ model, recipe }: TrainingConfig): SampleShape['target'] {
  const architecture = architectureOf(model);
  if (architecture.task === 'classes' && architecture.classes(model) > 2) return 'classes';
  return recipe.kind === 'published' ? 'nearest' : 'share';
}

/**
 * @throws SamusError MODEL_PROMPTS if the model does not take the prompts of the training. A network without prompts ignores
 *   the default, a click
 */
function checkPrompts({ model, recipe, prompts, middleClicks }: TrainingConfig): void {
  const several = recipe.kind === 'multi-prompt';
  const byDefault = !several && prompts === 'point' && middleClicks === 0;
  if (byDefault && architectureOf(model).task === 'classes') return;
  // Later prompts are clicks, with the mask so far.
  requirePrompts(model, [...ASKED[prompts], ...(several ? (['points', 'mask'] as const) : [])]);
}

/** The model with the names of the classes that it learns, for its checkpoints. */
function named(model: ModelConfig, dataset: Dataset, list: SampleList): ModelConfig {
  const architecture = architectureOf(model);
  if (architecture.task !== 'classes') return model;
  const { classNames, classColors, ...unnamed } = model;
  return { ...unnamed, ...classesOfLists(dataset, list, architecture.classes(model)) };
}

/** @throws SamusError MODEL_CLASSES if a network for several classes has fewer classes than a dataset */
function checkClasses(model: ModelConfig, dataset: Dataset, { datasets }: SampleList): void {
  const architecture = architectureOf(model);
  if (architecture.task !== 'classes') return;
  const classes = architecture.classes(model);
  const larger = classes > 2 ? datasets.find((name) => dataset.classes(name).count > classes) : undefined;
  if (larger === undefined) return;
  const message = `expected a model for the ${dataset.classes(larger).count} classes of ${larger}, background included, got one for ${classes}`;
  throw new SamusError('MODEL_CLASSES', message, 'give the model more classes in its config.json');
}

function ruleOf({ optimizer, momentum, weightDecay }: TrainingConfig): UpdateRule {
  if (optimizer === 'sgd' || optimizer === 'rmsprop') return { kind: optimizer, momentum, weightDecay };
  return { kind: 'adam', ...ADAM, beta1: momentum, weightDecay: optimizer === 'adamw' ? weightDecay : 0 };
}

function rateOf({ rates }: TrainingConfig): (name: string) => number {
  const longestFirst = Object.entries(rates).sort(([a], [b]) => b.length - a.length);
  return (name) => longestFirst.find(([prefix]) => name.startsWith(prefix))?.[1] ?? 1;
}
