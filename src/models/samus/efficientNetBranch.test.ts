/**
 * SAMUS with EfficientNet-Lite0 as its CNN branch. Its parity with PyTorch: test/parity/efficientNet.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/support/golden.js';
import { TINY_SAMUS, tinyWeights } from '../../../test/support/tinyModel.js';
import { concat } from '../../graph/ops/shape.js';
import { constant } from '../../graph/tensor.js';
import { asFloat32, float32, sizeOf, type TensorData } from '../../graph/tensorData.js';
import { compile, computeConstants } from '../../nn/compile.js';
import { Parameters } from '../../nn/parameters.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { webRuntime } from '../../runtime/webRuntime.js';
import { gradientGraph } from '../../train/gradientGraph.js';
import { checkConfig, parseConfig, serialiseConfig } from '../configFile.js';
import { decoderGraph, encoderGraph, parametersOf } from '../graphs.js';
import { recognise } from '../registry.js';
import { DETAIL_CHANNELS, packedDetail, unpackedDetail } from '../sam/detailMaps.js';
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
    const detailed = { ...CONFIG, detail: true as const };
    const names = new Map(parametersOf(detailed).map(({ name, shape }) => [name, { shape }]));
    expect(recognise(names)).toEqual(detailed);
    for (const config of [CONFIG, trained, scored, detailed]) {
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
    ['detail', { cnn: undefined, detail: true }],
    ['minPresence', { objectScore: true, minPresence: 1.5 }],
    ['cnnBatchStatistics', { cnn: undefined, cnnBatchStatistics: true }],
  ])('has no %s that does not fit: %o', (field, change) => {
    expect(() => parseConfig(JSON.parse(JSON.stringify({ ...CONFIG, ...change })))).toThrow(
      expect.objectContaining({ code: 'CONFIG_FIELD', details: expect.objectContaining({ field }) }),
    );
  });

  it('starts with finer maps as without them, and uses each where it belongs', async () => {
    const detailed: SamusConfig = { ...CONFIG, detail: true };
    const weights = tinyWeights(detailed);
    const image = float32(
      Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 37) / 37),
      [1, 1, 64, 64],
    );
    const logitsOf = async (config: SamusConfig, own: ReadonlyMap<string, TensorData>) => {
      const runtime = nodeRuntime({ worker: false });
      const graphs = [encoderGraph(config), decoderGraph(config)] as const;
      const [encoder, decoder] = await Promise.all(graphs.map((graph) => compile(runtime, graph.outputs, own)));
      const { image_embeddings } = await encoder!.run({ image });
      const prompt = {
        image_embeddings: image_embeddings!,
        point_coords: float32([20, 30, 0, 0], [1, 2, 2]),
        point_labels: float32([1, -1], [1, 2]),
        mask_input: float32(new Float32Array(16 * 16), [1, 1, 16, 16]),
        has_mask_input: float32([0], [1]),
      };
      const { low_res_masks } = await decoder!.run(prompt);
      await Promise.all([encoder!.dispose(), decoder!.dispose()]);
      return asFloat32(low_res_masks!).data;
    };
    const without = await logitsOf(CONFIG, weights);
    const start = await logitsOf(detailed, weights);
    expect(relativeError(start, without)).toBeLessThan(1e-5);
    for (const name of ['mask_decoder.detail_half.weight', 'mask_decoder.detail_quarter.weight']) {
      const shape = weights.get(name)!.shape;
      // Not all equal: the norms would remove that.
      const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 13) / 13 - 0.5);
      const used = new Map([...weights, [name, float32(values, shape)]]);
      expect(relativeError(await logitsOf(detailed, used), without), name).toBeGreaterThan(1e-2);
    }
  });

  it('trains every weight, those of the object score and of finer maps too', () => {
    const config: SamusConfig = { ...CONFIG, objectScore: true, detail: true };
    const recipe = { kind: 'multi-prompt', rounds: 2 } as const;
    const graph = gradientGraph({ config, batch: 2, points: 2, isTrained: () => true, recipe });
    const weights = graph.parameters.filter(({ buffer }) => !buffer).map(({ name }) => name);
    expect(graph.trained.map(({ name }) => name)).toEqual(weights);
    expect(weights).toContain('mask_decoder.pred_obj_score_head.layers.2.weight');
    expect(weights).toContain('image_encoder.detail_quarter.0.weight');
  });

  it('keeps the places of finer maps through the embedding', async () => {
    // One pixel of each map that is on; maps are [1, 1, 8, 8] and [1, 1, 16, 16] on a grid of 4.
    const on = [2 * 8 + 5, 9 * 16 + 3] as const;
    const maps = ([8, 16] as const).map((side, i) => {
      const data = new Float32Array(2 * side * side);
      data[on[i]!] = 1;
      data[side * side + on[i]!] = -1;
      return constant(float32(data, [1, 2, side, side]));
    });
    const p = new Parameters();
    const packed = packedDetail(p, [maps[0]!, maps[1]!], 4);
    const { detail } = unpackedDetail(p, concat([packed, packed], 1), DETAIL_CHANNELS, 4);
    const zeros = (side: number) => constant(float32(new Float32Array(2 * side * side), [1, 2, side, side]));
    const finer = [detail.added(0, zeros(8)), detail.added(1, zeros(16))];
    const weights = new Map(
      p.list().map(({ name, shape }) => {
        // Norms pass on what they get, scaled; every convolution reads its first channel alone.
        const value = name.endsWith('bias') ? 0 : 1;
        const data = new Float32Array(sizeOf(shape)).fill(shape.length === 1 ? value : 0);
        if (shape.length === 4) for (let o = 0; o < shape[0]!; o++) data[o * shape[1]!] = o === 0 ? 1 : 0;
        return [name, float32(data, shape)] as const;
      }),
    );
    for (const [i, values] of (await computeConstants(nodeRuntime({ worker: false }), finer, weights)).entries()) {
      const { data } = asFloat32(values);
      const first = data.subarray(0, data.length / 2);
      const largest = first.reduce((best, value, place) => (value > first[best]! ? place : best), 0);
      expect(largest).toBe(on[i]);
      expect(first.filter((value) => Math.abs(value) > 0.1).length).toBe(1);
    }
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
