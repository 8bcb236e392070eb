import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockRun } from './runLock.node.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'samus-lock-'));
});
afterEach(() => rm(run, { recursive: true }));

const LOCKED = expect.objectContaining({ code: 'RUN_LOCKED' });

describe('lockRun', () => {
  it('has one owner until released', async () => {
    const unlock = await lockRun(run);
    await expect(lockRun(run)).rejects.toEqual(LOCKED);
    await unlock();
    expect(await readdir(run)).toEqual([]);
    await (await lockRun(run))();
  });

  it('goes to one of many concurrent requests', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(run)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await readdir(run)).toEqual(['lock']);
  });

  it.each([
    ['of a process that is gone', { pid: 2 ** 22 + 1, started: null, host: hostname() }],
    ['of an earlier process of the same number', { pid: process.pid, started: 'another boot:1', host: hostname() }],
    ['that is broken', 'half a lo'],
  ])('takes over a lock %s', async (_, owner) => {
    await writeFile(join(run, 'lock'), typeof owner === 'string' ? owner : JSON.stringify(owner));
    await (await lockRun(run))();
    expect(await readdir(run)).toEqual([]);
  });

  it('respects the lock of another machine', async () => {
    await writeFile(join(run, 'lock'), JSON.stringify({ pid: 1, started: null, host: 'elsewhere' }));
    await expect(lockRun(run)).rejects.toEqual(LOCKED);
  });
});
