/**
 * The work of `samus phantom`.
 */
import { join } from 'node:path';
import { makePhantom, type Phantom, type PhantomKind } from '../data/phantom.js';
import type { Json } from '../errors.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { maskToImage } from '../formats/image.js';
import { writePng } from '../formats/imageWrite.node.js';
import { uninterrupted } from './interrupt.js';
import { writeText } from './output.js';
import { NOTICE } from './packageInfo.js';
import { Progress } from './progress.js';
import type { Outcome } from './run.js';

export interface PhantomOptions {
  readonly seed: number;
  readonly count: number;
  readonly size: readonly [width: number, height: number];
  readonly kind?: PhantomKind;
  readonly json?: boolean;
}

/** Writes phantoms, their masks and a click on each object. @throws SamusError PHANTOM_SIZE, and what writing throws */
export async function writePhantoms(out: string, { seed, count, size, kind }: PhantomOptions): Promise<Outcome> {
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
      await uninterrupted(() => writePng(`${base}.png`, phantom.image));
      for (const { name, mask } of objects) {
        await uninterrupted(() => writePng(`${base}.${name}.png`, maskToImage({ width, height, data: mask })));
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

/** Objects with unique names: the second cyst is `cyst-2`. */
function namedObjects({ objects }: Phantom) {
  const seen = new Map<string, number>();
  return objects.map(({ name: kind, mask, click }) => {
    const n = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, n);
    return { name: n === 1 ? kind : `${kind}-${n}`, mask, click };
  });
}
