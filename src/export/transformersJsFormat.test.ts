/**
 * The graphs for transformers.js, fed as the library feeds them, against the program's own; `npm run judges` runs the library.
 */
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { readOnnx } from '../../test/support/onnxReader.js';
import { TINY, TINY_SAM, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { decoderGraph, encoderGraph } from '../models/graphs.js';
import { promptedOf } from '../models/registry.js';
import { compile } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import type { ExportDType, ExportFiles } from './options.js';
import { transformersJsFormat } from './transformersJsFormat.js';

const runtime = nodeRuntime({ worker: false });
const OPTIONS = { version: '1.2.3', notice: 'A notice' };
const random = Random.seeded(3);
const randoms = (count: number, scale = 1) => Float32Array.from({ length: count }, () => scale * random.uniform());

const CONFIGS: Readonly<Record<string, ModelConfig>> = {
  sam: TINY_SAM,
  samus: TINY_SAMUS,
  'samus with an object score': { ...TINY_SAMUS, objectScore: true },
  msa: TINY.msa!,
};

type Feeds = Readonly<Record<string, ort.Tensor>>;
const tensor = (values: ArrayLike<number>, dims: readonly number[]) =>
  new ort.Tensor('float32', Float32Array.from(values), dims);
const labels = (values: readonly number[], dims: readonly number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(values.map(BigInt)), dims);

async function exported(config: ModelConfig, dtype?: ExportDType): Promise<ExportFiles> {
  return transformersJsFormat(runtime, tinyModel(config), { ...OPTIONS, ...(dtype && { dtype }) });
}

async function sessionOf(files: ExportFiles, path: string): Promise<ort.InferenceSession> {
  const [bytes] = files.get(path) ?? [];
  if (!(bytes instanceof Uint8Array)) throw new Error(`no ${path} among ${[...files.keys()]}`);
  expect(readOnnx(bytes).opsets).toEqual({ '': 20 });
  return ort.InferenceSession.create(bytes);
}

const numbers = (data: ArrayLike<unknown>): number[] => Array.from(data, Number);

function expectClose(actual: ArrayLike<unknown>, expected: ArrayLike<unknown>): void {
  const [a, b] = [numbers(actual), numbers(expected)];
  expect(a.length).toBe(b.length);
  const worst = Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
  expect(worst / Math.max(...b.map(Math.abs))).toBeLessThan(1e-4);
}

describe.each(Object.entries(CONFIGS))('%s', (_, config) => {
  const model = tinyModel(config);
  const { embedding: shape, lowRes, masks } = promptedOf(config).shapes(config);
  const one = randoms(shape.reduce((a, b) => a * b, 1));
  const image_embeddings = { 'image_embeddings.0': tensor(one, [1, ...shape]) };
  const empty = { points: tensor([], [1, 1, 0, 2]), boxes: tensor([], [1, 0, 4]) };

  /** What the program's own decoder answers to the tokens of one object. */
  async function own(tokens: readonly (readonly [x: number, y: number, label: number])[]) {
    const session = await compile(runtime, decoderGraph(config).outputs, model.tensors);
    const feeds: Record<string, TensorData> = {
      image_embeddings: float32(one, [1, ...shape]),
      point_coords: float32(
        tokens.flatMap((token) => token.slice(0, 2)),
        [1, tokens.length, 2],
      ),
      point_labels: float32(
        tokens.map(([, , label]) => label),
        [1, tokens.length],
      ),
      mask_input: float32(new Float32Array(lowRes * lowRes), [1, 1, lowRes, lowRes]),
      has_mask_input: float32([0], [1]),
    };
    const results = await session.run(feeds);
    await session.dispose();
    return results;
  }

  async function asked(feeds: Feeds) {
    const session = await sessionOf(await exported(config, 'float32'), 'onnx/prompt_encoder_mask_decoder.onnx');
    const results = await session.run({ ...image_embeddings, ...feeds });
    await session.release();
    return results;
  }

  it('answers clicks on several objects', async () => {
    const results = await asked({
      input_points: tensor([40, 50, 60, 70, 400, 300, 20, 10], [1, 2, 2, 2]),
      input_labels: labels([1, 0, 1, -10], [1, 2, 2]),
      input_boxes: empty.boxes,
    });
    expect(results.pred_masks!.dims).toEqual([1, 2, masks, lowRes, lowRes]);
    expect(results.iou_scores!.dims).toEqual([1, 2, masks]);
    expect(results.object_score_logits?.dims).toEqual(config.objectScore ? [1, 2, 1] : undefined);
    const both = [
      await own([
        [40, 50, 1],
        [60, 70, 0],
        [0, 0, -1],
      ]),
      await own([
        [400, 300, 1],
        [0, 0, -1],
      ]),
    ];
    expectClose(
      results.pred_masks!.data,
      both.flatMap(({ low_res_masks }) => numbers(low_res_masks!.data)),
    );
    expectClose(
      results.iou_scores!.data,
      both.flatMap(({ iou_predictions }) => numbers(iou_predictions!.data)),
    );
    if (config.objectScore) {
      const scores = both.flatMap(({ object_score_logits }) => numbers(object_score_logits!.data));
      expectClose(results.object_score_logits!.data, scores);
    }
  });

  it('answers boxes, and a box with clicks', async () => {
    const boxes = await asked({
      input_points: empty.points,
      input_labels: labels([], [1, 2, 0]),
      input_boxes: tensor([10, 20, 200, 180, 30, 40, 90, 120], [1, 2, 4]),
    });
    const each = [
      await own([
        [10, 20, 2],
        [200, 180, 3],
      ]),
      await own([
        [30, 40, 2],
        [90, 120, 3],
      ]),
    ];
    expectClose(
      boxes.pred_masks!.data,
      each.flatMap(({ low_res_masks }) => numbers(low_res_masks!.data)),
    );
    const both = await asked({
      input_points: tensor([40, 50], [1, 1, 1, 2]),
      input_labels: labels([1], [1, 1, 1]),
      input_boxes: tensor([10, 20, 200, 180], [1, 1, 4]),
    });
    const { low_res_masks } = await own([
      [40, 50, 1],
      [10, 20, 2],
      [200, 180, 3],
    ]);
    expectClose(both.pred_masks!.data, low_res_masks!.data);
  });

  it('encodes images at the size of the library', async () => {
    const session = await sessionOf(await exported(config, 'float32'), 'onnx/vision_encoder.onnx');
    const side = config.imageSize;
    // Flat blocks, which no filter changes in their middle: every level of the small image is known away from its edges.
    const level = randoms(3);
    const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => level[Math.floor(i / side ** 2)]!);
    const { 'image_embeddings.0': result } = await session.run({ pixel_values: tensor(pixels, [1, 3, side, side]) });
    await session.release();
    const graph = encoderGraph(config);
    const [, channels] = graph.inputs.image!.shape.map(Number);
    const [red, green, blue] = level;
    const grey = (19595 * red! + 38470 * green! + 7471 * blue!) / 65536;
    const image = Float32Array.from({ length: channels! * config.imageSize ** 2 }, (_, i) =>
      channels === 1 ? grey : level[Math.floor(i / config.imageSize ** 2)]!,
    );
    const encoder = await compile(runtime, graph.outputs, model.tensors);
    const sizes = graph.inputs.image!.shape.map(Number);
    const { image_embeddings: expected } = await encoder.run({ image: float32(image, sizes) });
    await encoder.dispose();
    expectClose(result!.data, expected!.data);
  });
});

describe('the folder', () => {
  it('has all types that the model takes, and says so', async () => {
    const files = await exported(TINY_SAM);
    const parts = ['vision_encoder', 'prompt_encoder_mask_decoder'];
    const names = ['', '_fp16', '_quantized'].flatMap((suffix) => parts.map((part) => `onnx/${part}${suffix}.onnx`));
    expect([...files.keys()].sort()).toEqual(
      [...names, 'config.json', 'preprocessor_config.json', 'README.md', 'model.json'].sort(),
    );
    const config = JSON.parse(String(files.get('config.json')![0]));
    expect(config).toMatchObject({ model_type: 'sam2', vision_config: { num_feature_levels: 1 } });
    expect(config['transformers.js_config']).toEqual({});
    const processor = JSON.parse(String(files.get('preprocessor_config.json')![0]));
    expect(processor).toMatchObject({ size: { longest_edge: 32 }, pad_size: { height: 32, width: 32 }, do_pad: true });
    const quantised = await sessionOf(files, 'onnx/vision_encoder_quantized.onnx');
    expect(quantised.inputNames).toEqual(['pixel_values']);
    await quantised.release();
    const half = await exported(TINY_SAM, 'float16');
    expect([...half.keys()].filter((path) => path.endsWith('.onnx')).every((path) => path.endsWith('_fp16.onnx'))).toBe(
      true,
    );
    expect(JSON.parse(String(half.get('config.json')![0]))['transformers.js_config']).toEqual({ dtype: 'fp16' });
  });

  it.each([
    ['unet', TINY.unet!, 'takes no prompts'],
    ['medsam', TINY.medsam!, 'prepares images as the library cannot'],
    ['a network with a click', { ...TINY.unet!, promptChannel: 'point' as const }, 'one object at a time'],
  ])('is refused for %s', async (_, config, reason) => {
    await expect(exported(config)).rejects.toMatchObject({
      code: 'EXPORT_UNSUPPORTED',
      message: expect.stringContaining(reason),
      hint: expect.stringContaining('--format onnx'),
    });
  });
});
