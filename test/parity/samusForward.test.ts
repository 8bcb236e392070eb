/**
 * SAMUS against the reference's forward pass: a small model with random weights, from both containers of PyTorch, on
 * both runtimes. Every intermediate result of the encoder, five kinds of prompts, the masks.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImage } from '../../src/formats/image.js';
import { input, type Tensor } from '../../src/graph/tensor.js';
import { asFloat32, float32, type StateDict, type TensorData } from '../../src/graph/tensorData.js';
import { decoderGraph } from '../../src/models/graphs.js';
import { POINT_LABEL } from '../../src/models/imageFrame.js';
import { recognise } from '../../src/models/samus/config.js';
import { samusEncoder } from '../../src/models/samus/imageEncoder.js';
import { compile } from '../../src/nn/compile.js';
import { Parameters } from '../../src/nn/parameters.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Encoding, Model, PointPrompt } from '../../src/predict/types.js';
import type { Session } from '../../src/runtime/session.js';
import { webRuntime } from '../../src/runtime/webRuntime.js';
import { runtime as nodeRuntime } from '../support/evaluate.js';
import { bytes, expectLogits, expectMask, expectParity, golden, goldenPath, item, numbers } from '../support/golden.js';

const BATCH = 2;
const SIDE = 128;

const runtimes = { node: nodeRuntime, wasm: webRuntime() };

const CASES = [
  ['samus-tiny.pth', 'node'],
  ['samus-tiny-legacy.pth', 'node'],
  ['samus-tiny.pth', 'wasm'],
  ['samus-tiny-legacy.pth', 'wasm'],
] as const;

describe.each(CASES)('%s on %s', (file, name) => {
  const runtime = runtimes[name];
  let expected: StateDict;
  let model: Model;

  beforeAll(async () => {
    expected = await golden('samus-tiny.forward.safetensors');
    model = await loadModel(goldenPath(file));
  });

  it('gives the same intermediate results of the encoder', async () => {
    const config = recognise(model.tensors);
    if (!config) throw new Error('this is not SAMUS');
    const outputs: Record<string, Tensor> = {};
    const observe = (result: string, value: Tensor) => {
      outputs[result] = value;
    };
    const image = input('image', [BATCH, 1, 256, 256]);
    outputs.image_embedding = samusEncoder(new Parameters().at('image_encoder'), config, image, observe);
    const session = await compile(runtime, outputs, model.tensors);
    const results = await session.run({ image: numbers(expected, 'input') });
    await session.dispose();
    for (const observed of Object.keys(outputs)) {
      expectParity(asFloat32(results[observed]!).data, numbers(expected, observed).data, observed);
    }
    const stored = [...expected.keys()].filter((key) => /^(block|cnn|patch|input_|position|image_emb)/.test(key));
    expect(stored.filter((key) => !Object.hasOwn(outputs, key))).toEqual([]);
  });

  describe('the decoder', () => {
    let session: Session;

    beforeAll(async () => {
      session = await compile(runtime, decoderGraph(model.config).outputs, model.tensors);
    });

    afterAll(() => session.dispose());

    it.each(['point', 'points4', 'box', 'box_points4', 'mask'])('answers the prompt %s', async (prompt) => {
      const logits = numbers(expected, `${prompt}.low_res_logits`);
      const iou = numbers(expected, `${prompt}.iou`);
      const count = logits.shape[1]!;
      for (let b = 0; b < BATCH; b++) {
        const results = await session.run({
          image_embeddings: float32(item(numbers(expected, 'image_embedding'), b).data, [1, 32, 32, 32]),
          ...decoderFeeds(expected, prompt, b),
        });
        // Three masks are the second to fourth, one is the first.
        const first = count === 3 ? 1 : 0;
        const size = SIDE * SIDE;
        const masks = asFloat32(results.low_res_masks!).data.subarray(first * size, (first + count) * size);
        expectLogits(masks, item(logits, b).data, `${prompt} ${b}`);
        const scores = asFloat32(results.iou_predictions!).data.subarray(first, first + count);
        expectParity(scores, item(iou, b).data, `${prompt} ${b} iou`);
      }
    });
  });

  describe('the segmenter', () => {
    let segmenter: Segmenter;
    const encodings: Encoding[] = [];

    beforeAll(async () => {
      segmenter = Segmenter.create(model, runtime);
      for (let b = 0; b < BATCH; b++) {
        const pixels = bytes(expected, 'image_u8').slice(b * 256 * 256, (b + 1) * 256 * 256);
        encodings.push(await segmenter.encode(createImage(256, 256, 1, pixels)));
      }
    });

    afterAll(() => segmenter.dispose());

    it('encodes pixels as the reference does', () => {
      for (const [b, { embedding }] of encodings.entries()) {
        expectParity(embedding.data, item(numbers(expected, 'image_embedding'), b).data, `image ${b}`);
      }
    });

    it('gives the masks of the forward pass', async () => {
      for (const [b, encoding] of encodings.entries()) {
        const [x, y] = item(numbers(expected, 'point.coords'), b).data;
        const result = await segmenter.segment(encoding, { points: [[x!, y!]] }, { logits: true, clean: false });
        expectLogits(result.lowResLogits, item(numbers(expected, 'point.low_res_logits'), b).data, 'low resolution');
        const masks = item(numbers(expected, 'forward.masks'), b).data;
        expectLogits(result.logits!, masks, 'logits');
        expectMask(
          result.mask,
          Uint8Array.from(masks, (logit) => (logit > 0 ? 1 : 0)),
          'mask',
        );
        expect(result.score).toBeCloseTo(item(numbers(expected, 'point.iou'), b).data[0]!, 4);
      }
    });

    it('answers three prompts at once as the reference does one after the other', async () => {
      for (const [b, encoding] of encodings.entries()) {
        const coords = item(numbers(expected, 'forward_multi.coords'), b).data;
        const labels = item(numbers(expected, 'forward_multi.labels'), b).data;
        const objects = [0, 1, 2].map((o) => {
          const point: PointPrompt = [coords[2 * o]!, coords[2 * o + 1]!, labels[o]!];
          return { points: [point] };
        });
        const results = await segmenter.segment(encoding, objects);
        const logits = item(numbers(expected, 'forward_multi.low_res_logits'), b);
        for (const [o, result] of results.entries()) {
          expectLogits(result.lowResLogits, item(logits, o).data, `object ${o}`);
        }
      }
    });
  });
});

it('reads the same weights from both containers', async () => {
  const [zip, legacy] = await Promise.all([
    loadModel(goldenPath('samus-tiny.pth')),
    loadModel(goldenPath('samus-tiny-legacy.pth')),
  ]);
  expect(legacy.config).toEqual(zip.config);
  expect([...legacy.tensors.keys()]).toEqual([...zip.tensors.keys()]);
  for (const [name, tensor] of zip.tensors) {
    const same = Buffer.from(asFloat32(tensor).data.slice().buffer).equals(
      Buffer.from(asFloat32(legacy.tensors.get(name)!).data.slice().buffer),
    );
    expect(same, name).toBe(true);
  }
});

/** A prompt of the golden file as the decoder's inputs. */
function decoderFeeds(expected: StateDict, prompt: string, b: number): Record<string, TensorData<'float32'>> {
  // What a kind of prompt shares with another is stored with the other.
  const pointsOf = prompt === 'box_points4' ? 'points4' : prompt === 'mask' ? 'point' : prompt;
  const tokens: (readonly [number, number, number])[] = [];
  if (expected.has(`${pointsOf}.coords`)) {
    const coords = item(numbers(expected, `${pointsOf}.coords`), b).data;
    const labels = item(numbers(expected, `${pointsOf}.labels`), b).data;
    for (const [i, label] of labels.entries()) tokens.push([coords[2 * i]!, coords[2 * i + 1]!, label]);
  }
  if (prompt.startsWith('box')) {
    const [x0, y0, x1, y1] = item(numbers(expected, 'box.boxes'), b).data;
    tokens.push([x0!, y0!, POINT_LABEL.boxTopLeft], [x1!, y1!, POINT_LABEL.boxBottomRight]);
  } else tokens.push([0, 0, POINT_LABEL.notAPoint]);
  const mask = prompt === 'mask' ? item(numbers(expected, 'mask.mask_input'), b).data : new Float32Array(SIDE * SIDE);
  return {
    point_coords: float32(
      tokens.flatMap((token) => token.slice(0, 2)),
      [1, tokens.length, 2],
    ),
    point_labels: float32(
      tokens.map(([, , label]) => label),
      [1, tokens.length],
    ),
    mask_input: float32(mask, [1, 1, SIDE, SIDE]),
    has_mask_input: float32([prompt === 'mask' ? 1 : 0], [1]),
  };
}
