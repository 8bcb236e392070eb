import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { float32, type TensorData } from '../graph/tensorData.js';
import { isModelFolder, readModelFolder, writeModelFolder } from './modelFolder.node.js';

const TENSORS = new Map<string, TensorData>([['a.weight', float32([1, 2, 3, 4], [2, 2])]]);
const OTHERS = new Map<string, TensorData>([['a.weight', float32([5, 6], [2])]]);
const CONFIG = '{"architecture": "samus"}\n';
/** A shape that its numbers do not fill, which no file can hold. */
const UNWRITABLE = new Map<string, TensorData>([['a', { dtype: 'float32', shape: [3], data: new Float32Array(2) }]]);

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'samus-folder-'));
  folder = join(root, 'model');
});

afterEach(() => rm(root, { recursive: true, force: true }));

describe('a model folder', () => {
  it('reads as it was written', async () => {
    const metadata = new Map([['epoch', '3']]);
    await writeModelFolder(folder, { config: CONFIG, tensors: TENSORS, metadata, card: '# A model\n' });
    expect(await isModelFolder(folder)).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'config.json', 'model.safetensors']);
    expect(await readModelFolder(folder)).toEqual({
      config: { architecture: 'samus' },
      tensors: TENSORS,
      metadata,
      card: '# A model\n',
      files: ['config.json', 'model.safetensors', 'README.md'].map((name) => join(folder, name)),
    });
  });

  it('needs no card', async () => {
    await writeModelFolder(folder, { config: CONFIG, tensors: TENSORS });
    expect(await readModelFolder(folder)).not.toHaveProperty('card');
  });

  it('is made with the folders above it, or in an empty folder', async () => {
    const deep = join(root, 'runs', 'one', 'best');
    await writeModelFolder(deep, { config: CONFIG, tensors: TENSORS });
    await mkdir(folder);
    await writeModelFolder(folder, { config: CONFIG, tensors: TENSORS });
    expect([await isModelFolder(deep), await isModelFolder(folder)]).toEqual([true, true]);
  });

  it('is replaced file by file, and what else lies in it stays', async () => {
    await writeModelFolder(folder, { config: CONFIG, tensors: TENSORS, card: 'first' });
    await writeFile(join(folder, 'history.json'), '[]');
    await writeModelFolder(folder, { config: '{}', tensors: OTHERS });
    const { config, tensors, card } = await readModelFolder(folder);
    expect([config, tensors, card]).toEqual([{}, OTHERS, 'first']);
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'config.json', 'history.json', 'model.safetensors']);
  });

  it('does not appear at all if writing fails', async () => {
    await expect(writeModelFolder(folder, { config: CONFIG, tensors: UNWRITABLE })).rejects.toMatchObject({
      name: 'SamusError',
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('stays as it was if replacing it fails', async () => {
    await writeModelFolder(folder, { config: CONFIG, tensors: TENSORS });
    await expect(writeModelFolder(folder, { config: '{}', tensors: UNWRITABLE })).rejects.toThrow();
    expect((await readModelFolder(folder)).tensors).toEqual(TENSORS);
    expect((await readdir(folder)).sort()).toEqual(['config.json', 'model.safetensors']);
  });

  it('never replaces what is no model', async () => {
    const code = 'MODEL_FOLDER_OCCUPIED';
    await mkdir(folder);
    await writeFile(join(folder, 'thesis.txt'), 'years of work');
    await expect(writeModelFolder(folder, { config: CONFIG, tensors: TENSORS })).rejects.toMatchObject({ code });
    const file = join(folder, 'thesis.txt');
    await expect(writeModelFolder(file, { config: CONFIG, tensors: TENSORS })).rejects.toMatchObject({ code });
    expect(await readFile(file, 'utf8')).toBe('years of work');
  });

  it('reports an unwritable place', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(writeModelFolder(join(file, 'model'), { config: CONFIG, tensors: TENSORS })).rejects.toMatchObject({
      kind: 'input',
      code: 'FILE_UNWRITABLE',
    });
  });
});

describe('a folder that is no model', () => {
  it('is refused with the name of what is missing', async () => {
    await mkdir(folder);
    await expect(readModelFolder(folder)).rejects.toMatchObject({
      kind: 'input',
      code: 'MODEL_FOLDER_INCOMPLETE',
      details: { missing: 'config.json' },
    });
    await writeFile(join(folder, 'config.json'), CONFIG);
    await expect(readModelFolder(folder)).rejects.toMatchObject({ details: { missing: 'model.safetensors' } });
  });

  it('is refused if its configuration is no JSON or endless', async () => {
    await writeModelFolder(folder, { config: '{"a": ', tensors: TENSORS });
    await expect(readModelFolder(folder)).rejects.toMatchObject({ kind: 'input', code: 'CONFIG_INVALID' });
    await writeFile(join(folder, 'config.json'), ' '.repeat(4 * 1024 * 1024 + 1));
    await expect(readModelFolder(folder)).rejects.toMatchObject({ code: 'MODEL_FILE_TOO_LARGE' });
  });
});
