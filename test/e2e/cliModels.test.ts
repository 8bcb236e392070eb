/**
 * `samus models` and `samus info`: documents, and folders that other commands can use.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointFile, writeSafetensorsFile } from '../../src/formats/checkpointFile.node.js';
import { float32, sizeOf, type TensorData } from '../../src/graph/tensorData.js';
import { parametersOf } from '../../src/models/graphs.js';
import { architectureOf, presets } from '../../src/models/registry.js';
import { goldenPath } from '../support/golden.js';
import { filesIn, newFolder, removeFolder, samus } from './samusProcess.js';

const LEGACY = goldenPath('samus-tiny-legacy.pth');
const SAM = goldenPath('sam-tiny.pth');

let folder = '';
beforeAll(() => {
  folder = newFolder();
});
afterAll(() => removeFolder(folder));

describe('models convert', () => {
  it('makes a model folder of a legacy checkpoint with prefixed names', async () => {
    const { code, stdout } = await samus(folder, 'models', 'convert', LEGACY, 'samus', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ architecture: 'samus', config: { imageSize: 256, dim: 48, stem: 64 } });
    expect(filesIn(join(folder, 'samus'))).toEqual(['README.md', 'config.json', 'model.safetensors']);
    const converted = (await readCheckpointFile(join(folder, 'samus/model.safetensors'))).tensors;
    const original = (await readCheckpointFile(goldenPath('samus-tiny.pth'))).tensors;
    expect(new Set(converted.keys())).toEqual(new Set(original.keys()));
    for (const [name, tensor] of original) expect(converted.get(name)?.data, name).toEqual(tensor.data);
    expect(readFileSync(join(folder, 'samus/README.md'), 'utf8')).toContain('Research use only, not for diagnosis');
  });

  it('makes a folder that segments like the checkpoint', async () => {
    expect((await samus(folder, 'models', 'convert', SAM, 'sam')).code).toBe(0);
    expect((await samus(folder, 'phantom', '.', '--seed', '2')).code).toBe(0);
    const run = async (model: string) => {
      const args = ['phantom-2.png', '--point', '100,100', '--model', model, '--json'];
      return JSON.parse((await samus(folder, 'segment', ...args)).stdout).images;
    };
    expect(await run('sam')).toEqual(await run(SAM));
  });

  it('accepts a model folder too, as its help says', async () => {
    expect((await samus(folder, 'models', 'convert', 'sam', 'sam16', '--float16')).code).toBe(0);
    expect(filesIn(join(folder, 'sam16'))).toEqual(['README.md', 'config.json', 'model.safetensors']);
    const { stdout } = await samus(folder, 'models', 'convert', '--help');
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'a model folder, a .pth or .safetensors file, a bundled name, or hf:USER/NAME',
    );
  });

  it('takes sizes from a given configuration', async () => {
    const config = JSON.parse(readFileSync(join(folder, 'sam/config.json'), 'utf8'));
    writeFileSync(join(folder, 'heads.json'), JSON.stringify({ ...config, decoderHeads: 4 }));
    const { code } = await samus(folder, 'models', 'convert', SAM, 'heads', '--config', 'heads.json');
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'heads/config.json'), 'utf8'))).toEqual({ ...config, decoderHeads: 4 });
  });

  it('refuses a configuration that does not match the weights', async () => {
    const config = JSON.parse(readFileSync(join(folder, 'sam/config.json'), 'utf8'));
    writeFileSync(join(folder, 'depth.json'), JSON.stringify({ ...config, depth: 5 }));
    const { code, stdout } = await samus(folder, 'models', 'convert', SAM, 'depth', '--config', 'depth.json', '--json');
    expect([code, JSON.parse(stdout).error.code]).toEqual([3, 'CHECKPOINT_TENSOR_MISSING']);
    expect(JSON.parse(stdout).error.message).toContain('image_encoder.blocks.4.');
    expect(filesIn(folder).filter((path) => path.startsWith('depth/'))).toEqual([]);
  });
});

describe('models convert --int8', () => {
  it.each([
    ['samus', LEGACY],
    ['sam', SAM],
  ])('makes a smaller %s, recognised by its folder and by its weights alone', async (architecture, checkpoint) => {
    const out = `${architecture}-int8`;
    const { code, stdout } = await samus(folder, 'models', 'convert', checkpoint, out, '--int8', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ architecture, config: { quantisation: 'int8' } });
    expect(JSON.parse(readFileSync(join(folder, out, 'config.json'), 'utf8')).quantisation).toBe('int8');
    expect(readFileSync(join(folder, out, 'README.md'), 'utf8')).toContain('8 bits');
    const weights = join(out, 'model.safetensors');
    expect(statSync(join(folder, weights)).size).toBeLessThan(0.9 * statSync(checkpoint).size);
    const info = async (model: string) => JSON.parse((await samus(folder, 'models', 'info', model, '--json')).stdout);
    const [folderInfo, fileInfo, original] = [await info(out), await info(weights), await info(checkpoint)];
    expect(folderInfo.config).toEqual(fileInfo.config);
    expect(folderInfo).toMatchObject({ config: { quantisation: 'int8' }, trainable: 0 });
    expect(folderInfo.parameters).toBe(original.parameters);
    const args = ['phantom-2.png', '--point', '100,100', '--model', out, '--json'];
    const result = await samus(folder, 'segment', ...args);
    expect([result.code, JSON.parse(result.stdout).images[0].objects[0].name]).toEqual([0, 'object-1']);
  });

  it.each([
    ['rounded again', ['models', 'convert', 'sam-int8/model.safetensors', 'twice', '--int8', '--json']],
    ['the start of SAMUS', ['models', 'init', 'samus', '--from', 'sam-int8', 'twice', '--json']],
  ])('is refused to be %s', async (_, args) => {
    const { code, stdout } = await samus(folder, ...args);
    expect([code, JSON.parse(stdout).error.code]).toEqual([3, 'MODEL_QUANTISED']);
    expect(filesIn(folder).filter((path) => path.startsWith('twice/'))).toEqual([]);
  });
});

describe('models average', () => {
  it('makes a model of the mean weights that segments', async () => {
    const start = (seed: string) =>
      samus(folder, 'models', 'init', 'samus', '--from', SAM, `run-${seed}`, '--seed', seed);
    expect([(await start('1')).code, (await start('2')).code]).toEqual([0, 0]);
    expect((await samus(folder, 'models', 'convert', 'run-2', 'run-2-float16', '--float16')).code).toBe(0);
    const args = ['models', 'average', 'run-1', 'run-2/model.safetensors', 'run-2-float16', '--out', 'mean', '--json'];
    const { code, stdout } = await samus(folder, ...args);
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ folder: 'mean', architecture: 'samus' })]);
    expect(readFileSync(join(folder, 'mean/README.md'), 'utf8')).toContain('`run-2/model.safetensors`');
    const name = 'image_encoder.blocks.0.attn.qkv.weight';
    const [first, second, mean] = await Promise.all(
      ['run-1', 'run-2', 'mean'].map(async (run) => {
        const { tensors } = await readCheckpointFile(join(folder, run, 'model.safetensors'));
        return tensors.get(name)!.data as Float32Array;
      }),
    );
    for (const [i, value] of mean!.entries()) expect(value).toBeCloseTo((first![i]! + 2 * second![i]!) / 3, 3);
    const segment = await samus(folder, 'segment', 'phantom-2.png', '--point', '9,9', '--model', 'mean', '--json');
    expect(segment.code).toBe(0);
  });

  it.each([
    ['one model', ['sam', '--out', 'none'], 2, 'MODELS_TOO_FEW'],
    ['to replace one of its models', ['run-1', 'run-2', '--out', 'run-1'], 2, 'OUTPUT_IS_INPUT'],
    ['models of two architectures', ['sam', 'run-1', '--out', 'none'], 3, 'MODELS_DIFFER'],
    ['weights in 8 bits', ['sam-int8', 'sam-int8', '--out', 'none'], 3, 'MODEL_QUANTISED'],
  ])('refuses %s', async (_, args, exitCode, expected) => {
    const { code, stdout } = await samus(folder, 'models', 'average', ...args, '--json');
    expect([code, JSON.parse(stdout).error.code]).toEqual([exitCode, expected]);
    expect(filesIn(folder).filter((path) => path.startsWith('none/'))).toEqual([]);
  });
});

describe('models init', () => {
  it('starts SAMUS from SAM, the same for the same seed', async () => {
    const init = (out: string, seed: string) =>
      samus(folder, 'models', 'init', 'samus', '--from', SAM, out, '--seed', seed, '--json');
    const { code, stdout } = await init('start-a', '7');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ architecture: 'samus', config: { imageSize: 32, tokenGrid: 4 } });
    await init('start-b', '7');
    await init('start-c', '8');
    const weights = (out: string) => readFileSync(join(folder, out, 'model.safetensors'));
    expect(weights('start-a').equals(weights('start-b'))).toBe(true);
    expect(weights('start-a').equals(weights('start-c'))).toBe(false);
    const sam = (await readCheckpointFile(SAM)).tensors;
    const samusWeights = (await readCheckpointFile(join(folder, 'start-a/model.safetensors'))).tensors;
    for (const [name, tensor] of sam) {
      if (name.startsWith('mask_decoder.')) expect(samusWeights.get(name)?.data, name).toEqual(tensor.data);
    }
  });
});

describe('models init --backbone', () => {
  const config = presets().get('cenet-s')!;
  const { nameOf } = architectureOf(config).backbones![0]!;

  it('starts a network from pretrained weights, the rest random', async () => {
    const file = parametersOf(config).flatMap(({ name, shape, dtype }): [string, TensorData][] => {
      const there = nameOf(name);
      if (there === undefined || dtype !== 'float32') return [];
      return [[there, float32(new Float32Array(sizeOf(shape)).fill(0.25), shape)]];
    });
    await writeSafetensorsFile(join(folder, 'resnet.safetensors'), new Map(file));
    const init = ['models', 'init', 'cenet-s', 'cenet', '--backbone', 'resnet.safetensors'];
    const { code, stdout } = await samus(folder, ...init, '--json');
    expect([code, JSON.parse(stdout).architecture]).toEqual([0, 'cenet']);
    const weights = (await readCheckpointFile(join(folder, 'cenet/model.safetensors'))).tensors;
    expect(weights.get('encoder4.2.conv2.weight')?.data[5]).toBe(0.25);
    expect(weights.get('decoder1.conv1.weight')?.data[0]).not.toBe(0.25);
  });

  it.each([
    ['a wrong file', ['cenet-s', 'none', '--backbone', SAM], 'BACKBONE_FILE'],
    ['a network that has none', ['unet-s', 'none', '--backbone', SAM], 'BACKBONE_NONE'],
    ['a checkpoint too', ['cenet-s', 'none', '--backbone', SAM, '--from', SAM], 'USAGE_CONFLICT'],
    ['an unknown preset', ['cenet-x', 'none', '--backbone', SAM], 'USAGE_VALUE'],
  ])('refuses %s', async (_, args, expected) => {
    const { stdout } = await samus(folder, 'models', 'init', ...args, '--json');
    expect(JSON.parse(stdout).error.code).toBe(expected);
  });
});

describe('models info', () => {
  it('prints architecture, sizes, cost, files and licence', async () => {
    const document = JSON.parse((await samus(folder, 'models', 'info', 'samus', '--json')).stdout);
    expect(document).toMatchObject({
      architecture: 'samus',
      config: { architecture: 'samus', imageSize: 256, tokenGrid: 32, dim: 48, depth: 6, globalBlocks: [2, 5] },
      licence: null,
    });
    const { tensors } = await readCheckpointFile(goldenPath('samus-tiny.pth'));
    // All but the table of random frequencies, which is no weight.
    const weights = [...tensors].filter(([name]) => !name.endsWith('positional_encoding_gaussian_matrix'));
    expect(document.parameters).toBe(weights.reduce((sum, [, { data }]) => sum + data.length, 0));
    expect(document.trainable).toBeGreaterThan(0);
    expect(document.trainable).toBeLessThan(document.parameters);
    expect(document.gflop).toBeGreaterThan(1);
    expect(document.files).toContainEqual({ path: join('samus', 'config.json'), bytes: expect.any(Number) });
    expect(document.task).toBe('prompted');
    const { stdout } = await samus(folder, 'models', 'info', 'samus');
    expect(stdout).toContain('task: masks from prompts');
    const trained = document.trainable.toLocaleString('en');
    expect(stdout).toContain(
      `parameters: ${document.parameters.toLocaleString('en')}; the published recipe trains ${trained}`,
    );
    expect(stdout).toMatch(/ GFLOP per image\n/);
    expect(stdout).toMatch(/config\.json, 0\.\d kB\n/);
  });

  it('finds the licence in the model card', async () => {
    writeFileSync(join(folder, 'samus/README.md'), '---\nlicense: cc-by-4.0\n---\n# A model\n');
    expect(JSON.parse((await samus(folder, 'models', 'info', 'samus', '--json')).stdout).licence).toBe('cc-by-4.0');
  });
});

describe('info', () => {
  it('prints version, Node, cores and providers, the CPU among them', async () => {
    const { code, stdout } = await samus(folder, 'info', '--json');
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ node: process.version, cpus: expect.any(Number), cache: null });
    expect(document.version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
    expect(document.providers).toContainEqual({ name: 'cpu', available: true, reason: expect.any(String) });
    for (const provider of document.providers) expect(provider.reason).toMatch(/\S/);
  });
});
