/**
 * Every architecture as ONNX files: standard operators, the same results as the program's own, read by ONNX Runtime alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../../test/support/onnxReader.js';
import { TINY, TINY_SAM, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import { toOnnx } from '../graph/toOnnx.js';
import type { ModelConfig, ModelGraph } from '../models/architecture.js';
import { decoderGraph, encoderGraph, partsOf } from '../models/graphs.js';
import type { Model } from '../models/model.js';
import { quantise } from '../models/quantise.js';
import { compile } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { onnxFormat } from './onnxFormat.js';
import type { ExportDType } from './options.js';

const runtime = nodeRuntime({ worker: false });
const OPTIONS = { version: '1.2.3', notice: 'A notice' };

/** Random values; named dimensions get two. */
function feedsOf({ inputs }: ModelGraph): Record<string, TensorData<'float32'>> {
  const random = Random.seeded(1);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => {
      const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : 2));
      const values = Float32Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () => random.uniform());
      return [name, float32(values, sizes)];
    }),
  );
}

async function alone(file: Uint8Array | string, feeds: Record<string, TensorData<'float32'>>) {
  const session = await (typeof file === 'string'
    ? ort.InferenceSession.create(file)
    : ort.InferenceSession.create(file));
  const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [
    name,
    new ort.Tensor('float32', data, shape),
  ]);
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results;
}

async function own({ outputs }: ModelGraph, { tensors }: Model, feeds: Record<string, TensorData>) {
  const session = await compile(runtime, outputs, tensors);
  const results = await session.run(feeds);
  await session.dispose();
  return results;
}

/** The largest difference, as a share of the largest value. */
function difference(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  const [x, y] = [Array.from(a, Number), Array.from(b, Number)];
  if (x.length !== y.length) return Number.NaN;
  return Math.max(...x.map((value, i) => Math.abs(value - y[i]!))) / Math.max(1e-9, ...y.map(Math.abs));
}

async function exported(model: Model, dtype: ExportDType) {
  const files = await onnxFormat(runtime, model, { ...OPTIONS, dtype });
  return (name: string) => {
    const [part] = files.get(name) ?? [];
    if (part === undefined) throw new Error(`no ${name} among ${[...files.keys()]}`);
    return part;
  };
}

async function expectSame(model: Model, dtype: ExportDType, graphs: ReturnType<typeof partsOf>, tolerance: number) {
  const file = await exported(model, dtype);
  for (const [part, build] of graphs) {
    const bytes = file(`${part}.onnx`);
    if (typeof bytes === 'string') throw new Error('expected bytes');
    const { nodes, opsets } = readOnnx(bytes);
    expect(opsets).toEqual({ '': 20 });
    expect(nodes.filter(({ domain }) => domain)).toEqual([]);
    const graph = build();
    const feeds = feedsOf(graph);
    const [results, expected] = [await alone(bytes, feeds), await own(graph, model, feeds)];
    expect(Object.keys(results)).toEqual(Object.keys(graph.outputs));
    for (const [name, { data }] of Object.entries(expected)) {
      expect(difference(results[name]!.data, data), `${part} ${name}`).toBeLessThan(tolerance);
    }
  }
}

const CASES: Readonly<Record<string, ModelConfig>> = {
  ...TINY,
  'unet with a click as input': { ...TINY.unet!, promptChannel: 'point' },
  'samus with an object score': { ...TINY_SAMUS, objectScore: true },
};

describe.each(Object.entries(CASES))('%s', (_, config) => {
  const model = tinyModel(config);

  it('gives the same results in ONNX Runtime alone, two images or objects at once', async () => {
    await expectSame(model, 'float32', partsOf(model.config, 'batch'), 5e-5);
  });

  it('gives nearly the same with weights in 16 bits', async () => {
    const small = await exported(model, 'float16');
    expect(JSON.parse(String(small('model.json')))).toMatchObject({
      architecture: config.architecture,
      opset: 20,
      samus: '1.2.3',
    });
    await expectSame(model, 'float16', partsOf(model.config, 'batch'), 0.02);
  });
});

describe('an export', () => {
  it.each([TINY_SAM, TINY_SAMUS])('holds the large weights in 8 bits with standard operators', async (config) => {
    const rounded = quantise(config, tinyModel(config).tensors);
    const model: Model = { name: 'small', ...rounded };
    // One step of the 8 bits of the activations may fall differently.
    await expectSame(model, 'q8', partsOf(model.config), 0.05);
    await expect(exported(tinyModel(TINY.unet), 'q8')).rejects.toMatchObject({ code: 'MODEL_NOT_QUANTISABLE' });
    await expect(exported(model, 'float16')).rejects.toMatchObject({ code: 'MODEL_QUANTISED' });
  });

  it('describes itself in its metadata, model.json and README', async () => {
    const model: Model = { ...tinyModel(), card: '---\nlicense: mit\n---\n' };
    const file = await exported(model, 'float32');
    const encoder = file('encoder.onnx');
    if (typeof encoder === 'string') throw new Error('expected bytes');
    const { metadata } = readOnnx(encoder);
    expect(metadata).toMatchObject({
      'samus.version': '1.2.3',
      'samus.architecture': 'samus',
      'samus.part': 'encoder',
      'samus.licence': 'mit',
    });
    expect(JSON.parse(metadata['samus.preprocessing']!)).toMatchObject({ channels: 1, fit: 'stretch', std: [255] });
    expect(JSON.parse(metadata['samus.inputs']!)).toEqual([
      { name: 'image', dtype: 'float32', shape: ['batch', 1, 32, 32] },
    ]);
    const described = JSON.parse(String(file('model.json')));
    expect(described.files[1].inputs.map(({ name }: { name: string }) => name)).toEqual([
      'image_embeddings',
      'point_coords',
      'point_labels',
      'mask_input',
      'has_mask_input',
    ]);
    expect(String(file('README.md'))).toContain('license: mit');
    const half = (await exported(model, 'float16'))('encoder.onnx');
    expect(half.length).toBeLessThan(0.8 * encoder.length);
    expect(String(file('README.md'))).toContain('Stretched to 32×32 pixels');
  });

  it('can have its weights in a second file', async () => {
    const model = tinyModel();
    const graph = encoderGraph(model.config);
    const options = { producerVersion: '1', metadata: {}, weightsFile: 'encoder.onnx_data' };
    const { bytes, external } = toOnnx(graph.outputs, { parameters: model.tensors, file: options });
    expect(external.length).toBeGreaterThan(3);
    const folder = mkdtempSync(join(tmpdir(), 'samus-'));
    try {
      writeFileSync(join(folder, 'encoder.onnx'), bytes);
      writeFileSync(join(folder, 'encoder.onnx_data'), Buffer.concat(external.map(({ data }) => data)));
      const feeds = feedsOf(graph);
      const { image_embeddings: result } = await alone(join(folder, 'encoder.onnx'), feeds);
      const expected = await own(graph, model, feeds);
      expect(difference(result!.data, expected.image_embeddings!.data)).toBeLessThan(5e-5);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a decoder with an embedding for each prompt', () => {
  it.each(Object.values(TINY).filter((config) => partsOf(config).has('decoder')))(
    'of $architecture answers as one by one',
    async (config) => {
      const model = tinyModel(config);
      const together = decoderGraph(config, { embeddings: true });
      const feeds = feedsOf(together);
      const expected = await own(together, model, feeds);
      for (const i of [0, 1]) {
        const each = Object.entries(feeds).map(([name, { data, shape }]): [string, TensorData] => {
          const size = data.length / 2;
          return [name, float32(data.slice(i * size, (i + 1) * size), [1, ...shape.slice(1)])];
        });
        const { low_res_masks: masks } = await own(decoderGraph(config), model, Object.fromEntries(each));
        const all = Array.from(expected.low_res_masks!.data, Number);
        const part = all.slice((i * all.length) / 2, ((i + 1) * all.length) / 2);
        expect(difference(part, masks!.data)).toBeLessThan(5e-5);
      }
    },
  );
});
