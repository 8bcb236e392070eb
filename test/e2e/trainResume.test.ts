/**
 * A training that is killed in every phase ends with the same weights, bit for bit, as one that is left alone.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { readModelFolder } from '../../src/formats/modelFolder.node.js';
import { asFloat32, int64 } from '../../src/graph/tensorData.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { TINY_SAMUS } from '../support/tinyModel.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const folder = newFolder();
const TRAIN = [
  ['train', '--data', 'data', '--train-list', 'train', '--val-list', 'val', '--model', 'tiny.json', '--threads', '1'],
  ['--recipe', 'multi-prompt', '--rounds', '2', '--augment', 'strong', '--optimizer', 'adamw', '--clip', '1'],
  ['--ema', '0.9', '--schedule', 'cosine', '--warmup', '3', '--batch', '3', '--accumulate', '2', '--steps', '12'],
  ['--validate-steps', '5', '--checkpoint-steps', '3', '--seed', '5'],
].flat();

beforeAll(async () => {
  await writePhantomDataset(join(folder, 'data'), { train: 7, val: 4 });
  await writeFile(join(folder, 'tiny.json'), serialiseConfig(TINY_SAMUS));
});

afterAll(() => removeFolder(folder));

/** Everything that a training ends with but the time it took. */
async function ending(run: string) {
  const weights = await readFile(join(folder, run, 'last', 'model.safetensors'));
  const best = await readFile(join(folder, run, 'best', 'model.safetensors'));
  const { tensors, metadata } = await readCheckpointFile(join(folder, run, 'last', 'training-state.safetensors'));
  const { seconds, ...position } = JSON.parse(metadata.get('position')!);
  const state = [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]);
  expect(seconds).toBeGreaterThan(0);
  return { weights, best, position, state };
}

async function losses(run: string) {
  const lines = (await readFile(join(folder, run, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).map(({ step, val_dice }) => ({ step, val_dice }));
}

/** Where it is killed, one after the other: each time it goes on from what the last kill left. See killAt.mjs. */
const KILLS: readonly (readonly [phase: string, moment: string])[] = [
  ['before it has a configuration', 'move >config.json 1'],
  ['before its metrics are opened', 'move >metrics.jsonl 1'],
  ['before the first step', 'run training 1'],
  ['in a step, with half of its gradients', 'run training 4'],
  ['while a checkpoint is written', 'move >training-state 1'],
  ['before a checkpoint takes its place', 'move last>last.old 1'],
  ['between the moves of a checkpoint', 'move last.writing>last 1'],
  ['before the old checkpoint is removed', 'remove last.old 3'],
  ['while validating', 'run validation 2'],
  ['while the best model is written', 'move >model.safetensors 2'],
  ['between a validation and its checkpoint', 'move >curves.svg 1'],
];

describe('samus train --resume', () => {
  it('resumes bit for bit after kill -9 in every phase', async () => {
    expect(await samus(folder, ...TRAIN, '--out', 'whole')).toMatchObject({ code: 0 });
    const preload = `--import ${new URL('killAt.mjs', import.meta.url).href}`;
    const go = async (moment?: string) => {
      const begun = filesIn(folder).includes('killed/config.json');
      const args = begun ? ['train', '--resume', 'killed'] : [...TRAIN, '--out', 'killed'];
      return startSamus(folder, args, moment ? { NODE_OPTIONS: preload, SAMUS_TEST_KILL: moment } : {}).ended;
    };
    for (const [phase, moment] of KILLS) {
      const { code, stderr } = await go(moment);
      expect([phase, code, stderr]).toEqual([phase, null, expect.not.stringContaining('error:')]);
    }
    expect(await go()).toMatchObject({ code: 0 });
    expect(await ending('killed')).toEqual(await ending('whole'));
    expect(await losses('killed')).toEqual(await losses('whole'));
  }, 600_000);

  it('goes on bit for bit with running statistics and dropout', async () => {
    const network = `--import ${new URL('stateNet.mjs', import.meta.url).href}`;
    const preload = `--import ${new URL('killAt.mjs', import.meta.url).href} ${network}`;
    const start = [
      ...TRAIN.slice(0, 7),
      '--model',
      'state-net-s',
      '--threads',
      '1',
      '--batch',
      '3',
      '--accumulate',
      '2',
    ];
    const args = [...start, '--ema', '0.9', '--steps', '8', '--validate-steps', '5', '--checkpoint-steps', '3'];
    const go = (options: readonly string[], moment?: string) =>
      startSamus(folder, options, {
        NODE_OPTIONS: moment ? preload : network,
        ...(moment && { SAMUS_TEST_KILL: moment }),
      }).ended;
    expect(await go([...args, '--out', 'state'])).toMatchObject({ code: 0 });
    expect(await go([...args, '--out', 'state killed'], 'run training 9')).toMatchObject({ code: null });
    expect(await go(['train', '--resume', 'state killed'], 'run training 7')).toMatchObject({ code: null });
    expect(await go(['train', '--resume', 'state killed'])).toMatchObject({ code: 0 });
    expect(await ending('state killed')).toEqual(await ending('state'));
    expect(await losses('state killed')).toEqual(await losses('state'));
    const { tensors } = await readModelFolder(join(folder, 'state', 'last'));
    expect(tensors.get('norm.num_batches_tracked')).toEqual(int64([16], []));
    expect(asFloat32(tensors.get('norm.running_mean')!).data.some((value) => value !== 0)).toBe(true);
    const average = ['models', 'average', 'state/best', 'state/last', '--out', 'state mean'];
    expect(await go(average)).toMatchObject({ code: 0 });
    const half = ['models', 'convert', 'state mean', 'state half', '--float16'];
    expect(await go(half)).toMatchObject({ code: 0 });
    expect(
      await go(['evaluate', '--data', 'data', '--list', 'val', '--model', 'state half', '--prompt', 'none']),
    ).toMatchObject({
      code: 0,
    });
  }, 600_000);
});
