/**
 * A folder for tests of `samus evaluate`: phantoms in `data`, and two models without training.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { tinyModel } from '../support/tinyModel.js';
import { newFolder, samus } from './samusProcess.js';

export async function evaluateFolder(): Promise<string> {
  const folder = newFolder();
  await writePhantomDataset(join(folder, 'data'), { train: 2, val: 9, side: 48 });
  const { config, tensors } = tinyModel();
  for (const name of ['one', 'two']) {
    const weights = name === 'one' ? tensors : tinyModel(config, 2).tensors;
    await writeModelFolder(join(folder, name), { config: serialiseConfig(config), tensors: weights, card: '# tiny' });
  }
  return folder;
}

/** Evaluates on the list `val`. */
export function evaluateIn(folder: string, ...args: readonly string[]) {
  return samus(folder, 'evaluate', '--data', 'data', '--list', 'val', '--threads', '1', ...args);
}

/** A copy of the data to put something wrong in. */
export function spoiledIn(folder: string, name: string): string {
  cpSync(join(folder, 'data'), join(folder, name), { recursive: true });
  return join(folder, name);
}
