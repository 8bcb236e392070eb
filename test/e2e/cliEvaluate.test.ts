/**
 * `samus evaluate` as a user has it: documents, files, exit codes.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { splitCsv } from '../../src/formats/csv.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { presets } from '../../src/models/registry.js';
import { goldenPath } from '../support/golden.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { tinyModel } from '../support/tinyModel.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

let folder = '';

beforeAll(async () => {
  folder = newFolder();
  await writePhantomDataset(join(folder, 'data'), { train: 2, val: 9, side: 48 });
  const { config, tensors } = tinyModel();
  for (const name of ['one', 'two']) {
    const weights = name === 'one' ? tensors : tinyModel(config, 2).tensors;
    await writeModelFolder(join(folder, name), { config: serialiseConfig(config), tensors: weights, card: '# tiny' });
  }
});

afterAll(() => removeFolder(folder));

function run(...args: readonly string[]) {
  return samus(folder, 'evaluate', '--data', 'data', '--list', 'val', '--threads', '1', ...args);
}

/** A copy of the data with something wrong in it. */
function spoiled(name: string): string {
  cpSync(join(folder, 'data'), join(folder, name), { recursive: true });
  return join(folder, name);
}

describe('samus evaluate', () => {
  it('evaluates a folder of models as one, and a run as its best model', async () => {
    for (const name of ['one', 'two'])
      cpSync(join(folder, name), join(folder, 'runs', name, 'best'), { recursive: true });
    // A run that has not been validated yet.
    mkdirSync(join(folder, 'runs', 'young'));
    writeFileSync(join(folder, 'runs', 'young', 'config.json'), '{}');
    const { stdout, stderr } = await run('--model', 'runs', '--json');
    expect(stderr).toContain(`left out runs without a best model yet: ${join('runs', 'young')}`);
    const both = JSON.parse(stdout);
    expect(both.model).toBe('runs');
    const members = [join('runs', 'one', 'best'), join('runs', 'two', 'best')];
    expect(both.provenance.models.map(({ model }: { model: string }) => model)).toEqual(members);
    const [one, two, run1] = await Promise.all(
      ['one', 'two', join('runs', 'one')].map(async (name) =>
        JSON.parse((await run('--model', name, '--json')).stdout),
      ),
    );
    expect(run1.datasets).toEqual(one.datasets);
    expect(run1.model).toBe('one');
    expect(both.datasets).not.toEqual(one.datasets);
    expect(both.datasets).not.toEqual(two.datasets);
    rmSync(join(folder, 'runs'), { recursive: true });
  });

  it('prints the documented JSON, the same twice', async () => {
    const { code, stdout, stderr } = await run('--model', 'one', '--json');
    expect([code, stderr]).toEqual([0, expect.not.stringMatching(/error/)]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ model: 'one', prompt: 'point', clicks: 0, draws: 0, size: 256, failures: [] });
    expect(document.datasets.map((one: { dataset: string; class: number }) => `${one.dataset} ${one.class}`)).toEqual(
      expect.arrayContaining(['Breast-Phantom 1', 'Heart-Phantom 1']),
    );
    const [first] = document.datasets;
    expect(first).toMatchObject({ dataset: 'Breast-Phantom', class: 1, className: 'object', images: 5, failed: 0 });
    expect(first.dice).toMatchObject({ mean: expect.any(Number), std: expect.any(Number) });
    expect(first.dice.ci95).toEqual([expect.any(Number), expect.any(Number)]);
    expect(first.iou.mean).toBeLessThanOrEqual(first.dice.mean);
    expect(first).not.toHaveProperty('hd95_mm');
    const again = JSON.parse((await run('--model', 'one', '--json')).stdout);
    const date = expect.stringMatching(/^20\d\d-.*Z$/);
    expect({ ...again, timing: 0 }).toEqual({
      ...document,
      timing: 0,
      provenance: { ...document.provenance, date },
    });
    expect(document.provenance).toMatchObject({
      command: expect.stringMatching(/^samus evaluate --data .* --json$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      models: [{ model: 'one', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
  });

  it('lists the prompt kinds in its help', async () => {
    const { stdout } = await samus(folder, 'evaluate', '--help');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'point, points:N (N points at once), box, auto (models that need no prompt) or none',
    );
  });

  it('warns about images with an empty label', async () => {
    const root = spoiled('hollow');
    const name = 'Heart-Phantom/p 3';
    await writePng(join(root, 'Heart-Phantom/label/p 3.png'), createImage(48, 48, 1, new Uint8Array(48 * 48)));
    writeFileSync(join(root, 'MainPatient/some.txt'), `${name}\nHeart-Phantom/p 5\n`);
    const { code, stderr } = await samus(folder, 'evaluate', '--data', 'hollow', '--list', 'some', '--model', 'one');
    expect([code, stderr]).toEqual([0, expect.stringContaining('skipped 1 line(s) for images with an empty label')]);
    expect(stderr).toContain(name);
  });

  it('counts repeated samples once, with a warning', async () => {
    const once = await run('--model', 'one', '--json');
    const { code, stdout, stderr } = await run('--list', 'val', '--model', 'one', '--json');
    expect([code, stderr]).toEqual([0, expect.stringMatching(/warning: skipped \d+ repeated line.*list val, line 1/)]);
    const [{ overall, lists }, expected] = [JSON.parse(stdout), JSON.parse(once.stdout)];
    expect(lists).toEqual(['val', 'val']);
    expect(overall).toEqual(expected.overall);
    expect(overall.ci95_resamples).toBe('image');
  });

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

  it('reports failed images, with exit code 1', async () => {
    const data = spoiled('broken');
    writeFileSync(
      join(data, 'Breast-Phantom/img/p 2.png'),
      readFileSync(join(data, 'Breast-Phantom/img/p 2.png')).subarray(0, 90),
    );
    const small = makePhantom({ seed: 1, width: 32, height: 32 }).image;
    await writePng(join(data, 'Breast-Phantom/label/p 4.png'), small);
    const { code, stdout } = await samus(
      folder,
      'evaluate',
      '--data',
      'broken',
      '--list',
      'val',
      '--model',
      'one',
      '--json',
    );
    expect(code).toBe(1);
    const { failures, datasets } = JSON.parse(stdout);
    expect(failures.map(({ image, error }: { image: string; error: { code: string } }) => [image, error.code])).toEqual(
      [
        ['p 2', 'IMAGE_CORRUPT'],
        ['p 4', 'DATA_SIZE_MISMATCH'],
      ],
    );
    expect(datasets[0]).toMatchObject({ images: 3, failed: 2 });
  });

  it.each([
    ['no data', 'USAGE_MISSING_OPTION', 2, ['--list', 'val']],
    ['a strange prompt', 'EVALUATE_PROMPT', 2, ['--data', 'data', '--prompt', 'circle']],
    [
      'automatic prompts',
      'EVALUATE_PROMPT_AUTO',
      2,
      ['--data', 'data', '--list', 'val', '--model', 'one', '--prompt', 'auto'],
    ],
    [
      'a model twice',
      'EVALUATE_MODEL_TWICE',
      2,
      ['--data', 'data', '--list', 'val', '--model', 'one', '--model', 'one'],
    ],
    ['noise that is none', 'EVALUATE_NOISE', 2, ['--data', 'data', '--prompt-noise', '30']],
    ['noise without a place', 'EVALUATE_NOISE', 2, ['--data', 'data', '--prompt', 'none', '--prompt-noise', '0,9']],
    ['a strange place of clicks', 'EVALUATE_CLICK_MODE', 2, ['--data', 'data', '--click-mode', 'edge']],
    [
      'a place of clicks for boxes',
      'EVALUATE_CLICK_MODE',
      2,
      ['--data', 'data', '--prompt', 'box', '--click-mode', 'centre'],
    ],
    ['strata without a table', 'EVALUATE_STRATA', 3, ['--data', 'data', '--list', 'val', '--strata', 'scanner']],
    [
      'a second rater without labels',
      'EVALUATE_RATER',
      3,
      ['--data', 'data', '--list', 'val', '--second-rater', 'one'],
    ],
    [
      'a training list that is not there',
      'DATA_LIST_MISSING',
      3,
      ['--data', 'data', '--list', 'val', '--train-list', 'x'],
    ],
    ['a published result in per cent', 'EVALUATE_PUBLISHED', 2, ['--data', 'data', '--published', 'x=84±9,n=20']],
    [
      'a published result of another dataset',
      'EVALUATE_PUBLISHED',
      2,
      ['--data', 'data', '--list', 'val', '--model', 'one', '--published', 'x@none=0.8±0.1,n=20'],
    ],
    ['clicks without end', 'USAGE_NUMBER', 2, ['--data', 'data', '--clicks', '101']],
    ['no draws', 'USAGE_NUMBER', 2, ['--data', 'data', '--draws', '0']],
    ['a negative tolerance', 'USAGE_NUMBER', 2, ['--data', 'data', '--tolerance', '-1']],
    ['lists without names', 'EVALUATE_LISTS', 2, ['--data', 'data', '--list', 'val,,test']],
    ['a folder that is no data', 'DATA_LAYOUT', 3, ['--data', 'one']],
    ['a list that is not there', 'DATA_LIST_MISSING', 3, ['--data', 'data', '--list', 'tset']],
    ['an empty list', 'DATA_LIST_EMPTY', 3, ['--data', 'bad', '--list', 'empty']],
    ['a line naming a missing file', 'DATA_FILE_MISSING', 3, ['--data', 'bad', '--list', 'missing']],
    ['a class over class.json', 'DATA_CLASS_RANGE', 3, ['--data', 'bad', '--list', 'class']],
    ['images that all fail', 'EVALUATE_ALL_FAILED', 3, ['--data', 'bad', '--list', 'size', '--model', 'one']],
    ['no such model', 'MODEL_NOT_FOUND', 3, ['--data', 'data', '--list', 'val', '--model', 'none']],
    [
      'a file where the report should go',
      'FILE_UNWRITABLE',
      3,
      ['--data', 'data', '--list', 'val', '--model', 'one', '--report', 'a-file'],
    ],
  ])('refuses %s: %s', async (_, error, exit, args) => {
    if (!existsSync(join(folder, 'bad'))) {
      const data = spoiled('bad');
      writeFileSync(join(folder, 'a-file'), '');
      writeFileSync(join(data, 'MainPatient/empty.txt'), '\n');
      writeFileSync(join(data, 'MainPatient/missing.txt'), '1/Breast-Phantom/p 0\n1/Breast-Phantom/nobody\n');
      writeFileSync(join(data, 'MainPatient/class.txt'), '3/Heart-Phantom/p 1\n');
      writeFileSync(join(data, 'MainPatient/size.txt'), '1/Breast-Phantom/p 0\n');
      await writePng(join(data, 'Breast-Phantom/label/p 0.png'), makePhantom({ seed: 1, width: 32, height: 32 }).image);
    }
    const { code, stdout, stderr } = await samus(folder, 'evaluate', ...args, '--json');
    expect(JSON.parse(stdout).error.code).toBe(error);
    expect(code).toBe(exit);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('exits with 130 on Ctrl-C and leaves no partial report', async () => {
    const started = startSamus(folder, [
      'evaluate',
      '--data',
      'data',
      '--list',
      'val',
      '--model',
      'one',
      '--draws',
      '400',
      '--clicks',
      '9',
      '--report',
      'cut',
    ]);
    while (!existsSync(join(folder, 'cut'))) await sleep(50);
    await sleep(300);
    started.child.kill('SIGINT');
    expect((await started.ended).code).toBe(130);
    expect(filesIn(join(folder, 'cut'))).toEqual([]);
  });
});

describe.skipIf(!process.env.SAMUS_TEST_DATA)(
  'samus evaluate on real images (SAMUS_TEST_DATA names the folder with data/)',
  () => {
    it('measures every class of every list', async () => {
      copyFileSync(goldenPath('samus-tiny.pth'), join(folder, 'samus.pth'));
      const data = join(process.env.SAMUS_TEST_DATA!, 'data/ultrasound');
      const args = [
        '--data',
        data,
        '--list',
        'val-Artery-CCA,val-Muscle-Aponeurosis',
        '--model',
        'samus.pth',
        '--report',
        'real',
      ];
      const { code, stdout } = await samus(folder, 'evaluate', ...args, '--json');
      expect(code).toBe(0);
      const { datasets } = JSON.parse(stdout);
      expect(datasets.map(({ dataset, images }: { dataset: string; images: number }) => [dataset, images])).toEqual([
        ['Artery-CCA', 50],
        ['Muscle-Aponeurosis', 10],
      ]);
      // images.csv names one person for all carotids; the names of the muscles tell no patient.
      expect(datasets[0]).toMatchObject({ ci95_resamples: 'patient', patients: { count: 1 } });
      expect(datasets[0].dice).not.toHaveProperty('ci95');
      expect(datasets[1]).toMatchObject({
        ci95_resamples: 'image',
        dice: { ci95: [expect.any(Number), expect.any(Number)] },
      });
    });
  },
);
