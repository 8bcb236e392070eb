/**
 * A study in a queue whose workers are killed at random moments, while Redis loses its connections and restarts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import { Random } from '../../src/nn/random.js';
import type { RedisForTests } from '../support/redis.js';
import { expectComplete, linesOf, PROMPT, phantomFiles, results, writeTinyModel } from './batchFolder.js';
import { samus, startSamus } from './samusProcess.js';

const DIFFERENT = 50;

/** Writes the images of a study and its model. */
export async function writeScans(folder: string, images: number): Promise<void> {
  await writeTinyModel(folder);
  mkdirSync(join(folder, 'scans'));
  const files = [...(await phantomFiles(Math.min(images, DIFFERENT))).values()];
  for (let i = 0; i < images; i++) {
    writeFileSync(join(folder, 'scans', `scan-${String(i).padStart(5, '0')}.png`), files[i % files.length]!);
  }
}

export function startWorker(folder: string, url: string, ...args: readonly string[]) {
  return startSamus(folder, ['worker', '--queue', url, '--root', '.', '--threads', '1', ...args]);
}

/** Runs the study without a queue and with one, and compares. */
export async function expectSurvival(folder: string, redis: RedisForTests, images: number) {
  const args = ['batch', 'scans', ...PROMPT, '--study', 'kills'];
  expect((await samus(folder, ...args, '--out', 'alone')).code).toBe(0);
  const queue = ['--queue', redis.url];
  const start = () => startWorker(folder, redis.url, '--concurrency', '2', '--stalled-after', '1');
  const workers = [start(), start()];
  const study = join(folder, 'queued');
  const master = startSamus(folder, [...args, ...queue, '--out', 'queued', '--json']);
  const random = Random.seeded(images);
  // A kill after some more images each, so that a slow machine makes progress, too.
  const step = images / 12;
  let [kills, cuts, next] = [0, 0, step * random.uniform()];
  try {
    while (master.child.exitCode === null) {
      await Promise.race([wait(20), master.ended]);
      const done = finished(study);
      if (done < next) continue;
      next = done + step * (0.5 + random.uniform());
      // Loss of the connections, and of the server, in the middle of the work.
      if (cuts === 0 && done > images / 4) {
        cuts++;
        await redis.cut();
      } else if (cuts === 1 && done > images / 2) {
        cuts++;
        await redis.restart();
      } else {
        const victim = kills++ % workers.length;
        workers[victim]!.child.kill('SIGKILL');
        workers[victim] = start();
      }
    }
    const { code, stdout, stderr } = await master.ended;
    expect([code, JSON.parse(stdout)], stderr).toMatchObject([0, { images, done: images, failed: [] }]);
    expect(kills).toBeGreaterThan(2);
    expect(cuts).toBe(2);
    expectComplete(study, images);
    const [alone, queued] = [results(join(folder, 'alone')), results(study)];
    expect(Object.keys(queued)).toEqual(Object.keys(alone));
    for (const [name, content] of Object.entries(alone)) expect(queued[name] === content, name).toBe(true);
  } finally {
    for (const { child } of [...workers, master]) child.kill('SIGKILL');
    await Promise.all([...workers, master].map(({ ended }) => ended));
  }
}

function finished(study: string): number {
  try {
    return linesOf(study).length;
  } catch {
    // There is no journal yet, or its last line is being written.
    return 0;
  }
}
