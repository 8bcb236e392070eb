/**
 * What must hold for every architecture of the registry, whichever it is. An architecture that is added needs a tiny
 * configuration in test/support/tinyModel.ts and the digest of its presets in test/fixtures/stateDicts.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TINY, tinyWeights } from '../../test/support/tinyModel.js';
import { float32, type TensorData } from '../graph/tensorData.js';
import { toOnnx } from '../graph/toOnnx.js';
import { compile } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { webRuntime } from '../runtime/webRuntime.js';
import { gradientGraph } from '../train/gradientGraph.js';
import type { ModelConfig, ModelGraph } from './architecture.js';
import { checkConfig, parseConfig, serialiseConfig } from './configFile.js';
import { parametersOf, partsOf } from './graphs.js';
import { architectures, recognise } from './registry.js';

const DIGESTS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('../../test/fixtures/stateDicts/digests.json', import.meta.url), 'utf8'),
);

const PRESETS = architectures().flatMap(({ presets, recognisedAs }) =>
  Object.entries(presets).map(([name, config]) => [name, config, recognisedAs ?? config.architecture] as const),
);
const ALL = architectures().map((architecture) => ({ architecture, id: architecture.id }));

function namesOnly(config: ModelConfig): Map<string, TensorData> {
  const data = new Float32Array(0);
  return new Map(parametersOf(config).map(({ name, shape }) => [name, { dtype: 'float32', shape, data }]));
}

/** Small open dimensions, random values. */
function feedsOf({ inputs }: ModelGraph): Record<string, TensorData> {
  const random = Random.seeded(1);
  const feeds = Object.entries(inputs).map(([name, { shape }]): [string, TensorData] => {
    const sizes = shape.map((dim) => (typeof dim === 'number' ? dim : 2));
    const count = sizes.reduce((a, b) => a * b, 1);
    return [
      name,
      float32(
        Float32Array.from({ length: count }, () => random.uniform()),
        sizes,
      ),
    ];
  });
  return Object.fromEntries(feeds);
}

describe.each(PRESETS)('the preset %s', (name, config, recognisedAs) => {
  it('has the weights that checkpoints have', () => {
    const lines = parametersOf(config).map(({ name, shape, dtype }) => `${name} ${dtype} ${shape}\n`);
    expect(createHash('sha256').update(lines.sort().join('')).digest('hex')).toBe(DIGESTS[name]);
  });

  it('is recognised by them', () => {
    expect(recognise(namesOnly(config))).toEqual({ ...config, architecture: recognisedAs });
  });

  it('is consistent, and its config.json survives a round trip', () => {
    checkConfig(config);
    expect(parseConfig(JSON.parse(serialiseConfig(config)))).toEqual({ config, extra: {}, warnings: [] });
  });

  it('makes graphs of known sizes', () => {
    for (const [, graph] of partsOf(config)) {
      const { inputs, outputs } = graph();
      for (const { shape } of [...Object.values(inputs), ...Object.values(outputs)]) {
        expect(
          shape.every((dim) => typeof dim === 'number' || /^[a-z]+$/.test(dim)),
          String(shape),
        ).toBe(true);
      }
    }
  });
});

describe.each(ALL)('$id', ({ architecture }) => {
  const config = TINY[architecture.id];
  if (!config) throw new Error(`test/support/tinyModel.ts has no tiny ${architecture.id}`);
  const weights = tinyWeights(config);

  it('gives the same results on Node and on wasm', async () => {
    for (const [, graph] of partsOf(config)) {
      const built = graph();
      const feeds = feedsOf(built);
      const [node, wasm] = await Promise.all(
        [nodeRuntime({ worker: false }), webRuntime()].map(async (runtime) => {
          const session = await compile(runtime, built.outputs, weights);
          const results = await session.run(feeds);
          await session.dispose();
          return results;
        }),
      );
      for (const output of Object.keys(built.outputs)) {
        const [a, b] = [node![output]!.data, wasm![output]!.data];
        expect(a.length).toBe(b.length);
        for (let i = 0; i < a.length; i++) expect(Number(a[i])).toBeCloseTo(Number(b[i]), 3);
      }
    }
  });

  it('refuses an image size that it cannot take, and builds for others', () => {
    const refused = [1, 16, 31, 33, 48, 64, 96, 100, config.imageSize].filter((imageSize) => {
      const sized = { ...config, imageSize };
      try {
        checkConfig(sized);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CONFIG_FIELD' });
        return true;
      }
      for (const graph of partsOf(sized).values()) expect(Object.keys(graph().outputs).length).toBeGreaterThan(0);
      return false;
    });
    expect(refused).toContain(1);
    expect(refused).not.toContain(config.imageSize);
  });

  it('trains every weight that it uses', async () => {
    const recipe = architecture.task === 'prompted' ? ({ kind: 'multi-prompt', rounds: 2 } as const) : undefined;
    const graph = gradientGraph({
      config,
      batch: 2,
      points: 2,
      isTrained: () => true,
      recipe: recipe ?? { kind: 'published' },
    });
    const weightsOf = (list: typeof graph.parameters) =>
      list.filter(({ buffer, unused }) => !buffer && !unused).map(({ name }) => name);
    expect(weightsOf(graph.trained)).toEqual(weightsOf(graph.parameters));
    const trained = new Set(graph.trained.map(({ name }) => name));
    const parameters = new Map([...weights].filter(([name]) => !trained.has(name)));
    expect(toOnnx(graph.outputs, { parameters }).bytes.length).toBeGreaterThan(0);
  });

  it('trains by its published recipe some of its weights', () => {
    const names = parametersOf(config).flatMap(({ name, buffer }) => (buffer ? [] : [name]));
    expect(names.some((name) => architecture.published.isTrained(config, name))).toBe(true);
    expect(architecture.published.targetSide(config)).toBeLessThanOrEqual(config.imageSize);
  });
});
