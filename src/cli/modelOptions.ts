/**
 * The options of every command that runs a model. Light, so that help and mistakes are answered at once; what loads
 * the model is in openModel.ts.
 */
import { type Command, Option } from 'commander';
import { NODE_PROVIDERS, type Provider } from '../runtime/session.js';
import { parseCount } from './promptOptions.js';

export interface ModelOptions {
  readonly model: string;
  readonly provider?: Provider;
  readonly threads?: number;
}

/** Used where no model is named. */
export const DEFAULT_MODEL = 'samus-s';

/** What the name of a model may be. */
export const MODEL_NAMES = 'a model folder, a .pth or .safetensors file, or a bundled name';

export function addModelOptions(command: Command): Command {
  return addComputeOptions(command.option('--model <model>', MODEL_NAMES, DEFAULT_MODEL));
}

/** What computes and how, for commands that name their models otherwise. */
export function addComputeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--provider <name>', 'what computes; `samus info` tells which of them this machine has')
        .choices(NODE_PROVIDERS)
        .default('cpu'),
    )
    .addOption(
      new Option('--threads <count>', 'threads of one operation (default: one per core)').argParser(
        parseCount('--threads', 1),
      ),
    );
}
