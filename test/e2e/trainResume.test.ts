/**
 * A training that is killed again and again ends with the same weights, bit for bit, as one that is left alone.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { TINY_SAMUS } from '../support/tinyModel.js';
import { newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const folder = newFolder();
const TRAIN = [
  ['train', '--data', 'data', '--train-list', 'train', '--val-list', 'val', '--model', 'tiny.json', '--threads', '1'],
  ['--recipe', 'multi-prompt', '--rounds', '2', '--augment', 'flip', '--optimizer', 'adamw', '--clip', '1'],
  ['--ema', '0.9', '--schedule', 'cosine', '--warmup', '3', '--batch', '3', '--accumulate', '2', '--steps', '60'],
  ['--validate-steps', '20', '--checkpoint-steps', '3', '--seed', '5'],
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

describe('samus train --resume', () => {
  it('goes on bit for bit after kill -9 at any moment', async () => {
    const whole = await samus(folder, ...TRAIN, '--out', 'whole');
    expect(whole).toMatchObject({ code: 0 });
    let kills = 0;
    let run = startSamus(folder, [...TRAIN, '--out', 'killed']);
    for (let attempt = 0; ; attempt++) {
      // Longer and longer, so that it is killed while starting, training, validating and writing, and ends at last.
      const timer = setTimeout(() => run.child.kill('SIGKILL'), 900 + 170 * attempt);
      const { code, stderr } = await run.ended;
      clearTimeout(timer);
      if (code === 0) break;
      expect(stderr).not.toContain('error:');
      kills++;
      const started = await readFile(join(folder, 'killed', 'config.json')).catch(() => undefined);
      run = startSamus(folder, started ? ['train', '--resume', 'killed'] : [...TRAIN, '--out', 'killed']);
    }
    expect(kills).toBeGreaterThan(3);
    expect(await ending('killed')).toEqual(await ending('whole'));
    expect(await losses('killed')).toEqual(await losses('whole'));
  }, 300_000);
});
