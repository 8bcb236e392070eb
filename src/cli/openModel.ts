/**
 * Loads the model named on the command line, or its configuration alone.
 */
import { readFile } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { loadModel, type ModelSelection } from '../predict/loadModel.node.js';
import { Segmenter, type SegmenterOptions } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
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

/**
 * The parsed JSON of a config.json without weights beside it; parseConfig checks whether it is a configuration.
 * @throws SamusError CONFIG_UNREADABLE, CONFIG_INVALID if it is not JSON
 */
export async function readConfigFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `cannot read ${path}: ${reason}`;
    throw new SamusError('CONFIG_UNREADABLE', message, 'check the path', { path, reason });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new SamusError('CONFIG_INVALID', `expected valid JSON in ${path}, got other text`, 'correct the file', {
      path,
    });
  }
}
