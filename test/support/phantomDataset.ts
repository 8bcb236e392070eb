/**
 * A folder in the published layout, filled with small phantoms: what training and evaluation are tested on.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePhantom } from '../../src/data/phantom.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';

export interface PhantomDatasetOptions {
  /** Images of the lists `train` and `val`. */
  readonly train: number;
  readonly val: number;
  readonly side?: number;
}

/** Two data sets, `Breast-Phantom` of one class and `Heart-Phantom` of two, their images in turn. */
export async function writePhantomDataset(
  root: string,
  { train, val, side = 32 }: PhantomDatasetOptions,
): Promise<void> {
  const lists = { train: [] as string[], val: [] as string[] };
  for (let i = 0; i < train + val; i++) {
    const two = i % 2 === 1;
    const dataset = two ? 'Heart-Phantom' : 'Breast-Phantom';
    const phantom = makePhantom({ seed: i, width: side, height: side, ...(!two && { kind: 'lesion' }) });
    const classes = two ? Math.min(2, phantom.objects.length) : 1;
    const label = new Uint8Array(side * side);
    for (let c = 1; c <= classes; c++) {
      for (const [at, inside] of phantom.objects[c - 1]!.mask.entries()) if (inside) label[at] = c;
    }
    for (const folder of ['img', 'label']) await mkdir(join(root, dataset, folder), { recursive: true });
    await writePng(join(root, dataset, 'img', `p ${i}.png`), phantom.image);
    await writePng(join(root, dataset, 'label', `p ${i}.png`), createImage(side, side, 1, label));
    for (let c = 1; c <= classes; c++) lists[i < train ? 'train' : 'val'].push(`${c}/${dataset}/p ${i}`);
  }
  const folder = join(root, 'MainPatient');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'class.json'), JSON.stringify({ 'Breast-Phantom': 2, 'Heart-Phantom': 3 }));
  for (const [name, lines] of Object.entries(lists))
    await writeFile(join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
}
