/**
 * The options of every command that runs a model. Imports little, so that help and usage errors are instant;
 * openModel.ts loads the model.
 */
import { type Command, Option } from 'commander';
import type { Flip } from '../predict/types.js';
import { NODE_PROVIDERS, type Provider } from '../runtime/session.js';
import { parseCount, parseShare } from './promptOptions.js';

export interface ModelOptions {
  readonly model: string;
  readonly provider?: Provider;
  readonly threads?: number;
}

/** Test-time flips, for commands that segment. */
export interface FlipOptions {
  readonly tta?: boolean;
  readonly ttaVertical?: boolean;
}

export function addFlipOptions(command: Command): Command {
  return command
    .option('--tta', 'mean of the logits over the image and its mirror image; prompts are mirrored too')
    .option('--tta-vertical', 'the same, also over the image upside down');
}

/** The flips that the options ask for. */
export function flipsOf({ tta = false, ttaVertical = false }: FlipOptions): readonly Flip[] {
  return [...(tta || ttaVertical ? (['horizontal'] as const) : []), ...(ttaVertical ? (['vertical'] as const) : [])];
}

/** Used if no model is named. */
export const DEFAULT_MODEL = 'samus-s';

/** What can name a model. */
export const MODEL_NAMES = 'a model folder, a .pth or .safetensors file, a bundled name, or hf:USER/NAME';

export function addModelOptions(command: Command): Command {
  return addComputeOptions(command.option('--model <model>', MODEL_NAMES, DEFAULT_MODEL));
}

/** Provider and threads, for commands with their own model options. */
export function addComputeOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--provider <name>', 'compute provider; `samus info` lists those of this machine')
        .choices(NODE_PROVIDERS)
        .default('cpu'),
    )
    .addOption(
      new Option('--threads <count>', 'threads of one operation (default: one per core)').argParser(
        parseCount('--threads', 1),
      ),
    );
}

/** Of a model with an object score: when an object counts as absent. */
export function minPresenceOption(): Option {
  const what =
    "for models with an object score: leave the mask empty if the predicted presence is lower than this, from 0 to 1 (default: the model's)";
  return new Option('--min-presence <share>', what).argParser(parseShare('--min-presence'));
}
