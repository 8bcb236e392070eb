/**
 * Options of `samus reproduce`. Imports little, so that help and usage errors are instant; the work is in reproduceRun.ts.
 */
import { Argument, Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import type { Budget, ReproduceOptions } from './reproduceRun.js';
import { finish } from './run.js';

const EXAMPLES = `
Names: table1 (datasets), table2 (SAMUS and twelve networks), table3 (foundation models), table4 (parts of SAMUS), table5
(prompts), figure3, figure4, figure5 (segmentations by the systems of tables 2, 3 and 4), figure6 (seen and unseen
datasets), figure7 (cost and accuracy), autosamus (without prompts), or all.

Trains and measures what a table or figure needs, and reuses what DIR holds already. DIR gets NAME.md, .csv, .tex, .svg,
.png and results.json with the paper's numbers beside. After an interruption, the same command continues.

A budget of hours or samples trains small configurations with one recipe for all, and each system sees the same number of
samples. full trains the published sizes for as many epochs as published.

Examples:
  samus reproduce table3 --data US30K --budget hours:6 --out results
  samus reproduce figure6 --data US30K --budget hours:6 --out results
  samus reproduce all --data phantoms --budget smoke --out results

${NOTICE}.`;

export function reproduceCommand(): Command {
  return new Command('reproduce')
    .description("Make the paper's tables and figures again, on any datasets")
    .addArgument(new Argument('<names...>', 'tables and figures'))
    .requiredOption('--data <root>', 'the folder of datasets, as written by "samus data"')
    .requiredOption('--out <dir>', 'folder of runs and results')
    .addOption(
      new Option('--budget <amount>', 'smoke, hours:N, samples:N (of each system) or full')
        .argParser(parseBudget)
        .makeOptionMandatory(),
    )
    .option('--train-list <name>', 'list of everything to train on', 'train')
    .addOption(new Option('--unseen <datasets>', 'datasets not to train on, separated by commas').argParser(parseNames))
    .addOption(new Option('--systems <ids>', 'only these systems, separated by commas').argParser(parseNames))
    .addOption(
      new Option('--training <how>', 'one model for all datasets, or for table2 one for each as in the paper')
        .choices(['joint', 'each'])
        .default(undefined, 'each with --budget full, else joint'),
    )
    .addOption(
      new Option(
        '--prompt-channel <kind>',
        'in table2 and figure3, also train the networks with the same click or box as a further input channel',
      ).choices(['point', 'box']),
    )
    .addOption(new Option('--seed <number>', 'first seed').argParser(parseCount('--seed', 0)).default(1))
    .addOption(
      new Option('--seeds <count>', 'trainings of each system, with seeds one after another')
        .argParser(parseCount('--seeds', 1, 100))
        .default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (names: string[], options: ReproduceOptions & { readonly json?: boolean }) => {
      const { reproduce } = await import('./reproduceRun.js');
      finish(await reproduce(names, options), options.json);
    });
}

/** @throws SamusError REPRODUCE_BUDGET */
function parseBudget(text: string): Budget {
  if (text === 'smoke' || text === 'full') return { kind: text };
  const [, kind, number] = /^(hours|samples):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const amount = Number(number);
  if (kind === 'hours' && amount > 0) return { kind, amount };
  if (kind === 'samples' && amount >= 1 && Number.isInteger(amount)) return { kind, amount };
  const message = `expected smoke, hours:N, samples:N or full as --budget, got "${text}"`;
  throw new SamusError('REPRODUCE_BUDGET', message, 'write it like hours:6');
}

function parseNames(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
