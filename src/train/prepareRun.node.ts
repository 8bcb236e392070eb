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
import { logitSide, parametersOf } from '../models/graphs.js';
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
import { type GradientGraph, gradientGraph, sampleShapeOf } from './gradientGraph.js';
import { modelCard } from './modelCard.js';
import { rateOf, ruleOf, type WeightState } from './optimizer.js';
import { checkEmpty, RUN_FILES, readRunConfig, recover, removeLeftovers, START_AGAIN } from './runFolder.node.js';
import { lockRun } from './runLock.node.js';
import { flagOf } from './settings.js';
import { frozenOf, Stepper } from './stepper.js';
import { differences, parseTrainingConfig, serialiseTrainingConfig, type TrainingConfig } from './trainingConfig.js';
import { classesOfLists, listsFingerprint, readLists } from './trainingLists.node.js';
import { ASKED, pointsOf } from './trainingSample.js';
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
    const run = await prepareRun(folder, config, weights, options, unlock);
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
    return prepareRun(folder, { ...config, data: wanted.data }, tensors, options, unlock);
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

/** @param given weights; if empty, all are drawn from the seed */
async function prepareRun(
  folder: string,
  config: TrainingConfig,
  given: StateDict,
  { runtime, readers, pictures = 6 }: PrepareOptions,
  unlock: () => Promise<void>,
): Promise<PreparedRun> {
  const { model, recipe, batch } = config;
  requireFloat32Weights(model);
  checkPrompts(config);
  const { dataset, train, val } = await readLists(config.data, config.repeat);
  checkClasses(model, dataset, train);
  const weights = completeWeights(config, given);
  const graph = gradientGraph({
    config: model,
    batch,
    points: pointsOf(config.prompts),
    recipe,
    isTrained: (name) => config.trained === 'all' || isTrainable(model, name),
    freeze: config.freeze,
  });
  checkNames(config, graph);
  const { position, states } = await storedState(folder, config, graph, listsFingerprint(train, val));
  const { stepper, release } = await openStepper(folder, config, graph, weights, runtime, position.step, states);
  const augment = augmentationFor(config.augment, architectureOf(model));
  const { prompts, middleClicks, boxGrowth, beside, seed } = config;
  const settings = { prompts, middleClicks, boxGrowth, beside, augment, seed };
  const loader = new BatchLoader({
    root: config.data.root,
    list: train,
    shape: sampleShapeOf(model, recipe, settings),
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
    validation: { runtime, compute: computeOf(config), config: model, dataset, list: val, pictures },
    card: (position, validation) =>
      modelCard(config, { train: train.length, val: val.length }, position.step, validation),
    close: async () => {
      await loader.close();
      await stepper.dispose();
      release();
      await unlock();
    },
  };
}

/**
 * Where the run in the folder stands; the start for a new one.
 * @param lists fingerprint of the lists
 * @throws SamusError TRAIN_LISTS_DIFFER if the run used other lists, TRAIN_STATE_INVALID
 */
async function storedState(
  folder: string,
  { ema }: TrainingConfig,
  { trained }: GradientGraph,
  lists: string,
): Promise<{ readonly position: Position; readonly states?: ReadonlyMap<string, WeightState> }> {
  const state = await readTrainingState(folder, trained, ema !== null);
  if (!state) return { position: { step: 0, validated: -1, best: null, sinceBest: 0, seconds: 0, lists } };
  if (state.position.lists === lists) return state;
  const message = `expected the same samples in the lists as before, got others in the run ${folder}`;
  const hint = `restore the lists, or ${START_AGAIN}`;
  throw new SamusError('TRAIN_LISTS_DIFFER', message, hint, { run: folder });
}

const computeOf = ({ threads, provider }: TrainingConfig) => ({ threads, provider });

/** A stepper whose frozen weights are in a file of the folder until `release` is called, instead of in memory. */
async function openStepper(
  folder: string,
  config: TrainingConfig,
  graph: GradientGraph,
  weights: StateDict,
  runtime: Runtime,
  step: number,
  states: ReadonlyMap<string, WeightState> | undefined,
): Promise<{ readonly stepper: Stepper; readonly release: () => void }> {
  const { clip, ema, seed, accumulate } = config;
  const frozen = await moveToFile(frozenOf(graph, weights), folder);
  try {
    const parts = new Map([...weights, ...frozen.tensors]);
    const optimizer = { rule: ruleOf(config), clip, ema, rateOf: rateOf(config.rates) };
    const options = { optimizer, seed, accumulate, step, ...(states && { states }) };
    const stepper = await Stepper.create(mappingRuntime(runtime, folder), graph, parts, computeOf(config), options);
    return { stepper, release: frozen.close };
  } catch (error) {
    frozen.close();
    throw error;
  }
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
function completeWeights({ model, seed }: TrainingConfig, given: StateDict): StateDict {
  const parameters = parametersOf(model);
  if (given.size === 0) return initialise(parameters, Random.seeded(seed));
  return checkStateDict(model, model.promptChannel ? extendedByChannel(parameters, given) : given).tensors;
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
