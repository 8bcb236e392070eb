/**
 * `samus adapt` on phantoms with a tiny model: the folder it writes, what it reports, and what it refuses.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { createImage } from '../../src/formats/image.js';
import { writePng } from '../../src/formats/imageWrite.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { serialiseConfig } from '../../src/models/configFile.js';
import { isTrainable } from '../../src/models/registry.js';
import { writePhantomDataset } from '../support/phantomDataset.js';
import { TINY, TINY_SAMUS, tinyModel } from '../support/tinyModel.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

let folder = '';
beforeAll(async () => {
  folder = newFolder();
  await writePhantomDataset(join(folder, 'data'), { train: 8, val: 4, side: 48 });
  for (const [name, model] of [
    ['base', tinyModel(TINY_SAMUS)],
    ['network', tinyModel(TINY.unet)],
  ] as const) {
    const card = '# tiny';
    await writeModelFolder(join(folder, name), { config: serialiseConfig(model.config), tensors: model.tensors, card });
  }
});
afterAll(() => removeFolder(folder));

const adapt = (...args: string[]) =>
  samus(
    folder,
    'adapt',
    '--data',
    'data',
    '--train-list',
    'train',
    '--steps',
    '2',
    '--threads',
    '1',
    ...args,
    '--json',
  );

it('writes a model that differs in what the recipe trains, and reports Dice before and after on the validation list', async () => {
  const { code, stdout } = await adapt(
    '--model',
    'base',
    '--train',
    'published',
    '--examples',
    '1',
    '--val-list',
    'val',
    '--out',
    'adapted',
  );
  expect(code).toBe(0);
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({ folder: 'adapted', from: 'base', trained: 1, before: {}, after: {} });
  expect(answer.held_out).toBeGreaterThanOrEqual(4);
  const kept = answer.after.phantoms >= answer.before.phantoms - 0.02;
  expect(answer.better).toBe(answer.gain.mean >= 0.005 && kept);
  expect(answer.gain.mean).toBeCloseTo(answer.after.held_out - answer.before.held_out, 12);
  expect(answer.examples).toHaveLength(1);
  expect(answer.examples[0]).toMatch(/^[12]\/(Breast|Heart)-Phantom\/p \d$/);
  expect(filesIn(join(folder, 'adapted'))).toEqual(['README.md', 'config.json', 'model.safetensors']);
  const card = readFileSync(join(folder, 'adapted/README.md'), 'utf8');
  expect(card).toContain('`base`, adapted to 1 example of train (`samus adapt`, 2 steps, seed 1)');
  expect(card).toContain('Research use only, not for diagnosis');
  const [before, after] = await Promise.all(
    ['base', 'adapted'].map((name) => readCheckpointFile(join(folder, name, 'model.safetensors'))),
  );
  expect([...after!.tensors.keys()].sort()).toEqual([...before!.tensors.keys()].sort());
  const changed = [...before!.tensors].filter(([name, { data }]) => {
    return !Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bytesOf(after!.tensors.get(name)!.data));
  });
  expect(changed.length).toBeGreaterThan(20);
  for (const [name] of changed) expect(isTrainable(TINY_SAMUS, name), name).toBe(true);
  const segmented = await samus(
    folder,
    'segment',
    'data/Breast-Phantom/img/p 0.png',
    '--model',
    'adapted',
    '--point',
    '20,20',
  );
  expect(segmented.code).toBe(0);
});

it('without a validation list holds out every fourth example; the same seed draws the same', async () => {
  const [one, two] = [
    await adapt('--model', 'base', '--examples', '6', '--out', 'a'),
    await adapt('--model', 'base', '--examples', '6', '--out', 'b'),
  ];
  const [a, b] = [JSON.parse(one.stdout), JSON.parse(two.stdout)];
  expect(a).toMatchObject({ trained: 4, held_out: 2 });
  expect({ ...a, folder: 'b' }).toEqual(b);
  expect(one.stderr.includes('not better than before')).toBe(!a.better);
  const other = JSON.parse((await adapt('--model', 'base', '--examples', '6', '--seed', '2', '--out', 'c')).stdout);
  expect(other.examples).not.toEqual(a.examples);
});

it('leaves out images without the object', async () => {
  const data = join(folder, 'data');
  await writePng(join(data, 'Breast-Phantom/img/empty.png'), createImage(48, 48, 1, new Uint8Array(48 * 48).fill(90)));
  await writePng(join(data, 'Breast-Phantom/label/empty.png'), createImage(48, 48, 1, new Uint8Array(48 * 48)));
  writeFileSync(join(data, 'MainPatient/some.txt'), '1/Breast-Phantom/empty\n1/Breast-Phantom/p 0\n');
  const { stdout, stderr } = await adapt('--train-list', 'some', '--val-list', 'val', '--model', 'base', '--out', 'd');
  expect(JSON.parse(stdout).examples).toEqual(['1/Breast-Phantom/p 0']);
  expect(stderr).toContain(
    'left out 1 image(s) without the object, the first Breast-Phantom/empty (list some, line 1)',
  );
});

it.each([
  [['--examples', '4', '--out', 'x'], 'ADAPT_TOO_FEW', 'expected at least 5 images with masks, got 4'],
  [
    ['--examples', '1001', '--val-list', 'val', '--out', 'x'],
    'ADAPT_TOO_MANY',
    'expected at most 1000 examples, got 1001',
  ],
  [['--examples', '200', '--val-list', 'val', '--out', 'x'], 'ADAPT_TOO_FEW', 'expected 200 examples'],
  [['--train-list', 'a,,b', '--out', 'x'], 'USAGE_LIST', 'expected names separated by commas, got "a,,b"'],
  [['--model', 'network', '--out', 'x'], 'MODEL_PROMPTS', ''],
  [['--out', 'base'], 'OUTPUT_IS_INPUT', ''],
  [['--train-list', 'none', '--out', 'x'], 'DATA_LIST_MISSING', ''],
])('refuses %j with %s', async (args, code, message) => {
  const { stdout, code: exit } = await adapt('--model', 'base', ...args);
  const { error } = JSON.parse(stdout);
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(message);
  expect(exit).toBeGreaterThan(0);
  expect(filesIn(folder)).not.toContain('x');
});

function bytesOf(data: ArrayBufferView): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}
