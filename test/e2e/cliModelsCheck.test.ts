/**
 * `samus models check`: the document, the computed tensors, and files that cannot be compared.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byteSource.js';
import { readCheckpointFile, writeSafetensorsFile } from '../../src/formats/checkpointFile.node.js';
import { readSafetensors, type Safetensors } from '../../src/formats/safetensors.js';
import { float32, type TensorData } from '../../src/graph/tensorData.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const UNET = fileURLToPath(new URL('../fixtures/networks/unet-tiny.safetensors', import.meta.url));

let folder = '';
let whole: Safetensors;
beforeAll(async () => {
  folder = newFolder();
  whole = await readSafetensors(memorySource(readFileSync(UNET)));
});
afterAll(() => removeFolder(folder));

/** A file with other tensors or metadata. */
async function changed(
  metadata: Readonly<Record<string, string>>,
  tensors: Readonly<Record<string, TensorData | undefined>> = {},
): Promise<string> {
  const path = join(folder, 'changed.safetensors');
  const all = new Map([...whole.tensors, ...Object.entries(tensors)]);
  const kept = [...all].flatMap(([name, tensor]): [string, TensorData][] => (tensor ? [[name, tensor]] : []));
  await writeSafetensorsFile(path, new Map(kept), new Map([...whole.metadata, ...Object.entries(metadata)]));
  return path;
}

describe('models check', () => {
  it('compares every result and writes what was computed', async () => {
    const { code, stdout } = await samus(
      folder,
      'models',
      'check',
      UNET,
      '--outputs',
      'computed.safetensors',
      '--json',
    );
    expect(code).toBe(0);
    const { model, tensors, without_gradient, missing } = JSON.parse(stdout);
    expect({ model, without_gradient, missing }).toEqual({ model: 'unet', without_gradient: [], missing: [] });
    const output = tensors.find(({ name }: { name: string }) => name === 'output');
    expect(output.rel_l2).toBeLessThan(5e-5);
    expect(output.max_abs).toBeGreaterThan(0);
    const computed = (await readCheckpointFile(join(folder, 'computed.safetensors'))).tensors;
    expect(computed.get('output')?.shape).toEqual(whole.tensors.get('output')?.shape);
    const bottom = 'down4.maxpool_conv.1.double_conv.3.weight';
    expect(computed.get(`grad.${bottom}`)?.shape).toEqual(whole.tensors.get(`weights.${bottom}`)?.shape);
    const names = ['act.down4', 'loss', 'loss.dice', 'after.inc.double_conv.1.running_mean'];
    expect(names.filter((name) => !computed.has(name))).toEqual([]);
  });

  it('takes the weights of a checkpoint for a file that names no model, and writes whole gradients', async () => {
    const weights = [...whole.tensors].flatMap(([name, tensor]): [string, TensorData][] =>
      name.startsWith('weights.') ? [[name.slice('weights.'.length), tensor]] : [],
    );
    const rest = [...whole.tensors].filter(([name]) => !name.startsWith('weights.'));
    await writeSafetensorsFile(join(folder, 'checkpoint.safetensors'), new Map(weights));
    await writeSafetensorsFile(join(folder, 'reference.safetensors'), new Map(rest), new Map([['seed', '1']]));
    const check = ['models', 'check', 'reference.safetensors', '--weights', 'checkpoint.safetensors'];
    const { code, stdout } = await samus(folder, ...check, '--outputs', 'out.safetensors', '--json');
    const { tensors, missing, without_gradient } = JSON.parse(stdout);
    expect([code, missing, without_gradient]).toEqual([0, [], []]);
    expect(Math.max(...tensors.map(({ rel_l2 }: { rel_l2: number }) => rel_l2))).toBeLessThan(1e-4);
    const computed = (await readCheckpointFile(join(folder, 'out.safetensors'))).tensors;
    const unlike = weights.filter(
      ([name, { shape }]) =>
        !/running_|num_batches/.test(name) && computed.get(`grad.${name}`)?.shape.join() !== shape.join(),
    );
    expect(unlike).toEqual([]);
    const own = await samus(folder, ...check, '--outputs', 'checkpoint.safetensors', '--json');
    expect(JSON.parse(own.stdout).error.code).toBe('OUTPUT_IS_INPUT');
  });

  it('reports results that could not be computed', async () => {
    const path = await changed({}, { 'act.attention': float32([1], [1]) });
    const { code, stdout } = await samus(folder, 'models', 'check', path, '--json');
    expect([code, JSON.parse(stdout).missing]).toEqual([1, ['act.attention']]);
  });

  it.each([
    ['a model that is not known', 'REFERENCE_MODEL', { model: 'segnet' }, {}],
    ['no sizes', 'REFERENCE_CONFIG', { config: 'base 4' }, {}],
    ['a size that is none', 'CONFIG_FIELD', { config: '{"base": -1, "n_channels": 1, "n_classes": 2}' }, {}],
    [
      'sizes that the weights do not have',
      'CHECKPOINT_TENSOR_SHAPE',
      { config: '{"base": 8, "n_channels": 1, "n_classes": 2}' },
      {},
    ],
    ['no target', 'REFERENCE_TENSOR', {}, { target: undefined }],
    [
      'classes that the model lacks',
      'MODEL_OUTPUT',
      {},
      { target: float32(new Float32Array(2 * 72 * 88).fill(7), [2, 72, 88]) },
    ],
    [
      'an image of other channels',
      'GRAPH_PARAMETER',
      {},
      { input: float32(new Float32Array(2 * 2 * 32 * 32), [2, 2, 32, 32]) },
    ],
    ['an output of another size', 'REFERENCE_TENSOR', {}, { output: float32([1], [1]) }],
  ])('refuses %s', async (_, code, metadata, tensors) => {
    const { stdout } = await samus(folder, 'models', 'check', await changed(metadata, tensors), '--json');
    expect(JSON.parse(stdout).error?.code).toBe(code);
  });
});
