import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenPath } from '../../test/support/golden.js';
import { TINY_SAM, TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { readCheckpointFile, writeSafetensorsFile } from '../formats/checkpointFile.node.js';
import { toFloat16 } from '../formats/halfFloat.js';
import { createImage } from '../formats/image.js';
import { writeModelFolder } from '../formats/modelFolder.node.js';
import { float32 } from '../graph/tensorData.js';
import { serialiseConfig } from '../models/configFile.js';
import type { SamusConfig } from '../models/samus/config.js';
import { bundledModels, loadModel } from './loadModel.node.js';
import { Segmenter } from './segmenter.node.js';

const WEIGHTS = tinyWeights(TINY_SAMUS);

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'samus-load-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('a model is loaded', () => {
  it('from its folder, with its card', async () => {
    const folder = join(root, 'thyroid');
    await writeModelFolder(folder, { config: serialiseConfig(TINY_SAMUS), tensors: WEIGHTS, card: '# Thyroid\n' });
    const model = await loadModel(folder);
    expect(model).toMatchObject({ name: 'thyroid', config: TINY_SAMUS, card: '# Thyroid\n', warnings: [] });
    expect([...model.tensors]).toEqual([...WEIGHTS]);
    expect(model.files).toHaveLength(3);
    expect((await loadModel(`${folder}/`)).name).toBe('thyroid');
  });

  it('by a name in either Unicode normal form', async () => {
    for (const [stored, typed] of [
      ['u\u0308', '\u00fc'],
      ['\u00f6', 'o\u0308'],
    ] as const) {
      await writeModelFolder(join(root, stored), { config: serialiseConfig(TINY_SAMUS), tensors: WEIGHTS });
      await writeSafetensorsFile(join(root, `${stored}.safetensors`), WEIGHTS);
      expect((await loadModel(join(root, typed))).config).toEqual(TINY_SAMUS);
      expect((await loadModel(join(root, `${typed}.safetensors`))).config).toEqual(TINY_SAMUS);
      expect((await readCheckpointFile(join(root, `${typed}.safetensors`))).tensors.size).toBe(WEIGHTS.size);
    }
  });

  it('from a safetensors file in half precision, its sizes detected', async () => {
    const path = join(root, 'sam-half.safetensors');
    const half = new Map([...tinyWeights(TINY_SAM)].map(([name, tensor]) => [name, toFloat16(tensor)]));
    await writeSafetensorsFile(path, half);
    const model = await loadModel(path);
    expect(model).toMatchObject({ name: 'sam-half', config: TINY_SAM, files: [path] });
    expect(new Set([...model.tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
  });

  it('from a PyTorch file', async () => {
    const model = await loadModel(goldenPath('samus-tiny-legacy.pth'));
    expect(model).toMatchObject({ name: 'samus-tiny-legacy', warnings: [] });
    expect(model.config.architecture).toBe('samus');
  });

  it('with a warning about unused tensors', async () => {
    const folder = join(root, 'odd');
    const config = serialiseConfig(TINY_SAMUS, { author: 'somebody' });
    const tensors = new Map([...WEIGHTS, ['optimizer.step', float32([1], [1])] as const]);
    await writeModelFolder(folder, { config, tensors });
    const { warnings } = await loadModel(folder);
    expect(warnings?.join('\n')).toMatch(/author.*\n.*optimizer\.step/);
  });

  it('and segments', async () => {
    const folder = join(root, 'ready');
    await writeModelFolder(folder, { config: serialiseConfig(TINY_SAMUS), tensors: WEIGHTS });
    const segmenter = await Segmenter.load(folder, { worker: false, threads: 1 });
    const encoding = await segmenter.encode(createImage(30, 20, 1, new Uint8Array(600).fill(90)));
    const [result] = await segmenter.segment(encoding, [{ points: [[3, 4]] }]);
    await segmenter.dispose();
    expect(segmenter.name).toBe('ready');
    expect(result?.mask).toHaveLength(600);
  });
});

describe('a model is not loaded', () => {
  it('if nothing has that name, with a list of the bundled models', async () => {
    const bundled = await bundledModels();
    await expect(loadModel('no-such-model')).rejects.toMatchObject({
      kind: 'input',
      code: 'MODEL_NOT_FOUND',
      details: { name: 'no-such-model', bundled },
    });
    await expect(loadModel('../models')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
    await expect(loadModel('')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('from a folder without a model', async () => {
    const folder = join(root, 'empty');
    await mkdir(folder);
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'MODEL_FOLDER_INCOMPLETE' });
  });

  it('from a folder with weights that do not match its configuration', async () => {
    const folder = join(root, 'mixed');
    const wider: SamusConfig = { ...TINY_SAMUS, mlp: 48 };
    await writeModelFolder(folder, { config: serialiseConfig(wider), tensors: WEIGHTS });
    await expect(loadModel(folder)).rejects.toMatchObject({ code: 'CHECKPOINT_TENSOR_SHAPE' });
  });

  it('from a file that is not a checkpoint', async () => {
    const path = join(root, 'page.pth');
    await writeFile(path, '<!doctype html>');
    await expect(loadModel(path)).rejects.toMatchObject({ kind: 'input' });
  });
});
