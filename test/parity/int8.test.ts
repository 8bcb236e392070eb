/**
 * Models with their large weights in 8 bits against the same models in float32: embeddings and masks, on both
 * runtimes, and on real images. The weights are random, so the bounds say that the arithmetic is right, not how well
 * a trained model keeps its masks.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import type { Image } from '../../src/formats/image.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { quantise } from '../../src/models/quantise.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Model } from '../../src/predict/types.js';
import type { Runtime } from '../../src/runtime/session.js';
import { webRuntime } from '../../src/runtime/webRuntime.js';
import { runtime as nodeRuntime } from '../support/evaluate.js';
import { goldenPath, relativeError } from '../support/golden.js';

/** 8 bits for each activation and weight give about one per cent. */
const MAX_EMBEDDING = 0.03;
/** Where logits of random weights lie near zero over whole areas, a small error flips many pixels. */
const MAX_FLIPPED = 0.1;

class Pair {
  readonly float32: Segmenter;
  readonly int8: Segmenter;

  constructor(model: Model, runtime: Runtime) {
    this.float32 = Segmenter.create(model, runtime);
    this.int8 = Segmenter.create({ ...model, ...quantise(model.config, model.tensors) }, runtime);
  }

  /** How far the two are apart for a click into the middle. */
  async difference(image: Image): Promise<{ embedding: number; flipped: number }> {
    const [a, b] = [await this.float32.encode(image), await this.int8.encode(image)];
    const prompt = { points: [[Math.floor(image.width / 2), Math.floor(image.height / 2)] as const] };
    const raw = { clean: false };
    const [x, y] = [await this.float32.segment(a, prompt, raw), await this.int8.segment(b, prompt, raw)];
    const flipped = x.mask.filter((value, i) => value !== y.mask[i]).length / x.mask.length;
    return { embedding: relativeError(b.embedding.data, a.embedding.data), flipped };
  }

  async dispose(): Promise<void> {
    await Promise.all([this.float32.dispose(), this.int8.dispose()]);
  }
}

const FILES = ['samus-tiny.pth', 'sam-tiny.pth'];
const REAL = [
  'data/originals/BUSI/Dataset_BUSI_with_GT/benign/benign (100).png',
  'data/originals/DDTI-png/image/1.PNG',
  'data/originals/HC18/training_set/000_HC.png',
];
const DATA = process.env.SAMUS_TEST_DATA ?? '';

const modelOf = (file: string): Promise<Model> => loadModel(goldenPath(file));

describe.each(FILES)('%s in 8 bits', (file) => {
  it.each([
    ['Node', nodeRuntime],
    ['wasm', webRuntime()],
  ])('stays close to float32 on %s', async (_, runtime) => {
    const pair = new Pair(await modelOf(file), runtime);
    const { embedding, flipped } = await pair.difference(makePhantom({ seed: 3, width: 200, height: 150 }).image);
    await pair.dispose();
    expect(embedding).toBeGreaterThan(0);
    expect(embedding).toBeLessThan(MAX_EMBEDDING);
    expect(flipped).toBeLessThan(MAX_FLIPPED);
  });
});

describe.skipIf(DATA === '').each(FILES)('%s in 8 bits on real images (SAMUS_TEST_DATA)', (file) => {
  let pair: Pair;

  beforeAll(async () => {
    pair = new Pair(await modelOf(file), nodeRuntime);
  });

  afterAll(() => pair.dispose());

  it.each(REAL)('stays close on %s', async (path) => {
    const { embedding, flipped } = await pair.difference(await readImage(join(DATA, path)));
    expect(embedding).toBeLessThan(MAX_EMBEDDING);
    expect(flipped).toBeLessThan(MAX_FLIPPED);
  });
});
