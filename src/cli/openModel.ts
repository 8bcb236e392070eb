/**
 * Loads the model that a command names.
 */
import { type LoadOptions, loadModel } from '../predict/loadModel.node.js';
import { Segmenter } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import type { ModelOptions } from './modelOptions.js';
import { withProgress } from './progress.js';
import { warn } from './run.js';

/** Reads a model and tells what looked odd on stderr. @throws SamusError as loadModel */
export async function readModel(name: string, options?: LoadOptions): Promise<Model> {
  const model = await withProgress(`reading the model ${name}`, () => loadModel(name, options));
  for (const warning of model.warnings ?? []) warn(warning);
  return model;
}

/** A segmenter of the model that the options name; the caller disposes of it. @throws SamusError as loadModel */
export async function openSegmenter({ model, provider, threads }: ModelOptions): Promise<Segmenter> {
  const sessionOptions = { ...(provider && { provider }), ...(threads !== undefined && { threads }) };
  return Segmenter.create(await readModel(model), nodeRuntime(), sessionOptions);
}
