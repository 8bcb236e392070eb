import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { float32, type StateDict } from '../graph/tensorData.js';
import { memorySource } from './byteSource.js';
import { writeSafetensorsFile } from './checkpointFile.node.js';
import { readSafetensors } from './safetensors.js';

const STATE: StateDict = new Map([['weight', float32([1, 2, 3], [3])]]);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samus-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeSafetensorsFile', () => {
  it('writes a file that reads back, and leaves nothing beside it', async () => {
    const path = join(folder, 'model.safetensors');
    await writeFile(path, 'what was there before');
    await writeSafetensorsFile(path, STATE, new Map([['epoch', '7']]));
    const { tensors, metadata } = await readSafetensors(memorySource(await readFile(path)));
    expect([[...tensors], [...metadata]]).toEqual([[...STATE], [['epoch', '7']]]);
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  it('leaves the old file as it was if it cannot write the new one', async () => {
    const path = join(folder, 'model.safetensors');
    await mkdir(path);
    await writeFile(join(path, 'inside'), 'kept');
    await expect(writeSafetensorsFile(path, STATE)).rejects.toMatchObject({ kind: 'input', code: 'FILE_UNWRITABLE' });
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    expect(await readdir(path)).toEqual(['inside']);
  });

  it('reports a missing folder', async () => {
    const path = join(folder, 'none', 'model.safetensors');
    await expect(writeSafetensorsFile(path, STATE)).rejects.toMatchObject({ kind: 'input', code: 'FILE_UNWRITABLE' });
  });

  it('writes nothing for tensors that the format cannot hold', async () => {
    const bad: StateDict = new Map([['__metadata__', float32([1], [1])]]);
    await expect(writeSafetensorsFile(join(folder, 'a'), bad)).rejects.toMatchObject({ code: 'SAFETENSORS_NAME' });
    expect(await readdir(folder)).toEqual([]);
  });
});
