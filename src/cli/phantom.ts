/**
 * `samus phantom`: its options. The work is in phantomRun.ts.
 */
import { Command, Option } from 'commander';
import { PHANTOM_KINDS } from '../data/phantom.js';
import { SamusError } from '../errors.js';
import { NOTICE } from './packageInfo.js';
import type { PhantomOptions } from './phantomRun.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

const EXAMPLES = `
Writes phantom-SEED.png, a mask phantom-SEED.OBJECT.png for each object, and prompts.csv with a click on each of them.

Examples:
  samus phantom phantoms --seed 1 --count 3
  samus segment --prompts phantoms/prompts.csv --format overlay

A phantom is no patient: what works on it has not been shown to work on one. ${NOTICE}.`;

export function phantomCommand(): Command {
  return new Command('phantom')
    .description('Make ultrasound-like test images with exact masks')
    .argument('<out>', 'the folder to write to')
    .addOption(
      new Option('--seed <number>', 'of the first; the next have the next seeds')
        .argParser(parseCount('--seed', 0))
        .default(1),
    )
    .addOption(new Option('--count <number>', 'how many').argParser(parseCount('--count', 1)).default(1))
    .addOption(new Option('--size <width>x<height>', 'in pixels').argParser(parseSize).default([256, 256], '256x256'))
    .addOption(new Option('--kind <kind>', 'one object of this kind, instead of any').choices(PHANTOM_KINDS))
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
  throw new SamusError('USAGE_SIZE', `a size like 256x256 was expected, "${text}" came`, 'correct it');
}
