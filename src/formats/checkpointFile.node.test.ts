/**
 * Files that PyTorch and the safetensors package wrote, small ones of every kind and the golden ones. How they were
 * made stands in the README beside them.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BYTES_PER_ELEMENT, type StateDict, type TensorData } from '../graph/tensorData.js';
import { readCheckpointFile } from './checkpointFile.node.js';

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/checkpoints/', import.meta.url));
const GOLDEN = fileURLToPath(new URL('../../test/fixtures/golden/', import.meta.url));
const SAVED = (await readdir(FIXTURES)).filter((name) => name.endsWith('.pth') && !name.startsWith('refused'));

const rawBytes = ({ data }: TensorData) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const comparable = (tensors: StateDict) =>
  [...tensors].map(([name, one]) => ({ name, dtype: one.dtype, shape: one.shape, bytes: rawBytes(one) }));
const byName = (tensors: StateDict): StateDict => new Map([...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** SHA-256 over `name[shape]dtype`, a line feed and the numbers of each tensor, as a Python script made it too. */
function digest(tensors: StateDict): string {
  const hash = createHash('sha256');
  for (const [name, one] of tensors) hash.update(`${name}[${one.shape.join(',')}]${one.dtype}\n`).update(rawBytes(one));
  return hash.digest('hex');
}

describe('small checkpoints written by PyTorch', () => {
  it('are all here', () => {
    expect(SAVED).toHaveLength(18);
  });

  it.each(SAVED)('%s holds bit for bit what the safetensors package wrote of it', async (name) => {
    const checkpoint = await readCheckpointFile(join(FIXTURES, name));
    const expected = await readCheckpointFile(join(FIXTURES, name.replace('.pth', '.expected.safetensors')));
    expect(checkpoint.format).toBe(name.includes('legacy') ? 'torch-legacy' : 'torch-zip');
    // The safetensors package sorts its names.
    expect(comparable(byName(checkpoint.tensors))).toEqual(comparable(byName(expected.tensors)));
  });

  it('keep the order in which they were saved', async () => {
    const { tensors } = await readCheckpointFile(join(FIXTURES, 'training.pth'));
    expect([...tensors.keys()]).toEqual(['conv.weight', 'conv.bias', 'norm.weight', 'norm.bias']);
  });

  it('share memory where their tensors do', async () => {
    for (const name of ['shared.pth', 'shared-legacy.pth']) {
      const { tensors } = await readCheckpointFile(join(FIXTURES, name));
      expect(new Set([...tensors.values()].map(({ data }) => data.buffer)).size).toBe(1);
    }
  });

  it.each([
    ['refused-module.pth', 'CHECKPOINT_PICKLE_CLASS', 'torch.nn.modules.container.Sequential'],
    ['refused-numpy.pth', 'CHECKPOINT_PICKLE_CLASS', 'numpy._core.multiarray.scalar'],
    ['refused-complex.pth', 'CHECKPOINT_NO_STATE_DICT', 'a tensor of another data type'],
    ['refused-sparse.pth', 'CHECKPOINT_NO_STATE_DICT', 'a sparse tensor'],
    ['refused-protocol4.pth', 'CHECKPOINT_PICKLE_PROTOCOL', 'got 4'],
  ])('%s is refused by name', async (name, code, what) => {
    await expect(readCheckpointFile(join(FIXTURES, name))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(what),
    });
  });
});

describe('golden checkpoints', () => {
  it('samus-tiny is the same in both containers, and what PyTorch reads', async () => {
    const modern = await readCheckpointFile(join(GOLDEN, 'samus-tiny.pth'));
    const legacy = await readCheckpointFile(join(GOLDEN, 'samus-tiny-legacy.pth'));
    expect([modern.format, legacy.format]).toEqual(['torch-zip', 'torch-legacy']);
    expect(modern.tensors.size).toBe(279);
    expect(digest(modern.tensors)).toBe('2d9fcef51005784e9d5a3067f72ee21c8fe80b78dc214a1dd1695436d8937a9d');
    expect(digest(legacy.tensors)).toBe(digest(modern.tensors));
  });

  it('samus-tiny-legacy has module. before every name', async () => {
    const path = join(GOLDEN, 'samus-tiny-legacy.pth');
    const { tensors } = await readCheckpointFile(path, { stripModulePrefix: false });
    expect([...tensors.keys()].every((name) => name.startsWith('module.'))).toBe(true);
  });

  it('sam-tiny is what PyTorch reads', async () => {
    const { tensors } = await readCheckpointFile(join(GOLDEN, 'sam-tiny.pth'));
    expect(digest(tensors)).toBe('d4a254cfc8cc2e996316f0f2610b91268943c44455a9bc29b93f4040af680449');
  });

  it('the trained parameters have names and shapes of samus-tiny', async () => {
    const { tensors } = await readCheckpointFile(join(GOLDEN, 'samus-tiny.pth'));
    const training = await readCheckpointFile(join(GOLDEN, 'samus-tiny.training.safetensors'));
    const trained = [...training.tensors].filter(([name]) => name.startsWith('param.'));
    expect(trained.length).toBeGreaterThan(30);
    for (const [name, { shape, dtype }] of trained) {
      expect(tensors.get(name.slice('param.'.length)), name).toMatchObject({ shape, dtype });
    }
  });

  it.each([
    ['samus-tiny.forward.safetensors', 'image_u8', 'uint8', [2, 256, 256]],
    ['samus-tiny.training.safetensors', 'coords', 'float32', [2, 1, 2]],
    ['sam-tiny.predictor.safetensors', 'box.masks', 'uint8', [3, 150, 220]],
  ] as const)('%s is read whole', async (name, tensor, dtype, shape) => {
    const { tensors, format } = await readCheckpointFile(join(GOLDEN, name));
    const total = [...tensors.values()].reduce((sum, one) => sum + one.data.length * BYTES_PER_ELEMENT[one.dtype], 0);
    const { length } = await readFile(join(GOLDEN, name));
    expect(format).toBe('safetensors');
    expect(length - total).toBeLessThan(20_000);
    expect(tensors.get(tensor)).toMatchObject({ dtype, shape });
  });
});

describe.skipIf(!process.env.SAMUS_TEST_DATA)('names of the published models (needs SAMUS_TEST_DATA)', () => {
  it.each([
    ['samus-tiny.pth', 'SAMUS'],
    ['samus-tiny-legacy.pth', 'SAMUS'],
    ['sam-tiny.pth', 'SAM'],
  ])('%s has names of %s, in its order and of its ranks', async (file, model) => {
    const path = join(process.env.SAMUS_TEST_DATA ?? '', 'spec', 'state-dict-keys.json');
    const published: { readonly [model: string]: readonly (readonly [string, readonly number[]])[] } = JSON.parse(
      await readFile(path, 'utf8'),
    );
    const { tensors } = await readCheckpointFile(join(GOLDEN, file));
    // The tiny models have fewer blocks, and all else.
    const kept = published[model]!.filter(([name]) => tensors.has(name));
    expect([...tensors.keys()]).toEqual(kept.map(([name]) => name));
    expect([...tensors.values()].map(({ shape }) => shape.length)).toEqual(kept.map(([, shape]) => shape.length));
  });
});

describe('readCheckpointFile', () => {
  it('reports what is wrong with a path or a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samus-checkpoint-'));
    const empty = join(folder, 'empty.pth');
    const page = join(folder, 'page.pth');
    await writeFile(empty, '');
    await writeFile(page, '<!doctype html>');
    await expect(readCheckpointFile(folder)).rejects.toMatchObject({ kind: 'input', code: 'FILE_IS_DIRECTORY' });
    await expect(readCheckpointFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(readCheckpointFile(empty)).rejects.toMatchObject({ kind: 'input', code: 'CHECKPOINT_EMPTY' });
    await expect(readCheckpointFile(page)).rejects.toMatchObject({ kind: 'input', code: 'CHECKPOINT_FORMAT' });
    await rm(folder, { recursive: true });
  });
});
