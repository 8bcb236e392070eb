/**
 * Options of `samus train` that decide when it ends and which weights move, and the other architecture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelFolder } from '../../src/formats/modelFolder.node.js';
import { asFloat32 } from '../../src/graph/tensorData.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { TINY_SAM, TINY_SAMUS } from '../support/tinyModel.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const folder = newFolder();
const COMMON = ['--data', 'data', '--train-list', 'train', '--val-list', 'val', '--threads', '1', '--batch', '2'];

async function train(...args: string[]) {
  const { code, stdout } = await samus(folder, 'train', '--json', ...COMMON, ...args);
  expect([code, stdout]).toEqual([0, expect.stringContaining('"finished":true')]);
  return JSON.parse(stdout);
}

/** The weights of a run's last checkpoint. */
async function weights(run: string) {
  return (await readModelFolder(join(folder, run, 'last'))).tensors;
}

beforeAll(async () => {
  await writePhantomDataset(join(folder, 'data'), { train: 5, val: 2 });
  await writeFile(join(folder, 'samus.json'), serialiseConfig(TINY_SAMUS));
  await writeFile(join(folder, 'sam.json'), serialiseConfig(TINY_SAM));
});

afterAll(() => removeFolder(folder));

describe('samus train', () => {
  it('stops early without improvement, and then has nothing left to do', async () => {
    // Too slow to change any mask.
    const early = ['--steps', '50', '--validate-steps', '1', '--patience', '2', '--lr', '1e-30'];
    expect(await train('--model', 'samus.json', ...early, '--out', 'early')).toMatchObject({
      step: 3,
      best: { step: 1 },
    });
    const again = await samus(folder, 'train', '--json', '--resume', 'early');
    expect(JSON.parse(again.stdout)).toMatchObject({ step: 3, finished: true });
  });

  it('keeps frozen weights and those with a rate of 0 bit for bit, and slows others', async () => {
    const start = ['--from', 'early/last', '--train', 'all', '--steps', '1', '--seed', '4'];
    await train(...start, '--out', 'free');
    const parts = ['--freeze', 'prompt_encoder,mask_decoder.transformer', '--lr-scale', 'image_encoder.blocks=0'];
    await train(...start, ...parts, '--lr-scale', 'image_encoder.neck=0.25', '--out', 'parts');
    const [before, free, held] = [await weights('early'), await weights('free'), await weights('parts')];
    const moves = (after: typeof before, name: string): number => {
      const [a, b] = [before, after].map((tensors) => asFloat32(tensors.get(name)!, name).data);
      return Math.max(...Array.from(a!, (value, i) => Math.abs(value - b![i]!)));
    };
    const still = /^(prompt_encoder|mask_decoder\.transformer|image_encoder\.blocks)/;
    for (const name of before.keys()) {
      if (still.test(name)) expect([name, held.get(name)]).toEqual([name, before.get(name)]);
    }
    const moved = [...before.keys()].filter((name) => moves(free, name) > 0);
    expect(moved.filter((name) => still.test(name)).length).toBeGreaterThan(10);
    const [decoder, neck] = ['mask_decoder.mask_tokens.weight', 'image_encoder.neck.1.weight'];
    expect(moves(held, decoder)).toBe(moves(free, decoder));
    expect(moves(held, neck) / moves(free, neck)).toBeCloseTo(0.25, 3);
  });

  it('trains a SAM, only its decoder if it starts from a checkpoint', async () => {
    await train('--model', 'sam.json', '--steps', '2', '--out', 'sam');
    await train('--from', 'sam/best', '--model', 'sam.json', '--steps', '2', '--out', 'sam tuned');
    const config = JSON.parse(await readFile(join(folder, 'sam tuned', 'best', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ architecture: 'sam' });
    const [before, after] = [await weights('sam'), await weights('sam tuned')];
    const parts = (same: boolean) =>
      new Set(
        [...before].filter(([name, a]) => same === sameBytes(a, after.get(name)!)).map(([name]) => name.split('.')[0]),
      );
    expect(parts(false)).toEqual(new Set(['mask_decoder']));
    expect([...parts(true)]).toEqual(expect.arrayContaining(['image_encoder', 'prompt_encoder']));
    const image = join('data', 'Breast-Phantom', 'img', 'p 0.png');
    const segment = ['segment', image, '--model', 'sam tuned/best', '--point', '16,16', '--out', 'masks'];
    expect(await samus(folder, ...segment)).toMatchObject({ code: 0 });
  });
});

function sameBytes(a: { readonly data: ArrayLike<unknown> }, b: { readonly data: ArrayLike<unknown> }): boolean {
  return Array.from(a.data).every((value, i) => Object.is(value, b.data[i]));
}
