/**
 * Options of `samus evaluate`. Imports little, so that help and usage errors are instant; the work is in evaluateRun.ts.
 */
import { Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import { type Published, parsePublished } from '../evaluate/claims.js';
import { parseNoise } from '../evaluate/promptNoise.js';
import { parseClickMode } from '../evaluate/promptPlan.js';
import type { EvaluateCommandOptions } from './evaluateRun.js';
import { addComputeOptions, addFlipOptions, DEFAULT_MODEL, MODEL_NAMES, minPresenceOption } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
The default is the published protocol: 256x256 pixels, the model's first mask, one click in the middle of the object's
pixels.

Examples:
  samus evaluate --data US30K --list test --report reports/first
  samus evaluate --data US30K --list val-Breast-BUSI,val-FetalHead-HC18 --prompt box --json
  samus evaluate --data US30K --list test --prompt auto --model runs/unet/best
  samus evaluate --data US30K --list test --clicks 4 --draws 5 --seed 7
  samus evaluate --data US30K --list test --model samus-s --model runs/mine/best --report reports/compared

--report writes report.html, summary.json and images.csv. ${NOTICE}.`;

/** Each click keeps a mask of every object in memory. */
const MOST_CLICKS = 100;
const MOST_DRAWS = 1000;

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measure models on lists of labelled images')
    .requiredOption('--data <root>', 'the folder of datasets, as written by "samus data"')
    .addOption(
      new Option('--list <names>', 'lists in MainPatient/, separated by commas; repeatable (default: test)').argParser(
        addNames,
      ),
    )
    .option(
      '--model <model>',
      `${MODEL_NAMES}, a training run, or a folder of these, whose mean then answers; repeatable, to compare (default: ${DEFAULT_MODEL})`,
      addModel,
    )
    .option(
      '--prompt <kind>',
      'point, points:N (N points at once), box, auto (models that need no prompt) or none; beside a promptable model, one without prompts gets none',
      'point',
    )
    .addOption(
      new Option('--clicks <count>', 'correction clicks after the prompt, each at the centre of the largest error')
        .argParser(parseCount('--clicks', 0, MOST_CLICKS))
        .default(0),
    )
    .addOption(
      new Option('--draws <count>', 'random prompts for each object (default: the fixed published one)').argParser(
        parseCount('--draws', 1, MOST_DRAWS),
      ),
    )
    .option(
      '--click-mode <where>',
      'place of simulated clicks: published (default), centre, border, or worst:N of N random ones',
      parseClickMode,
    )
    .option(
      '--prompt-noise <levels>',
      'also measure Dice with a click or box that is off by these percentages of the object, such as 0,10,20,30',
      parseNoise,
    )
    .addOption(
      new Option('--seed <number>', 'seed of random prompts and intervals')
        .argParser(parseCount('--seed', 0))
        .default(1),
    )
    .addOption(
      new Option(
        '--absent-prompt <where>',
        'click on images without the object: centre, beside (every object) or auto (none)',
      ).default('centre'),
    )
    .addOption(minPresenceOption())
    .option('--clean', 'fill holes and remove stray parts of masks before measuring, as "samus segment" does')
    .option('--native', 'measure at the stored size, not at 256x256')
    .addOption(
      new Option('--tolerance <pixels>', 'tolerance of the normalised surface Dice')
        .argParser(parseLength('--tolerance'))
        .default(2),
    )
    .addOption(
      new Option('--tolerance-mm <mm>', 'the same tolerance in millimetres')
        .argParser(parseLength('--tolerance-mm'))
        .default(1),
    )
    .option(
      '--published <result>',
      'also compare with a published Dice, as NAME=MEAN±SD,n=IMAGES; repeatable',
      addPublished,
    )
    .option('--strata <columns>', 'also report by columns of images.csv, separated by commas', addNames)
    .option(
      '--second-rater <folder>',
      'labels of another person (<Dataset>/label/NAME.png) as the ceiling of agreement',
    )
    .option(
      '--train-list <names>',
      'lists to search for the evaluated images (default with --report: those of the same split; none: skip)',
      addNames,
    )
    .option('--report <folder>', 'folder for report.html, summary.json and images.csv')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
  addComputeOptions(addFlipOptions(command));
  return command.action(async (options: EvaluateCommandOptions) => {
    const { evaluateAll } = await import('./evaluateRun.js');
    finish(await evaluateAll(options), options.json);
  });
}

function addPublished(text: string, before: readonly Published[] = []): readonly Published[] {
  return [...before, parsePublished(text)];
}

function addModel(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

function addNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim().replace(/\.txt$/, ''));
  if (names.every((name) => name !== '')) return [...before, ...names];
  const message = `expected list names separated by commas, got "${text}"`;
  throw new SamusError('EVALUATE_LISTS', message, 'write it like test or val,test');
}

/** A non-negative length. @throws SamusError USAGE_NUMBER */
function parseLength(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
    throw new SamusError(
      'USAGE_NUMBER',
      `expected a number of at least 0 as ${option}, got "${text}"`,
      'correct the number',
    );
  };
}
