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

  describe('with several runs', () => {
    const several = ['train', '--json', '--data', 'data', '--train-list', 'train', '--threads', '1', '--batch', '2'];
    const short = ['--model', 'samus.json', '--steps', '2'];

    it('trains a run for each fold and seed, continues where one is missing, and evaluates them as one', async () => {
      const args = [...several, ...short, '--folds', '2', '--seeds', '2', '--seed', '7', '--out', 'folds'];
      const first = await samus(folder, ...args);
      expect(first.code, first.stderr).toBe(0);
      const { runs, dice } = JSON.parse(first.stdout);
      const names = ['fold-1-seed-7', 'fold-1-seed-8', 'fold-2-seed-7', 'fold-2-seed-8'];
      expect(runs.map(({ name }: { name: string }) => name)).toEqual(names);
      const best = runs.map((run: { best: { dice: number } }) => run.best.dice);
      expect(dice.mean).toBeCloseTo(best.reduce((a: number, b: number) => a + b, 0) / 4, 12);
      const { data, seed } = JSON.parse(await readFile(join(folder, 'folds', 'fold-2-seed-8', 'config.json'), 'utf8'));
      expect([data.holdOut, data.val, seed]).toEqual(['2/2', [], 8]);
      removeFolder(join(folder, 'folds', 'fold-2-seed-7'));
      const kept = await weights('folds/fold-1-seed-7');
      const again = JSON.parse((await samus(folder, ...args)).stdout);
      expect(again.runs.map((run: { best: { dice: number } }) => run.best.dice)).toEqual(best);
      expect(await weights('folds/fold-1-seed-7')).toEqual(kept);
      const evaluated = await samus(
        folder,
        'evaluate',
        '--data',
        'data',
        '--list',
        'val',
        '--model',
        'folds',
        '--json',
      );
      expect(JSON.parse(evaluated.stdout)).toMatchObject({ model: 'folds', failures: [] });
    });

    it.each([
      ['--folds', '2', '--val-list', 'val'],
      ['--folds', '2', '--hold-out', '0.2'],
      ['--seeds', '2', '--resume', 'early'],
    ])('refuses %s %s with %s', async (...args) => {
      const { code, stdout } = await samus(folder, ...several, ...short, ...args);
      expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'USAGE_CONFLICT']);
    });

    it('refuses more folds than there are patients, and a fold that is none', async () => {
      const many = await samus(folder, ...several, ...short, '--folds', '50', '--out', 'many');
      expect(JSON.parse(many.stdout).error.code).toBe('TRAIN_HOLD_OUT');
      const none = await samus(folder, ...several, ...short, '--hold-out', '3/2', '--out', 'none');
      expect(JSON.parse(none.stdout).error.message).toMatch(/or a fold such as 2\/5 as --hold-out, got "3\/2"/);
    });
  });
});

function sameBytes(a: { readonly data: ArrayLike<unknown> }, b: { readonly data: ArrayLike<unknown> }): boolean {
  return Array.from(a.data).every((value, i) => Object.is(value, b.data[i]));
}
