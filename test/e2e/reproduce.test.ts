/**
 * `samus reproduce` end to end on phantoms, out of one folder of runs: every table and figure, a killed command that
 * continues, and what is refused. The budget shows that everything runs; its numbers mean nothing.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPERIMENTS } from '../../src/reproduce/experiments.js';
import { GROUPS, SYSTEMS } from '../../src/reproduce/systems.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const folder = newFolder();
const out = join(folder, 'out');
const SMOKE = ['--data', 'data', '--budget', 'smoke', '--unseen', 'Heart-Phantom', '--out', 'out'];
const MINUTES = 60_000;

const reproduce = (...args: string[]) => samus(folder, 'reproduce', ...args);
const text = (name: string) => readFile(join(out, name), 'utf8');
const trainedAt = async (pattern: RegExp): Promise<Map<string, number>> => {
  const done = filesIn(join(out, 'runs')).filter((path) => path.endsWith('/done.json') && pattern.test(path));
  return new Map(
    await Promise.all(done.map(async (path) => [path, (await stat(join(out, 'runs', path))).mtimeMs] as const)),
  );
};

beforeAll(async () => {
  await writePhantomDataset(join(folder, 'data'), { train: 8, val: 6, side: 64 });
});

afterAll(() => removeFolder(folder));

it(
  'continues after a kill in the middle and keeps what is done',
  async () => {
    const { child, ended } = startSamus(folder, ['reproduce', 'table4', ...SMOKE]);
    await expect.poll(async () => (await trainedAt(/./)).size, { timeout: MINUTES, interval: 20 }).toBeGreaterThan(1);
    child.kill('SIGKILL');
    await ended;
    const before = await trainedAt(/./);
    const { code, stderr } = await reproduce('table4', ...SMOKE);
    expect(code, stderr).toBe(0);
    const after = await trainedAt(/./);
    expect(after.size).toBe(GROUPS.ablations.length);
    for (const [path, time] of before) expect(after.get(path)).toBe(time);
  },
  3 * MINUTES,
);

it(
  'makes every table and figure, each run once',
  async () => {
    const before = await trainedAt(/./);
    const { code, stdout, stderr } = await reproduce('all', ...SMOKE, '--json');
    expect(code, stderr).toBe(0);
    const after = await trainedAt(/./);
    expect(after.size).toBe(SYSTEMS.length);
    for (const [path, time] of before) expect(after.get(path)).toBe(time);
    const { results } = JSON.parse(stdout);
    expect(results.map(({ name }: { name: string }) => name)).toEqual(EXPERIMENTS.map(({ name }) => name));
    for (const { name } of EXPERIMENTS) {
      expect(await text(`${name}.svg`)).toMatch(/^<svg/);
      expect((await readFile(join(out, `${name}.png`))).subarray(1, 4).toString()).toBe('PNG');
      expect(await text(`${name}.tex`)).toContain('\\toprule');
      expect((await text(`${name}.csv`)).split('\r\n').length).toBeGreaterThan(2);
      expect(await text(`${name}.md`)).toContain(`(${name})`);
    }
  },
  6 * MINUTES,
);

it('tells seen from unseen datasets, and states split, prompt, preprocessing, seed and samples of each row', async () => {
  const { code, stdout, stderr } = await reproduce('table3', ...SMOKE, '--json');
  expect(code, stderr).toBe(0);
  const { rows, ...document } = JSON.parse(stdout);
  expect(document).toMatchObject({ name: 'table3', budget: 'smoke', samples: 8, unseen: ['Heart-Phantom'] });
  expect(new Set(rows.map((row: { model: string }) => row.model))).toEqual(
    new Set(GROUPS.foundation.map(({ id }) => id)),
  );
  for (const row of rows) {
    expect(row.seen).toBe(row.dataset === 'Breast-Phantom');
    expect(row).toMatchObject({ split: 'val', seeds: [1], paper: null });
    expect(row.samples).toBe(row.model === 'sam' ? 4 : 8);
    expect(row.prompt).toBe(/^(samed|samadapter)$/.test(row.model) ? 'no prompt' : 'one click');
    expect(row.preprocessing).toMatch(/px$/);
    expect(row.dice.mean).toBeGreaterThanOrEqual(0);
  }
  const page = await text('table3.md');
  // Commands that can be typed by hand.
  expect(page).toContain('samus train --data');
  expect(page).toContain('--repeat Heart-Phantom=0');
  expect(JSON.parse(await text('results.json')).rows).toEqual(rows);
});

it('trains with further seeds and states their spread', async () => {
  const { code, stdout, stderr } = await reproduce('table5', ...SMOKE, '--seeds', '2', '--json');
  expect(code, stderr).toBe(0);
  const [row] = JSON.parse(stdout).rows;
  expect(row.seeds).toEqual([1, 2]);
  expect(row.seed_std).toBeGreaterThanOrEqual(0);
  expect((await trainedAt(/^samus-seed/)).size).toBe(2);
  expect((await trainedAt(/^sam-seed/)).size).toBe(1);
});

it('trains networks a second time with the click as a further channel', async () => {
  const channel = ['--systems', 'unet', '--prompt-channel', 'point', '--json'];
  const { code, stdout, stderr } = await reproduce('table2', 'figure3', ...SMOKE, ...channel);
  expect(code, stderr).toBe(0);
  const [table, figure] = JSON.parse(stdout).results;
  const first = table.rows.filter((row: { dataset: string }) => row.dataset === 'Breast-Phantom');
  expect(first.map(({ title, prompt }: { title: string; prompt: string }) => [title, prompt])).toEqual([
    ['U-Net', 'no prompt'],
    ['U-Net + click', 'one click'],
  ]);
  expect(new Set(figure.images.map(({ system }: { system: string }) => system))).toEqual(
    new Set(['U-Net', 'U-Net + click']),
  );
});

const REFUSED: readonly (readonly [code: string, ...args: string[]])[] = [
  ['REPRODUCE_NAME', 'table9', ...SMOKE],
  ['REPRODUCE_BUDGET', 'table1', '--data', 'data', '--out', 'out', '--budget', 'days:1'],
  ['REPRODUCE_SYSTEM', 'table3', ...SMOKE, '--systems', 'nnunet'],
  ['REPRODUCE_DATA', 'table1', '--data', 'data', '--out', 'other', '--budget', 'smoke', '--unseen', 'Liver'],
  ['REPRODUCE_PLAN', 'table1', '--data', 'data', '--out', 'out', '--budget', 'samples:16'],
  ['DATA_LIST_MISSING', 'table1', ...SMOKE, '--train-list', 'missing'],
];

it.each(REFUSED)('refuses with %s', async (expected, ...args) => {
  const { code, stdout } = await reproduce(...args, '--json');
  expect(JSON.parse(stdout).error.code).toBe(expected);
  expect(code).toBeGreaterThan(1);
});

it('finds too few hours before it trains', async () => {
  const hours = ['--data', 'data', '--budget', 'hours:0.0001', '--out', 'hours', '--unseen', 'Heart-Phantom'];
  const { stdout } = await reproduce('table2', ...hours, '--systems', 'unet', '--json');
  const { code, message } = JSON.parse(stdout).error;
  expect(code).toBe('REPRODUCE_BUDGET');
  expect(message).toMatch(/^expected at least \d+\.\d+ hours for 1 trainings, got 0\.0001$/);
});
