/**
 * `samus evaluate`: its options. Light, so that help and mistakes are answered at once; the work is in evaluateRun.ts.
 */
import { Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import type { EvaluateCommandOptions } from './evaluateRun.js';
import { addComputeOptions, DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
By default as published: 256x256 pixels, the model's first mask, one click in the middle of the object's pixels.

Examples:
  samus evaluate --data US30K --list test --report reports/first
  samus evaluate --data US30K --list val-Breast-BUSI,val-FetalHead-HC18 --prompt box --json
  samus evaluate --data US30K --list test --clicks 4 --draws 5 --seed 7
  samus evaluate --data US30K --list test --model samus-s --model runs/mine/best --report reports/compared

DIR gets report.html, summary.json and images.csv. ${NOTICE}.`;

/** More than anybody clicks; each one keeps a mask of every object in memory. */
const MOST_CLICKS = 100;
const MOST_DRAWS = 1000;

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Measure models on lists of labelled images')
    .requiredOption('--data <root>', 'the folder of data sets, as "samus data" makes it')
    .addOption(
      new Option(
        '--list <names>',
        'lists in MainPatient/, with commas between them; repeatable (default: test)',
      ).argParser(addNames),
    )
    .option('--model <model>', `${MODEL_NAMES}; repeatable, to compare (default: ${DEFAULT_MODEL})`, addModel)
    .option('--prompt <kind>', 'point, points:N (N points at once), box or none', 'point')
    .addOption(
      new Option('--clicks <count>', 'correction clicks after it, each at the centre of the largest error')
        .argParser(parseCount('--clicks', 0, MOST_CLICKS))
        .default(0),
    )
    .addOption(
      new Option(
        '--draws <count>',
        'random prompts for each object (default: the published one, always the same)',
      ).argParser(parseCount('--draws', 1, MOST_DRAWS)),
    )
    .addOption(
      new Option('--seed <number>', 'of random prompts and intervals').argParser(parseCount('--seed', 0)).default(1),
    )
    .addOption(
      new Option(
        '--absent-prompt <where>',
        'click on images without the object: centre or beside (every object)',
      ).default('centre'),
    )
    .option('--clean', 'fill holes and remove stray parts of masks before measuring, as "samus segment" does')
    .option('--native', 'measure at the size that is stored, not at 256x256')
    .addOption(
      new Option('--tolerance <pixels>', 'of the normalised surface Dice')
        .argParser(parseLength('--tolerance'))
        .default(2),
    )
    .addOption(
      new Option('--tolerance-mm <mm>', 'the same in millimetres').argParser(parseLength('--tolerance-mm')).default(1),
    )
    .option('--report <folder>', 'where report.html, summary.json and images.csv are written')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
  addComputeOptions(command);
  return command.action(async (options: EvaluateCommandOptions) => {
    const { evaluateAll } = await import('./evaluateRun.js');
    finish(await evaluateAll(options), options.json);
  });
}

function addModel(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

function addNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim().replace(/\.txt$/, ''));
  if (names.every((name) => name !== '')) return [...before, ...names];
  const message = `names of lists with commas between them were expected, "${text}" came`;
  throw new SamusError('EVALUATE_LISTS', message, 'write it like test or val,test');
}

/** A length that is not negative. @throws SamusError USAGE_NUMBER */
function parseLength(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
    throw new SamusError('USAGE_NUMBER', `${option} expects a number from 0 on, "${text}" came`, 'correct it');
  };
}
