/**
 * Loads the model named on the command line.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { isModelFolder } from '../formats/modelFolder.node.js';
import type { CheckpointDict } from '../formats/torchCheckpoint.js';
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { parametersOf } from '../models/graphs.js';
import { extendedByChannel } from '../models/promptChannel.js';
import { backboneWeights, findBackbone } from '../models/startFrom.js';
import { initialise } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { loadModel, type ModelSelection } from '../predict/loadModel.node.js';
import { Segmenter, type SegmenterOptions } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { RUN_FILES } from '../train/runFolder.node.js';
import { type FlipOptions, flipsOf, type ModelOptions } from './modelOptions.js';
import { withProgress } from './progress.js';
import { warn } from './run.js';

/** Reads a model and prints its warnings. @throws SamusError as loadModel */
export async function readModel(name: string, options?: ModelSelection): Promise<Model> {
  const model = await withProgress(`reading the model ${name}`, () => loadModel(name, options));
  for (const warning of model.warnings ?? []) warn(warning);
  return model;
}

/**
 * The models that a name stands for: of a training run its best one; of a folder of runs or models all of them, in the
 * order of their names. Any other name stands for itself.
 */
export async function modelMembers(name: string): Promise<readonly string[]> {
  const own = await modelAt(name);
  if (own !== undefined) return [own];
  const entries = await readdir(name).catch((): string[] => []);
  const members = await Promise.all(entries.sort().map((entry) => modelAt(join(name, entry))));
  const found = members.filter((member) => member !== undefined);
  return found.length > 0 ? found : [name];
}

/** The model folder at a path: the folder itself, or the best model of the run that it holds. */
async function modelAt(path: string): Promise<string | undefined> {
  if (await isModelFolder(path)) return path;
  const best = join(path, RUN_FILES.best);
  return (await isModelFolder(best)) ? best : undefined;
}

/**
 * The weights of a new model: random ones, and in their place those of files of pretrained weights; a later file counts.
 * @throws SamusError BACKBONE_NONE, BACKBONE_FILE, and what reading throws
 */
export async function pretrained(config: ModelConfig, files: readonly string[], seed: number): Promise<StateDict> {
  const taken = new Map<string, TensorData>();
  // Such files know of no prompt channel, whose weights start at 0.
  const { promptChannel: _, ...plain } = config;
  const parameters = parametersOf(config);
  for (const file of files) {
    const choose = (dicts: readonly CheckpointDict[]) => findBackbone(plain, dicts);
    const { tensors } = await withProgress(`reading ${file}`, () => readCheckpointFile(file, { choose }));
    const found = extendedByChannel(parameters, backboneWeights(plain, tensors));
    for (const [name, tensor] of found) taken.set(name, tensor);
  }
  return initialise(parameters, Random.seeded(seed), taken);
}

/**
 * A segmenter of the model in the options; the caller disposes of it.
 * @throws SamusError as loadModel, MODEL_PROMPTS for a model that takes no prompts
 */
export async function openSegmenter(options: ModelOptions & FlipOptions): Promise<Segmenter> {
  return Segmenter.create(await readModel(options.model), nodeRuntime(), sessionOptions(options));
}

/** A network for classes. @throws SamusError as loadModel, MODEL_CLASSES for a model that answers prompts */
export async function openClassNetwork(options: ModelOptions & FlipOptions): Promise<ClassNetwork> {
  return ClassNetwork.create(await readModel(options.model), nodeRuntime(), sessionOptions(options));
}

/** The same for a model of any kind. @throws SamusError as loadModel */
export async function openAnyModel(options: ModelOptions & FlipOptions): Promise<Segmenter | ClassNetwork> {
  return ClassNetwork.orSegmenter(await readModel(options.model), nodeRuntime(), sessionOptions(options));
}

function sessionOptions({ provider, threads, ...flips }: ModelOptions & FlipOptions): SegmenterOptions {
  return { ...(provider && { provider }), ...(threads !== undefined && { threads }), flips: flipsOf(flips) };
}
