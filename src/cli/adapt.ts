/**
 * Options of `samus adapt`. The work is in adaptRun.ts.
 */
import { Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import { texts } from '../train/settingKinds.js';
import type { AdaptCommandOptions } from './adaptRun.js';
import { addModelOptions } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

const DEFAULT_STEPS = 40;

const EXAMPLES = `
Trains what the publication trains (adapters, CNN branch, position adapter) for a few steps on a few masks, and compares
the Dice of one click before and after. With --val-list on the samples of those lists; without it, every fourth example
is held out, so that there have to be at least five. "better" also requires that the Dice on phantoms fell by at most
0.02. The model is written in any case. More than a few hundred masks are a task for samus train.

Examples:
  samus adapt --data thyroid --train-list train --val-list val --examples 5 --out models/thyroid
  samus adapt --model models/mine --data nerve --train-list train --out models/nerve

${NOTICE}.`;

export function adaptCommand(): Command {
  const command = new Command('adapt')
    .description('Adapt a model to a few masks of another organ or scanner')
    .requiredOption('--data <root>', 'folder of datasets in the layout of US30K')
    .requiredOption('--train-list <names>', 'lists of the examples, separated by commas', parseNames)
    .option('--val-list <names>', 'lists to evaluate on', parseNames)
    .requiredOption('--out <folder>', 'the model folder to write');
  return addModelOptions(command)
    .addOption(
      new Option('--examples <count>', 'draw so many samples of the lists (default: all)').argParser(
        parseCount('--examples', 1),
      ),
    )
    .addOption(
      new Option('--steps <count>', 'training steps').argParser(parseCount('--steps', 1)).default(DEFAULT_STEPS),
    )
    .addOption(
      new Option('--seed <number>', 'seed of the draw and of the training')
        .argParser(parseCount('--seed', 0))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (options: AdaptCommandOptions) => {
      const { adapt } = await import('./adaptRun.js');
      finish(await adapt(options), options.json);
    });
}

/** @throws SamusError USAGE_LIST */
function parseNames(text: string): readonly string[] {
  const names = texts.parse(text);
  if (texts.accepts(names)) return names;
  throw new SamusError(
    'USAGE_LIST',
    `expected ${texts.expected}, separated by commas, got "${text}"`,
    'correct the list',
  );
}
