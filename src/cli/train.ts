/**
 * Options of `samus train`, most of them from the table of settings. Imports little, so that help and usage errors are
 * instant; the work is in trainRun.ts.
 */
import { Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import { PROMPT_CHANNELS } from '../models/promptChannel.js';
import { presets } from '../models/registry.js';
import { initialText, MOST_FOLDS, type Setting } from '../train/settingKinds.js';
import { SETTING_ROWS } from '../train/settings.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';
import { PROFILES } from './trainProfile.js';
import type { TrainOptions } from './trainSettings.js';
import type { Several } from './trainSeveral.js';

const EPOCHS = parseCount('--epochs', 1);

const EXAMPLES = `
Without a checkpoint, all weights start random and are trained. With one, only those that the publication trains.
RUN contains config.json, metrics.jsonl and TensorBoard events, curves.svg, samples/, and the model folders last/ and best/.
After an interruption, --resume RUN continues with identical results.
Presets of --model: ${[...presets().keys()].join(', ')}.

Examples:
  samus train --data US30K --train-list train --val-list val --model samus-b --from sam_vit_b_01ec64.pth --out runs/a
  samus train --data US30K --train-list train --hold-out 0.05 --model samus-s --recipe multi-prompt --out runs/b
  samus train --config runs/b/config.json --seed 2 --out runs/c
  samus train --data US30K --train-list train --folds 5 --model samus-s --out runs/d
  samus train --resume runs/a

${NOTICE}.`;

export function trainCommand(): Command {
  const given: Record<string, unknown> = {};
  const settings = SETTING_ROWS.flatMap(([name, row]) => {
    return row.option === undefined ? [] : [{ name, option: settingOption(row.option, name, row, given) }];
  });
  const command = new Command('train').description('Train a model on a folder of ultrasound datasets');
  for (const { name, option } of settings) if (name.startsWith('data.')) command.addOption(option);
  command
    .option('--model <model>', 'a preset (see below), a model folder, or the config.json of a model')
    .option('--from <checkpoint>', 'weights to start from: a model folder, or a .pth or .safetensors file')
    .addOption(
      new Option(
        '--prompt-channel <kind>',
        'give a network for one object the click or the box as a further input channel',
      ).choices(PROMPT_CHANNELS),
    )
    .option('--out <run>', 'new folder of the run')
    .option('--resume <run>', 'continue an interrupted run')
    .option('--config <file>', 'settings of another run (its config.json); options override them');
  for (const { name, option } of settings) {
    if (!name.startsWith('data.')) command.addOption(option);
    if (name === 'steps')
      command.addOption(new Option('--epochs <count>', 'length in epochs, instead of --steps').argParser(EPOCHS));
  }
  return command
    .addOption(
      new Option(
        '--profile <memory>',
        'choose --batch and --accumulate to fit this memory, for models with measured use',
      ).choices(PROFILES),
    )
    .addOption(
      new Option('--readers <count>', 'threads that read images (default: 1)').argParser(parseCount('--readers', 1)),
    )
    .addOption(
      new Option(
        '--folds <count>',
        'cross-validation: a run for each fold of the training lists, RUN/fold-1 and so on',
      ).argParser(parseCount('--folds', 2, MOST_FOLDS)),
    )
    .addOption(
      new Option(
        '--seeds <count>',
        'a run for each of so many seeds from --seed on, RUN/seed-1234 and so on',
      ).argParser(parseCount('--seeds', 2, 100)),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async ({ folds, seeds, ...own }: Omit<TrainOptions, 'settings'> & Several) => {
      const options = { ...own, settings: given };
      if (folds === undefined && seeds === undefined) {
        const { train } = await import('./trainRun.js');
        return finish(await train(options), own.json);
      }
      const { trainSeveral } = await import('./trainSeveral.js');
      const several = { ...(folds !== undefined && { folds }), ...(seeds !== undefined && { seeds }) };
      finish(await trainSeveral(options, several), own.json);
    });
}

/** The option of a setting; its value goes into `given`, because commander has no null. */
function settingOption(flags: string, name: string, row: Setting<unknown>, given: Record<string, unknown>): Option {
  const { kind, help } = row;
  const initially = initialText(row);
  const option = new Option(flags, initially === undefined ? help : `${help} (default: ${initially})`);
  if (kind.choices) option.choices(kind.choices);
  return option.argParser((text: string) => {
    const value = kind.parse(text, given[name]);
    if (!kind.accepts(value)) {
      const message = `expected ${kind.expected} as ${option.long}, got "${text}"`;
      throw new SamusError(kind.code, message, 'correct the option');
    }
    given[name] = value;
    return text;
  });
}
