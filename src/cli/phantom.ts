/**
 * `samus phantom`: ultrasound-like images with exact masks, to try things out without data of patients.
 */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { makePhantom, PHANTOM_KINDS, type Phantom, type PhantomKind } from '../data/phantom.js';
import { type Json, SamusError } from '../errors.js';
import { maskToImage } from '../formats/image.js';
import { writePng } from '../formats/imageWrite.node.js';
import { whole } from './interrupt.js';
import { makeFolder, writeText } from './output.js';
import { NOTICE } from './packageInfo.js';
import { Progress } from './progress.js';
import { parseCount } from './promptOptions.js';
import { finish, type Outcome } from './run.js';

interface PhantomOptions {
  readonly seed: number;
  readonly count: number;
  readonly size: readonly [width: number, height: number];
  readonly kind?: PhantomKind;
  readonly json?: boolean;
}

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
    .action(async (out: string, options: PhantomOptions) => finish(await writePhantoms(out, options), options.json));
}

function parseSize(text: string): readonly [number, number] {
  const match = /^(\d+)x(\d+)$/.exec(text);
  if (match) return [Number(match[1]), Number(match[2])];
  throw new SamusError('usage', 'USAGE_SIZE', `a size like 256x256 was expected, "${text}" came`, 'correct it');
}

async function writePhantoms(out: string, { seed, count, size, kind }: PhantomOptions): Promise<Outcome> {
  const [width, height] = size;
  const progress = new Progress('making phantoms', count);
  const entries: Json[] = [];
  const prompts: string[] = ['image,object,kind,values'];
  try {
    for (let i = 0; i < count; i++) {
      progress.update(i);
      const phantom = makePhantom({ seed: seed + i, width, height, ...(kind && { kind }) });
      if (i === 0) await makeFolder(out);
      const base = join(out, `phantom-${seed + i}`);
      const objects = namedObjects(phantom);
      await whole(() => writePng(`${base}.png`, phantom.image));
      for (const { name, mask } of objects) {
        await whole(() => writePng(`${base}.${name}.png`, maskToImage(mask, width, height)));
      }
      prompts.push(
        ...objects.map(({ name, click }) => `"${base.replaceAll('"', '""')}.png",${name},point,${click.join(',')}`),
      );
      entries.push({
        image: `${base}.png`,
        seed: seed + i,
        spacing_mm: phantom.spacingMm,
        objects: objects.map(({ name, click }) => ({ name, click: [...click], mask: `${base}.${name}.png` })),
      });
    }
    await writeText(join(out, 'prompts.csv'), `${prompts.join('\n')}\n`);
  } finally {
    progress.end();
  }
  const document: Json = { images: entries, prompts: join(out, 'prompts.csv'), notice: NOTICE };
  return { document, lines: [`${count} phantom(s) in ${out}, clicks in ${join(out, 'prompts.csv')}`] };
}

/** Objects by names of their own: the second cyst is `cyst-2`. */
function namedObjects({ objects }: Phantom) {
  const seen = new Map<string, number>();
  return objects.map(({ name: kind, mask, click }) => {
    const n = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, n);
    return { name: n === 1 ? kind : `${kind}-${n}`, mask, click };
  });
}
