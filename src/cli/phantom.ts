/**
 * Options of `samus phantom`. The work is in phantomRun.ts.
 */
import { Command, Option } from 'commander';
import { PHANTOM_KINDS } from '../data/phantom.js';
import { SamusError } from '../errors.js';
import { NOTICE } from './packageInfo.js';
import type { PhantomOptions } from './phantomRun.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
Writes phantom-SEED.png, a mask phantom-SEED.OBJECT.png for each object, and prompts.csv with a click on each object.

Examples:
  samus phantom phantoms --seed 1 --count 3
  samus segment --prompts phantoms/prompts.csv --format overlay

Results on phantoms do not carry over to patients. ${NOTICE}.`;

export function phantomCommand(): Command {
  return new Command('phantom')
    .description('Generate ultrasound-like test images with exact masks')
    .argument('<out>', 'the folder to write to')
    .addOption(
      new Option('--seed <number>', 'seed of the first image; each next image adds 1')
        .argParser(parseCount('--seed', 0))
        .default(1),
    )
    .addOption(new Option('--count <number>', 'number of images').argParser(parseCount('--count', 1)).default(1))
    .addOption(
      new Option('--size <width>x<height>', 'size in pixels').argParser(parseSize).default([256, 256], '256x256'),
    )
    .addOption(new Option('--kind <kind>', 'only one object, of this kind (default: any)').choices(PHANTOM_KINDS))
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (out: string, options: PhantomOptions) => {
      const { writePhantoms } = await import('./phantomRun.js');
      finish(await writePhantoms(out, options), options.json);
    });
}

function parseSize(text: string): readonly [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match) return [Number(match[1]), Number(match[2])];
  throw new SamusError('USAGE_SIZE', `expected a size like 256x256, got "${text}"`, 'correct the size');
}
