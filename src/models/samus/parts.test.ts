/** The switches of the paper's ablation (arXiv:2309.06824v2, Table 4). */
import { describe, expect, it } from 'vitest';
import { tinyWeights } from '../../../test/support/tinyModel.js';
import { float32, type TensorData } from '../../graph/tensorData.js';
import { compile } from '../../nn/compile.js';
import { nodeRuntime } from '../../runtime/nodeRuntime.node.js';
import { gradientGraph } from '../../train/gradientGraph.js';
import { checkConfig, parseConfig, serialiseConfig } from '../configFile.js';
import { encoderGraph, parametersOf } from '../graphs.js';
import { isTrainable, recognise } from '../registry.js';
import { type SAMUS_PARTS, SAMUS_S, type SamusConfig, without } from './config.js';

type Part = (typeof SAMUS_PARTS)[number];

const NO_CNN = ['cnnBranch', 'crossBranchAttention'] as const;
/** The rows of the table, and which of the tensors of the full model each lacks. */
const ROWS: readonly (readonly [title: string, parts: readonly Part[], lacks: RegExp])[] = [
  ['nothing', [...NO_CNN, 'featureAdapters', 'positionAdapter'], /cnn_embed|refine_|Space_|input_|MLP_|post_pos/],
  ['CNN branch', ['crossBranchAttention', 'featureAdapters', 'positionAdapter'], /Space_|input_|MLP_|post_pos/],
  ['CNN branch and cross-branch attention', ['featureAdapters', 'positionAdapter'], /input_|MLP_|post_pos/],
  ['feature adapters', [...NO_CNN, 'positionAdapter'], /cnn_embed|refine_|Space_|post_pos/],
  ['position adapter', [...NO_CNN, 'featureAdapters'], /cnn_embed|refine_|Space_|input_|MLP_/],
  ['everything', [], /^$/],
];

const namesOf = (config: SamusConfig): string[] => parametersOf(config).map(({ name }) => name);

describe.each(ROWS)('SAMUS with %s', (_title, parts, lacks) => {
  const config: SamusConfig = { ...SAMUS_S, ...without(parts) };

  it('lacks the tensors of the parts that are left out, and no others', () => {
    expect(namesOf(config)).toEqual(namesOf(SAMUS_S).filter((name) => !lacks.test(name)));
  });

  it('survives a round trip through config.json', () => {
    checkConfig(config);
    expect(parseConfig(JSON.parse(serialiseConfig(config)))).toEqual({ config, extra: {}, warnings: [] });
  });
});

describe.each(ROWS.slice(1))('SAMUS with %s', (_title, parts) => {
  const config: SamusConfig = { ...SAMUS_S, ...without(parts) };

  it('is recognised by its tensors', () => {
    const data = new Float32Array(0);
    const tensors = parametersOf(config).map(({ name, shape }): [string, TensorData] => [
      name,
      { dtype: 'float32', shape, data },
    ]);
    // The width of the stem means nothing without a CNN branch.
    const stem = parts.includes('cnnBranch') ? { stem: 64 } : {};
    expect(recognise(new Map(tensors))).toEqual({ ...config, ...stem });
  });

  it('trains what is left of the additions', () => {
    const graph = gradientGraph({
      config,
      batch: 1,
      points: 1,
      isTrained: (name) => isTrainable(config, name),
      recipe: { kind: 'published' },
    });
    expect(graph.trained.map(({ name }) => name)).toEqual(namesOf(config).filter((name) => isTrainable(config, name)));
  });
});

it('takes the position table at half of its resolution where the position adapter is left out', async () => {
  const config: SamusConfig = {
    ...SAMUS_S,
    ...without(['cnnBranch', 'crossBranchAttention', 'featureAdapters', 'positionAdapter']),
    depth: 1,
    globalBlocks: [0],
    positionGrid: 32,
  };
  const weights = tinyWeights(config);
  const { dim, tokenGrid, positionGrid } = config;
  const table = weights.get('image_encoder.pos_embed')!;
  const halved = new Float32Array(table.data.length);
  // A table that is constant in squares of 2 x 2 has the mean of each square as its value there.
  for (let y = 0; y < positionGrid; y++) {
    for (let x = 0; x < positionGrid; x++) {
      for (let c = 0; c < dim; c++) {
        const at = (row: number, column: number) => Number(table.data[(row * positionGrid + column) * dim + c]);
        const [top, left] = [y & ~1, x & ~1];
        const mean = (at(top, left) + at(top, left + 1) + at(top + 1, left) + at(top + 1, left + 1)) / 4;
        halved[(y * positionGrid + x) * dim + c] = mean;
      }
    }
  }
  const image = float32(new Float32Array(256 * 256).fill(0.5), [1, 1, 256, 256]);
  const run = async (position: TensorData): Promise<Float32Array> => {
    const session = await compile(
      nodeRuntime({ worker: false }),
      encoderGraph(config).outputs,
      new Map([...weights, ['image_encoder.pos_embed', position]]),
    );
    const results = await session.run({ image });
    await session.dispose();
    return Float32Array.from(Object.values(results)[0]!.data, Number);
  };
  const [given, mean] = [await run(table), await run(float32(halved, table.shape))];
  expect(tokenGrid * 2).toBe(positionGrid);
  for (let i = 0; i < given.length; i += 97) expect(given[i]).toBeCloseTo(mean[i]!, 4);
});

it('refuses cross-branch attention without the CNN branch', () => {
  const config: SamusConfig = { ...SAMUS_S, cnnBranch: false };
  expect(() => checkConfig(config)).toThrow(/crossBranchAttention/);
});
