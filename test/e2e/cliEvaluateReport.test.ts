/**
 * The reports of `samus evaluate`: several models, prompts, a second rater, the training images.
 */
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { splitCsv } from '../../src/formats/csv.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { presets } from '../../src/models/registry.js';
import { tinyModel } from '../support/tinyModel.js';
import { evaluateFolder, evaluateIn, spoiledIn } from './evaluateFolder.js';
import { filesIn, removeFolder, samus } from './samusProcess.js';

let folder = '';

beforeAll(async () => {
  folder = await evaluateFolder();
});

afterAll(() => removeFolder(folder));

const run = (...args: readonly string[]) => evaluateIn(folder, ...args);
const spoiled = (name: string): string => spoiledIn(folder, name);

describe('samus evaluate', () => {
  it('writes a report of several models with clicks and draws', async () => {
    const published = ['--published', 'a paper=0.9±0.1,n=20', '--published', 'other@Heart-Phantom=0.1+-0.1,n=9,r=0.5'];
    const options = ['--clicks', '2', '--draws', '2', '--seed', '5', '--report', 'report', ...published];
    const { code, stdout } = await run('--model', 'one', '--model', 'two', ...options);
    expect(code).toBe(0);
    expect(stdout).toMatch(/two − one:\n.*Wilcoxon p +P\(claim false\)\n\S+ +\S*[a-z]/);
    expect(filesIn(join(folder, 'report'))).toEqual(['images.csv', 'report.html', 'summary.json']);
    expect(stdout).toMatch(/95 % intervals resample images/);
    const summary = JSON.parse(readFileSync(join(folder, 'report/summary.json'), 'utf8'));
    expect(summary.models.map(({ model }: { model: string }) => model)).toEqual(['one', 'two']);
    expect(summary.comparisons[0].datasets[0].dice).toMatchObject({
      mean: expect.any(Number),
      wilcoxon: { method: 'exact' },
    });
    expect(summary.comparisons[0].datasets[0].dice.probability_false).toBeLessThanOrEqual(0.5);
    expect(summary.ranking).toMatchObject({
      overall: { ordered: expect.any(Boolean), models: [{ rank: [1, 2] }, {}] },
    });
    expect(stdout).toMatch(/all samples: (no ranking, all 95 % intervals overlap|rank 1 )/);
    expect(
      summary.published.map(({ published, model, n }: { [key: string]: unknown }) => [published, model, n]),
    ).toEqual([
      ['a paper', 'one', 20],
      ['a paper', 'two', 20],
      ['other', 'one', 9],
      ['other', 'two', 9],
    ]);
    expect(stdout).toMatch(/one − a paper .*the claim "a paper is better than one" is false with probability < 0.001/);
    expect(summary.datasets[0]).toMatchObject({
      failure_rate: { dice_below: 0.5, images: 5, mean: 1 },
      missed_images: expect.any(Number),
      risk_coverage: { curve: expect.any(Array) },
      draws: { count: 2 },
      interactions: [{ count: 1 }, { count: 2 }, { count: 3 }],
      noc85: { mean: expect.any(Number), reached: expect.any(Number) },
      noc90: {},
      calibration: { n: 10 },
    });
    const [header, ...rows] = splitCsv(readFileSync(join(folder, 'report/images.csv'), 'utf8'));
    const samples = summary.datasets.reduce((sum: number, { images }: { images: number }) => sum + images, 0);
    expect(rows).toHaveLength(2 * 2 * samples);
    const column = header!.fields.indexOf('dice');
    const ofOne = rows.filter(({ fields }) => fields[0] === 'one' && fields[1] === 'Breast-Phantom');
    const mean = ofOne.reduce((sum, { fields }) => sum + Number(fields[column]), 0) / ofOne.length;
    expect(mean).toBeCloseTo(summary.datasets[0].dice.mean, 12);
    const page = readFileSync(join(folder, 'report/report.html'), 'utf8');
    expect(page).not.toMatch(/https?:|<script/);
  });

  it('compares models with and without prompts in one command', async () => {
    const sizes = { ...presets().get('unet-s')!, base: 4, imageSize: 64 };
    const { config, tensors } = tinyModel(sizes);
    await writeModelFolder(join(folder, 'unet'), { config: serialiseConfig(config), tensors, card: '# tiny' });
    const models = ['--model', 'one', '--model', 'unet'];
    const args = ['--prompt', 'point', '--clicks', '1', '--prompt-noise', '0,20', '--report', 'mixed', '--json'];
    const { code, stdout, stderr } = await run(...models, ...args);
    expect([code, stderr]).toEqual([0, expect.stringContaining('unet: takes no prompts and gets none')]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ prompt: 'point', clicks: 1 });
    expect(document.models.map(({ prompt, clicks }: { prompt: string; clicks: number }) => [prompt, clicks])).toEqual([
      ['point', 1],
      ['auto', 0],
    ]);
    expect(document.models[1].datasets[0]).not.toHaveProperty('interactions');
    // Every image counts in the comparison, as each model alone was measured on it.
    expect(document.comparisons[0].datasets[0].images).toBe(document.models[0].datasets[0].images);
    const alone = JSON.parse((await run('--model', 'unet', '--prompt', 'auto', '--json')).stdout);
    expect(document.models[1].datasets[0].dice).toEqual(alone.datasets[0].dice);
    expect(readFileSync(join(folder, 'mixed', 'report.html'), 'utf8')).toContain('no prompt for unet');
    const [header, ...lines] = splitCsv(readFileSync(join(folder, 'mixed', 'images.csv'), 'utf8'));
    for (const name of ['dice_2', 'dice_noise_20']) {
      const column = header!.fields.indexOf(name);
      expect(new Set(lines.map(({ fields }) => `${fields[0]} ${fields[column] !== ''}`))).toEqual(
        new Set(['one true', 'unet false']),
      );
    }
    // Without a promptable model beside it, a prompt remains a mistake.
    expect(await run('--model', 'unet', '--prompt', 'point')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected --prompt auto'),
    });
  });

  it('measures prompt noise, and clicks in other places', async () => {
    const noise = ['--prompt-noise', '0,30', '--click-mode', 'border', '--clicks', '1'];
    const { code, stdout } = await run('--model', 'one', ...noise, '--report', 'noisy');
    expect(code).toBe(0);
    expect(stdout).toMatch(/Breast-Phantom object: Dice with a prompt off by 0, 30 % 0\.\d+ 0\.\d+, area 0\.\d+/);
    const summary = JSON.parse(readFileSync(join(folder, 'noisy/summary.json'), 'utf8'));
    expect(summary).toMatchObject({ click_mode: 'border', prompt_noise: [0, 30] });
    const [{ interactions, interactions_area, prompt_noise }] = summary.datasets;
    const [first, second] = interactions;
    expect(interactions_area.dice.mean).toBeCloseTo((first.dice.mean + second.dice.mean) / 2, 6);
    expect(prompt_noise.levels[0].dice.mean).toBeCloseTo(first.dice.mean, 6);
    expect(readFileSync(join(folder, 'noisy/report.html'), 'utf8')).toContain('<h2>Noise of prompts</h2>');
    const boxes = await run('--model', 'one', '--prompt', 'box', '--prompt-noise', '0,10', '--json');
    expect(JSON.parse(boxes.stdout).datasets[0].prompt_noise.levels).toHaveLength(2);
  });

  it('holds results against a second rater, columns of the data, and the training images', async () => {
    const data = spoiled('context');
    const images = [0, 2, 4, 6, 8, 10].map((i) => `p ${i}`);
    writeFileSync(
      join(data, 'Breast-Phantom/images.csv'),
      `name,scanner\n${images.map((name, i) => `${name},${i % 2 === 0 ? 'old' : 'new'}\n`).join('')}`,
    );
    // The first rater's labels are the second's, but for one that is missing; an evaluated image is in training too.
    cpSync(data, join(folder, 'rater'), { recursive: true });
    rmSync(join(folder, 'rater/Breast-Phantom/label/p 4.png'));
    copyFileSync(join(data, 'Breast-Phantom/img/p 0.png'), join(data, 'Breast-Phantom/img/p 2.png'));
    const context = ['--second-rater', 'rater', '--strata', 'scanner', '--report', 'held'];
    const args = ['evaluate', '--data', 'context', '--list', 'val', '--model', 'one', '--clicks', '1', ...context];
    const { code, stdout } = await samus(folder, ...args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Breast-Phantom object: Dice by scanner: new 0\.\d+ \(n 3\), old 0\.\d+ \(n 2\)/);
    expect(stdout).toMatch(/Breast-Phantom object: second rater Dice 1\.000/);
    expect(stdout).toMatch(
      /warning: 1 evaluated images are, resemble or share a patient with one of the 2 images of train/,
    );
    const { second_rater, strata, training_overlap } = JSON.parse(
      readFileSync(join(folder, 'held/summary.json'), 'utf8'),
    );
    expect(second_rater).toMatchObject({
      missing: 1,
      datasets: [{ images: 4, dice: { mean: 1 } }, {}, {}],
      failures: [],
    });
    expect(second_rater.comparisons).toMatchObject([{ first: 'second rater', second: 'one' }]);
    expect(strata).toMatchObject([
      {
        column: 'scanner',
        datasets: [{ strata: [{ value: 'new' }, { value: 'old' }] }, {}, {}],
        overall: [{}, {}, { value: 'unknown' }],
      },
    ]);
    expect(training_overlap).toMatchObject({
      lists: ['train'],
      images: 2,
      affected: ['Breast-Phantom/p 2'],
      problems: [{ code: 'SPLIT_DUPLICATE' }],
      dice: [{ model: 'one', all: expect.any(Number), without_affected: expect.any(Number) }],
    });
    const page = readFileSync(join(folder, 'held/report.html'), 'utf8');
    for (const heading of ['Second rater', 'By scanner', 'Images known from training'])
      expect(page).toContain(`<h2>${heading}</h2>`);
    expect(page).not.toMatch(/undefined|NaN/);
    const skipped = await samus(folder, ...args.slice(0, -2), '--train-list', 'none', '--json');
    expect(JSON.parse(skipped.stdout)).not.toHaveProperty('training_overlap');
  });

  it('writes no report over a table of the dataset', async () => {
    const data = spoiled('facts');
    const table = join(data, 'Breast-Phantom/images.csv');
    writeFileSync(table, 'name,patient\n');
    const args = ['--data', 'facts', '--list', 'val', '--model', 'one', '--report', 'facts/Breast-Phantom'];
    const { code, stdout } = await samus(folder, 'evaluate', ...args, '--json');
    expect([code, JSON.parse(stdout).error.code]).toEqual([2, 'OUTPUT_IS_INPUT']);
    expect(readFileSync(table, 'utf8')).toBe('name,patient\n');
  });
});
