/**
 * SAM's two larger encoders at their real sizes, with made-up weights: they build, fold, export and encode an image in
 * spite of protobuf's limit of 2 GB. Minutes and gigabytes, so not part of the usual run: `npm run test:long`.
 */
import { describe, expect, it } from 'vitest';
import { asFloat32, float32, sizeOf, type TensorData } from '../../src/graph/tensorData.js';
import { encoderGraph } from '../../src/models/graphs.js';
import { SAM_VIT_H, SAM_VIT_L } from '../../src/models/sam/config.js';
import { exportModel } from '../../src/nn/compile.js';
import type { ParameterInfo } from '../../src/nn/parameters.js';
import { runtime } from '../support/evaluate.js';

/** What a protobuf message can hold. */
const PROTOBUF_LIMIT = 2 ** 31;

/** A saw of the height of the initialisation: billions of random numbers would take longer than all the rest. */
function weight({ name, shape, initialisation }: ParameterInfo): [string, TensorData] {
  const values = new Float32Array(sizeOf(shape));
  if (initialisation.kind === 'constant') values.fill(initialisation.value);
  else {
    const height = initialisation.kind === 'uniform' ? initialisation.bound : initialisation.deviation;
    for (let i = 0; i < values.length; i++) values[i] = height * (((i * 0.7548776662) % 2) - 1);
  }
  return [name, float32(values, shape)];
}

/** Prints what was reached so far, for the notes in docs/architecture.md. */
function note(what: string, start: number): void {
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const peak = (process.resourceUsage().maxRSS / 1e6).toFixed(1);
  process.stdout.write(`${what}: ${seconds} s, peak ${peak} GB\n`);
}

describe.each([
  ['ViT-L', SAM_VIT_L, 1.2e9],
  ['ViT-H', SAM_VIT_H, 2.5e9],
] as const)("SAM's %s", (name, config, atLeast) => {
  it('builds, folds, exports and encodes', async () => {
    const start = performance.now();
    const { outputs, parameters } = encoderGraph(config);
    const tensors = new Map(parameters.map(weight));
    note(`${name} built`, start);
    const model = await exportModel(runtime, outputs, tensors);
    tensors.clear();
    note(`${name} exported`, start);
    expect(model.bytes.byteLength).toBeLessThan(1e6);
    const bytes = model.external.reduce((sum, { data }) => sum + data.byteLength, 0);
    expect(bytes).toBeGreaterThan(atLeast);
    if (name === 'ViT-H') expect(bytes).toBeGreaterThan(PROTOBUF_LIMIT);
    const session = await runtime.createSession(model);
    note(`${name} session`, start);
    const side = config.imageSize;
    const pixels = Float32Array.from({ length: 3 * side * side }, (_, i) => Math.sin(i / 500));
    const { image_embeddings } = await session.run({ image: float32(pixels, [1, 3, side, side]) });
    await session.dispose();
    note(`${name} encoded`, start);
    const embedding = asFloat32(image_embeddings!);
    expect(embedding.shape).toEqual([1, config.promptDim, config.tokenGrid, config.tokenGrid]);
    expect(embedding.data.every(Number.isFinite)).toBe(true);
  });
});
