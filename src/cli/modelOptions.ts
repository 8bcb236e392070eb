/**
 * The options of every command that runs a model, and loading the model they name.
 */
import { type Command, Option } from 'commander';
import { loadModel } from '../predict/loadModel.node.js';
import { Segmenter } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import type { Provider } from '../runtime/session.js';
import { withProgress } from './progress.js';
import { parseCount } from './promptOptions.js';
import { warn } from './run.js';

export interface ModelOptions {
  readonly model: string;
  readonly provider?: Provider;
  readonly threads?: number;
}

/** Used where no model is named. */
export const DEFAULT_MODEL = 'samus-s';

export function addModelOptions(command: Command): Command {
  return command
    .option('--model <model>', 'a model folder, a .pth or .safetensors file, or a bundled name', DEFAULT_MODEL)
    .addOption(
      new Option('--provider <name>', 'what computes; `samus info` tells which of them this machine has')
        .choices(['cpu', 'webgpu', 'cuda', 'dml', 'coreml'])
        .default('cpu'),
    )
    .addOption(
      new Option('--threads <count>', 'threads of one operation (default: one per core)').argParser(
        parseCount('--threads', 1),
      ),
    );
}

/** Reads a model and tells what looked odd on stderr. @throws SamusError as loadModel */
export async function readModel(name: string): Promise<Model> {
  const model = await withProgress(`reading the model ${name}`, () => loadModel(name));
  for (const warning of model.warnings ?? []) warn(warning);
  return model;
}

/** A segmenter of the model that the options name; the caller disposes of it. @throws SamusError as loadModel */
export async function openSegmenter({ model, provider, threads }: ModelOptions): Promise<Segmenter> {
  const sessionOptions = { ...(provider && { provider }), ...(threads !== undefined && { threads }) };
  return Segmenter.create(await readModel(model), nodeRuntime(), sessionOptions);
}
