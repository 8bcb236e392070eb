/**
 * SAM's whole predictor path against the original: resize of the longest side, normalisation, padding, encoder, five
 * kinds of prompts, masks at the image's size. A small model with random weights, on both runtimes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImage, type Image } from '../../src/formats/image.js';
import type { StateDict } from '../../src/graph/tensorData.js';
import { frameOf } from '../../src/models/graphs.js';
import { imageLogits, prepareImage } from '../../src/models/imageFrame.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Encoding, Model, ObjectPrompt, PointPrompt } from '../../src/predict/types.js';
import { webRuntime } from '../../src/runtime/webRuntime.js';
import { runtime as nodeRuntime } from '../support/evaluate.js';
import { bytes, expectLogits, expectMask, expectParity, golden, goldenPath, item, numbers } from '../support/golden.js';

const [WIDTH, HEIGHT] = [220, 150];
const PROMPTS = ['point', 'points', 'box', 'box_point', 'mask'];

describe.each([
  ['node', nodeRuntime],
  ['wasm', webRuntime()],
])('on %s', (_, runtime) => {
  let expected: StateDict;
  let model: Model;
  let image: Image;
  let segmenter: Segmenter;
  let encoding: Encoding;

  beforeAll(async () => {
    expected = await golden('sam-tiny.predictor.safetensors');
    model = await loadModel(goldenPath('sam-tiny.pth'));
    image = createImage(WIDTH, HEIGHT, 3, bytes(expected, 'image_u8'));
    segmenter = Segmenter.create(model, runtime);
    encoding = await segmenter.encode(image);
  });

  afterAll(() => segmenter.dispose());

  it('prepares the image', () => {
    const prepared = prepareImage(frameOf(model.config, WIDTH, HEIGHT), image);
    const reference = numbers(expected, 'preprocessed');
    expect(prepared.shape).toEqual(reference.shape);
    expectParity(prepared.data, reference.data, 'preprocessed');
  });

  it('encodes it', () => {
    expectParity(encoding.embedding.data, numbers(expected, 'image_embedding').data, 'image embedding');
  });

  it.each(PROMPTS)('answers the prompt %s', async (prompt) => {
    const iou = numbers(expected, `${prompt}.iou`);
    const count = iou.shape[0]!;
    const options = { multimask: count === 3, clean: false };
    const result = await segmenter.segment(encoding, promptOf(expected, prompt), options);
    const frame = frameOf(model.config, WIDTH, HEIGHT);
    expect(result.candidates).toHaveLength(count);
    for (const [i, { score, lowResLogits }] of result.candidates.entries()) {
      expect(score).toBeCloseTo(iou.data[i]!, 4);
      expectLogits(lowResLogits, item(numbers(expected, `${prompt}.low_res_logits`), i).data, `logits ${i}`);
      const mask = Uint8Array.from(imageLogits(frame, lowResLogits), (logit) => (logit > 0 ? 1 : 0));
      expectMask(mask, maskOf(expected, prompt, i), `mask ${i}`);
    }
    const best = iou.data.indexOf(Math.max(...iou.data));
    expectMask(result.mask, maskOf(expected, prompt, best), 'chosen mask');
  });

  it('answers all prompts in one run as one by one', async () => {
    const results = await segmenter.segment(
      encoding,
      PROMPTS.map((prompt) => promptOf(expected, prompt)),
      { multimask: true },
    );
    for (const [i, prompt] of PROMPTS.entries()) {
      const alone = await segmenter.segment(encoding, promptOf(expected, prompt), { multimask: true });
      expectLogits(results[i]!.lowResLogits, alone.lowResLogits, prompt);
      expect(results[i]!.mask).toEqual(alone.mask);
    }
  });
});

function maskOf(expected: StateDict, prompt: string, index: number): Uint8Array {
  return bytes(expected, `${prompt}.masks`).slice(index * WIDTH * HEIGHT, (index + 1) * WIDTH * HEIGHT);
}

function promptOf(expected: StateDict, prompt: string): ObjectPrompt {
  const points: PointPrompt[] = [];
  if (expected.has(`${prompt}.point_coords`)) {
    const coords = numbers(expected, `${prompt}.point_coords`).data;
    const labels = numbers(expected, `${prompt}.point_labels`).data;
    for (const [i, label] of labels.entries()) points.push([coords[2 * i]!, coords[2 * i + 1]!, label]);
  }
  const box = expected.has(`${prompt}.box`) ? numbers(expected, `${prompt}.box`).data : undefined;
  const mask = expected.has(`${prompt}.mask_input`) ? numbers(expected, `${prompt}.mask_input`).data : undefined;
  return {
    points,
    ...(box && { box: [box[0]!, box[1]!, box[2]!, box[3]!] }),
    ...(mask && { lowResLogits: mask }),
  };
}
