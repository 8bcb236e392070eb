/**
 * `samus evaluate` as a user has it: documents, files, exit codes.
 */
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { goldenPath } from '../support/golden.js';
import { evaluateFolder, evaluateIn, spoiledIn } from './evaluateFolder.js';
import { filesIn, removeFolder, samus, startSamus } from './samusProcess.js';

let folder = '';

beforeAll(async () => {
  folder = await evaluateFolder();
});

afterAll(() => removeFolder(folder));

const run = (...args: readonly string[]) => evaluateIn(folder, ...args);
const spoiled = (name: string): string => spoiledIn(folder, name);

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
