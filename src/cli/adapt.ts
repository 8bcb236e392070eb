/**
 * Options of `samus adapt`. The work is in adaptRun.ts.
 */
import { Command, Option } from 'commander';
import type { AdaptCommandOptions } from './adaptRun.js';
import { addModelOptions } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount, parseNames } from './promptOptions.js';
import { finish } from './run.js';

const DEFAULT_STEPS = 80;

const EXAMPLES = `
Trains a model for some steps on a few masks, takes the weighted mean of the weights before and after, with as much of the
new ones as phantoms allow, and compares the Dice of one click before and after. With --val-list on the samples of those lists; without it, every fourth example
is held out, so there must be at least five. A model counts as better if it gained at least 0.005 and lost at most 0.02 on
phantoms. It is written in any case. More than a few hundred masks are a task for samus train.

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
      new Option('--train <weights>', 'which weights to train; the published ones learn less and need less memory')
        .choices(['all', 'published'])
        .default('all'),
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
