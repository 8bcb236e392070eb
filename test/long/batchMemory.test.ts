/**
 * A study of 100,000 images: `samus batch` needs no more memory at its end than at its beginning.
 */
import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { linesOf, PROMPT, phantomFiles, writeTinyModel } from '../e2e/batchFolder.js';
import { newFolder, removeFolder, startSamus } from '../e2e/samusProcess.js';

const IMAGES = 100_000;
const DIFFERENT = 100;
const IN_A_FOLDER = 1000;
const MOST_GROWTH = 50e6;
/** Share of the images after which all parts of the program have been used. */
const WARM = 0.05;

let folder = '';
beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  const files = [...(await phantomFiles(DIFFERENT)).entries()];
  mkdirSync(join(folder, 'files'));
  for (const [name, bytes] of files) writeFileSync(join(folder, 'files', name), bytes);
  for (let i = 0; i < IMAGES; i++) {
    const place = join(folder, 'scans', String(Math.floor(i / IN_A_FOLDER)));
    if (i % IN_A_FOLDER === 0) mkdirSync(place, { recursive: true });
    linkSync(join(folder, 'files', files[i % DIFFERENT]![0]), join(place, `${i}.png`));
  }
}, 600_000);
afterAll(() => removeFolder(folder));

it.skipIf(process.platform !== 'linux')('takes the same memory for 100,000 images as for 5,000', async () => {
  const args = ['batch', 'scans', ...PROMPT, '--out', 'study', '--json'];
  const { child, ended } = startSamus(folder, args);
  const resident = (): number => {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  };
  let [early, late, text] = [0, 0, ''];
  child.stderr.on('data', (part: string) => {
    text += part;
  });
  while (child.exitCode === null && child.signalCode === null) {
    const finished = Number([...text.matchAll(/segmenting.*, (\d+) of/g)].at(-1)?.[1] ?? 0);
    const now = resident();
    if (finished < WARM * IMAGES) early = Math.max(early, now);
    else late = Math.max(late, now);
    await Promise.race([wait(500), ended]);
  }
  const { code, stdout } = await ended;
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { images: IMAGES, done: IMAGES, failed: [] }]);
  expect(new Set(linesOf(join(folder, 'study')).map(({ key }) => key)).size).toBe(IMAGES);
  process.stdout.write(
    `resident: ${Math.round(early / 1e6)} MB at first, ${Math.round(late / 1e6)} MB later\n${stdout}`,
  );
  expect(late - early).toBeLessThan(MOST_GROWTH);
});
