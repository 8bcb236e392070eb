/**
 * What a command says of the models of docs/adding-a-model.md where it needs another kind, and that training makes them
 * better. The page itself is followed in cliDocs.test.ts.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, ROOT } from '../support/docs.js';
import { newFolder, removeFolder, startSamus } from './samusProcess.js';

let folder = '';

async function samus(...args: readonly string[]) {
  return startSamus(folder, args, { NODE_OPTIONS: '--import ./models.mjs' }).ended;
}

const TRAIN = ['train', '--data', 'data', '--train-list', 'train', '--val-list', 'val', '--batch', '4', '--json'];

async function bestDice(...args: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await samus(...TRAIN, ...args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).best.dice;
}

beforeAll(async () => {
  folder = newFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'samus'), 'junction');
  for (const { file, code } of blocksOf('docs/adding-a-model.md')) if (file) writeFileSync(join(folder, file), code);
  await samus('phantom', 'phantoms', '--seed', '1', '--count', '20', '--size', '64x64', '--kind', 'cyst');
  await samus('data', 'import', 'phantom', 'phantoms', 'data');
  await samus('data', 'split', 'data', '--ratios', '7,3', '--seed', '1');
}, 120_000);

afterAll(() => removeFolder(folder));

describe('models that are added', () => {
  it('learn from phantoms', async () => {
    const clicks = await bestDice('--model', 'click-net-s', '--steps', '40', '--lr', '0.02', '--out', 'clicks');
    expect(clicks).toBeGreaterThan(0.3);
    const classes = await bestDice(
      '--model',
      'class-net-s',
      '--steps',
      '120',
      '--lr',
      '0.02',
      '--augment',
      'none',
      '--out',
      'classes',
    );
    expect(classes).toBeGreaterThan(0.3);
  }, 240_000);

  it.each([
    ['segment', 'phantoms/phantom-1.png', '--point', '9,9', '--model', 'classes/best', '--out', 'masks'],
    ['segment', 'phantoms/phantom-1.png', '--box', '9,9,20,20', '--model', 'clicks/best', '--out', 'masks'],
    ['evaluate', '--data', 'data', '--list', 'val', '--model', 'classes/best', '--prompt', 'point'],
    ['evaluate', '--data', 'data', '--list', 'val', '--model', 'classes/best', '--prompt', 'none', '--clicks', '1'],
    ['evaluate', '--data', 'data', '--list', 'val', '--model', 'clicks/best', '--prompt', 'box'],
    [...TRAIN, '--model', 'class-net-s', '--recipe', 'multi-prompt', '--steps', '2', '--out', 'rounds'],
    [...TRAIN, '--model', 'class-net-s', '--prompts', 'point', '--steps', '2', '--out', 'asked'],
    [...TRAIN, '--model', 'click-net-s', '--recipe', 'multi-prompt', '--steps', '2', '--out', 'rounds'],
    [...TRAIN, '--model', 'click-net-s', '--prompts', 'box', '--steps', '2', '--out', 'boxes'],
    [...TRAIN, '--model', 'click-net-s', '--prompts', 'mixed', '--steps', '2', '--out', 'boxes'],
  ])(
    'are refused in one sentence where another kind is needed: %s %s',
    async (...args) => {
      const { code, stdout, stderr } = await samus(...args, ...(args.includes('--json') ? [] : ['--json']));
      expect(code, stderr).toBe(2);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'MODEL_PROMPTS',
        message: expect.stringMatching(/^expected /),
      });
    },
    60_000,
  );

  it('are described in units of their size', async () => {
    const { stdout } = await samus('models', 'info', 'classes/best');
    expect(stdout).toContain('task: a class map, without prompts');
    expect(stdout).toMatch(/parameters: ([\d,]+); the published recipe trains all\n/);
    expect(stdout).toMatch(/: [1-9][\d.]* [kM]FLOP per image\n/);
    expect(stdout).not.toContain(' 0 ');
  });

  it('learn several classes at once, as many as the datasets have', async () => {
    await samus('phantom', 'mixed', '--seed', '1', '--count', '10', '--size', '64x64');
    await samus('data', 'import', 'phantom', 'mixed', 'several');
    await samus('data', 'split', 'several', '--ratios', '7,3', '--seed', '1');
    const train = (classes: number) => {
      const config = { architecture: 'class-net', imageSize: 64, width: 8, classes };
      writeFileSync(join(folder, `${classes}.json`), JSON.stringify(config));
      const lists = ['--data', 'several', '--train-list', 'train', '--val-list', 'val'];
      return samus(
        'train',
        ...lists,
        '--model',
        `${classes}.json`,
        '--batch',
        '2',
        '--steps',
        '3',
        '--out',
        `of-${classes}`,
        '--json',
      );
    };
    const few = await train(3);
    expect(few.code, few.stderr).toBe(2);
    expect(JSON.parse(few.stdout).error).toMatchObject({ code: 'MODEL_CLASSES' });
    expect((await train(6)).code).toBe(0);
    const evaluated = await samus(
      'evaluate',
      '--data',
      'several',
      '--list',
      'val',
      '--model',
      'of-6/best',
      '--prompt',
      'none',
      '--json',
    );
    expect(evaluated.code, evaluated.stderr).toBe(0);
    expect(JSON.parse(evaluated.stdout).datasets.length).toBeGreaterThan(1);
  }, 120_000);

  it('resume with the state of their layers', async () => {
    const { code, stderr } = await samus('train', '--resume', 'classes', '--json');
    expect(code, stderr).toBe(0);
  }, 60_000);
});
