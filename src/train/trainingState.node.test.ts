import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { readModelFolder } from '../formats/modelFolder.node.js';
import type { TensorData } from '../graph/tensorData.js';
import { parametersOf } from '../models/graphs.js';
import { freshStates } from './optimizer.js';
import { recover } from './runFolder.node.js';
import { readTrainingState, writeCheckpoint } from './trainingState.node.js';

/** After this many operations on files the process is dead: nothing reaches the disk any more. */
const life = vi.hoisted(() => ({ left: Number.POSITIVE_INFINITY, done: 0 }));

vi.mock('node:fs/promises', async (original) => {
  const real: typeof import('node:fs/promises') = await original();
  const live = (): void => {
    if (life.done >= life.left) throw new Error('killed');
    life.done++;
  };
  return {
    ...real,
    mkdir: async (...args: Parameters<typeof real.mkdir>) => {
      live();
      return real.mkdir(...args);
    },
    rename: async (...args: Parameters<typeof real.rename>) => {
      live();
      return real.rename(...args);
    },
    rm: async (...args: Parameters<typeof real.rm>) => {
      live();
      return real.rm(...args);
    },
    writeFile: async (...args: Parameters<typeof real.writeFile>) => {
      live();
      return real.writeFile(...args);
    },
    open: async (...args: Parameters<typeof real.open>) => {
      if (args[1] !== 'r') live();
      const handle = await real.open(...args);
      const write = handle.write.bind(handle);
      Object.assign(handle, {
        write: async (...parts: Parameters<typeof write>) => {
          live();
          return write(...parts);
        },
      });
      return handle;
    },
  };
});

const trained = parametersOf(TINY_SAMUS)
  .filter(({ name, buffer }) => !buffer && name.startsWith('image_encoder.cnn_embed'))
  .slice(0, 2);

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'samus-state-'));
});
afterEach(async () => {
  life.left = Number.POSITIVE_INFINITY;
  await rm(run, { recursive: true });
});

/** A few are enough: each is one more operation to be killed at. */
function fewWeights(step: number): Map<string, TensorData> {
  return new Map([...tinyWeights(TINY_SAMUS, step)].slice(0, 3));
}

function save(step: number): Promise<void> {
  const tensors = fewWeights(step);
  const weights = new Map(
    trained.map(({ name, shape }) => [name, new Float32Array(shape.reduce((a, b) => a * b)).fill(step)]),
  );
  const position = { step, validated: -1, best: null, sinceBest: 0, seconds: 1, lists: 'x' };
  const state = { position, states: freshStates(weights, true) };
  return writeCheckpoint(run, 'last', { config: TINY_SAMUS, tensors, card: `step ${step}` }, state);
}

/** The step of the checkpoint that is there, if all of its parts are of one step. */
async function stepThere(): Promise<number | undefined> {
  await recover(run, 'last');
  const state = await readTrainingState(run, trained, true);
  if (!state) return undefined;
  const { step } = state.position;
  const { tensors, card } = await readModelFolder(join(run, 'last'));
  expect(card).toBe(`step ${step}`);
  expect([...tensors.values()].map(({ data }) => data)).toEqual([...fewWeights(step).values()].map(({ data }) => data));
  for (const { weight, mean } of state.states.values()) {
    expect(new Set([...weight, ...mean!])).toEqual(new Set([step]));
  }
  return step;
}

describe('a checkpoint', () => {
  it('is read back unchanged', async () => {
    await save(3);
    expect(await stepThere()).toBe(3);
    expect((await readdir(run)).sort()).toEqual(['last']);
  });

  it('is complete, the old or the new one, wherever the process is killed', async () => {
    life.done = 0;
    await save(1);
    await save(2);
    const operations = life.done;
    expect(operations).toBeGreaterThan(20);
    const found = new Set<number | undefined>();
    for (let left = 0; left <= operations; left++) {
      await rm(join(run, 'last'), { recursive: true, force: true });
      life.done = 0;
      life.left = Number.POSITIVE_INFINITY;
      await save(1);
      life.left = life.done + left;
      await save(2).catch((error: unknown) => expect(error).toMatchObject({ message: 'killed' }));
      life.left = Number.POSITIVE_INFINITY;
      found.add(await stepThere());
    }
    expect(found).toEqual(new Set([1, 2]));
  });

  it('is refused for another training', async () => {
    await save(1);
    const others = parametersOf(TINY_SAMUS).slice(5, 6);
    await expect(readTrainingState(run, others, false)).rejects.toMatchObject({ code: 'TRAIN_STATE_INVALID' });
    expect(await readFile(join(run, 'last', 'config.json'), 'utf8')).toContain('samus');
  });
});
