/**
 * Options of `samus batch`. Imports little, so that help and usage errors are instant; the work is in batchRun.ts.
 */
import { Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import type { BatchOptions } from './batchRun.js';
import { addFlipOptions, addModelOptions } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { PromptList, parseCount } from './promptOptions.js';
import { conflict, finish } from './run.js';
import {
  type AutomaticChoice,
  addAnswerOptions,
  addAutomaticOptions,
  addFormatOptions,
  addPromptOptions,
  automaticWay,
  checkDicomOptions,
  framesOption,
} from './segmentOptions.js';

const EXAMPLES = `
The output folder holds one study. Run the same command again to continue an interrupted study, or to add
new images of the inputs. Finished images are not segmented again.

  images/            masks and other files of each image, and a record IMAGE.json
  measurements.csv   a line for each mask
  coco.json          all masks as COCO
  failed.csv         images that failed, and why
  journal.jsonl      a line for each finished image

Examples:
  samus batch scans --everything --out study
  samus batch scans archive.zip --auto --model runs/autosamus/best --out study --json
  samus batch --prompts prompts.csv --out study
  samus batch scans --prompts prompts.csv --out study --retry-failed
  samus batch scans --everything --out s3://studies/breast-2026
  samus batch scans --everything --out study --queue redis://127.0.0.1:6379
  samus batch clips --object lesion --box 90,60,160,130 --frames all --format dcmseg --out study

${NOTICE}.`;

export function batchCommand(): Command {
  const prompts = new PromptList();
  const command = new Command('batch')
    .description('Segment many images as one study that can be interrupted and continued')
    .argument('[inputs...]', 'image files, folders and zip archives with images')
    .requiredOption('--out <folder>', 'folder of the study, or s3://BUCKET/PREFIX')
    .option(
      '--state <folder>',
      'with --out s3://…: local folder with plan, journal and records (default: the name of the study)',
    )
    .option('--study <name>', 'name of the study (default: the name of the folder)')
    .option('--retry-failed', 'segment images again that failed before')
    .addOption(
      new Option(
        '--concurrency <count>',
        'images at a time (default: one for each core, or fewer if memory is short)',
      ).argParser(parseCount('--concurrency', 1, 1024)),
    )
    .option('--queue <url>', 'let workers segment the images: redis://HOST:PORT or rediss://HOST:PORT')
    .option(
      '--root <folder>',
      'with --queue: the folder with all inputs and outputs that the workers share (default: .)',
    )
    .addOption(
      new Option('--priority <number>', 'with --queue: 1 is segmented before 2, and so on').argParser(
        parseCount('--priority', 1, 2 ** 21 - 1),
      ),
    );
  addPromptOptions(command, prompts).addOption(framesOption());
  addFormatOptions(addAnswerOptions(command))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES);
  addModelOptions(addFlipOptions(addAutomaticOptions(command)));
  return command.action(async (inputs: string[], options: Omit<BatchOptions, 'everything'> & AutomaticChoice) => {
    const hasPrompts = !prompts.isEmpty || options.prompts !== undefined;
    const { auto, everything } = automaticWay(options, hasPrompts);
    checkDicomOptions(options);
    if (!prompts.isEmpty && options.prompts !== undefined) throw conflict('--prompts', 'prompts as options');
    if (!hasPrompts && !everything && !auto) {
      const hint = 'add --prompts FILE, --point x,y or --box, or use --everything, or --classes with a network';
      throw new SamusError('PROMPTS_MISSING', 'expected a prompt, got none', hint);
    }
    if (inputs.length === 0 && options.prompts === undefined) {
      const hint = 'name a folder, an archive or image files';
      throw new SamusError('IMAGES_MISSING', 'expected an image, got none', hint);
    }
    const { root, priority, queue } = options;
    for (const [flag, value] of Object.entries({ '--root': root, '--priority': priority })) {
      if (value !== undefined && queue === undefined) {
        throw new SamusError('USAGE_MISSING_OPTION', `expected --queue with ${flag}, got none`, `leave ${flag} out`);
      }
    }
    if (options.state !== undefined && !options.out.startsWith('s3:')) {
      throw new SamusError('USAGE_CONFLICT', 'expected --state with --out s3://…, got a folder', 'leave --state out');
    }
    const { everything: _, ...others } = options;
    const { runBatch } = await import('./batchRun.js');
    const settings = { ...others, auto, ...(everything && { everything }) };
    finish(await runBatch(inputs, prompts.isEmpty ? [] : prompts.list(), settings), options.json);
  });
}
