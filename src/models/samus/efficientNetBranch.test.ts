/**
 * SAMUS with EfficientNet-Lite0 as its CNN branch. Its parity with PyTorch: test/parity/efficientNet.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { TINY_SAMUS, tinyWeights } from '../../../test/support/tinyModel.js';
import { float32 } from '../../graph/tensorData.js';
import { compile } from '../../nn/compile.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { gradientGraph } from '../../train/gradientGraph.js';
import { checkConfig, parseConfig, serialiseConfig } from '../configFile.js';
import { encoderGraph, parametersOf } from '../graphs.js';
import { recognise } from '../registry.js';
import { SAMUS_B, type SamusConfig } from './config.js';

const CONFIG: SamusConfig = {
  ...TINY_SAMUS,
  imageSize: 64,
  tokenGrid: 4,
  patchKernel: 32,
  stem: SAMUS_B.stem,
  cnn: 'efficientnet-lite0',
};
const BACKBONE = 'image_encoder.cnn_embed.backbone.';

describe('SAMUS with EfficientNet-Lite0', () => {
  it('is recognised by its names, and its config.json survives a round trip', () => {
    const shapes = new Map(parametersOf(CONFIG).map(({ name, shape }) => [name, { shape }]));
    expect(recognise(shapes)).toEqual(CONFIG);
    const trained = { ...CONFIG, cnnBatchStatistics: true as const };
    const scored = { ...CONFIG, objectScore: true as const, minPresence: 0.3 };
    for (const config of [CONFIG, trained, scored]) {
      expect(parseConfig(JSON.parse(serialiseConfig(config))).config).toEqual(config);
    }
    const { stem, ...without } = CONFIG;
    expect(parseConfig(without).config).toEqual(CONFIG);
  });

  it.each([
    ['cnn', { cnn: 'resnet' }],
    ['cnn', { tokenGrid: 8 }],
    ['crossBranchAttention', { cnnBranch: false }],
    ['cnn', { cnnBranch: false, crossBranchAttention: false }],
    ['minPresence', { minPresence: 0.5 }],
    ['minPresence', { objectScore: true, minPresence: 1.5 }],
    ['cnnBatchStatistics', { cnn: undefined, cnnBatchStatistics: true }],
  ])('has no %s that does not fit: %o', (field, change) => {
    expect(() => parseConfig(JSON.parse(JSON.stringify({ ...CONFIG, ...change })))).toThrow(
      expect.objectContaining({ code: 'CONFIG_FIELD', details: expect.objectContaining({ field }) }),
    );
  });

  it('gives the same embedding on Node and on wasm', async () => {
    checkConfig(CONFIG);
    const weights = tinyWeights(CONFIG);
    const image = float32(
      Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 37) / 37),
      [1, 1, 64, 64],
    );
    const [node, wasm] = await Promise.all(
      [nodeRuntime({ worker: false }), webRuntime()].map(async (runtime) => {
        const session = await compile(runtime, encoderGraph(CONFIG).outputs, weights);
        const { image_embeddings } = await session.run({ image });
        await session.dispose();
        return image_embeddings!.data;
      }),
    );
    expect(node!.length).toBe(16 * 4 * 4);
    for (const [i, value] of node!.entries()) expect(Number(value)).toBeCloseTo(Number(wasm![i]), 4);
  });

  it.each([
    ['stored statistics, which stay', undefined, []],
    ['those of the batch', true, ['num_batches_tracked', 'running_mean', 'running_var']],
    ['those of the batch, frozen', true, [], [BACKBONE]],
  ] as const)('trains with %s', (_, cnnBatchStatistics, updated, freeze: readonly string[] = []) => {
    const config = { ...CONFIG, ...(cnnBatchStatistics && { cnnBatchStatistics }) };
    const graph = gradientGraph({
      config,
      batch: 2,
      points: 2,
      isTrained: () => true,
      freeze,
      recipe: { kind: 'published' },
    });
    const changed = new Set(graph.buffers.map(({ name }) => name.split('.').at(-1)));
    expect([...changed].sort()).toEqual(updated);
    const trained = graph.trained.filter(({ name }) => name.startsWith(BACKBONE)).length;
    const all = parametersOf(config).filter(({ name, buffer }) => name.startsWith(BACKBONE) && !buffer).length;
    expect(trained).toBe(freeze.length > 0 ? 0 : all);
  });
});
