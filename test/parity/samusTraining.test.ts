/**
 * Training against the reference: the published loss on a batch of two, the gradient of every trained tensor, and three
 * steps of Adam.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { asFloat32, float32, type StateDict, type TensorData } from '../../src/graph/tensorData.js';
import { isTrainable } from '../../src/models/registry.js';
import { compile } from '../../src/nn/compile.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import type { Model } from '../../src/predict/types.js';
import type { Session } from '../../src/runtime/session.js';
import { type GradientGraph, gradientGraph, gradientName } from '../../src/train/gradientGraph.js';
import { adamUpdate } from '../../src/train/optimizer.js';
import { runtime } from '../support/evaluate.js';
import { golden, goldenPath, numbers, relativeError } from '../support/golden.js';

/** Tolerances of the golden files' README. */
const LOSS = 1e-6;
const GRADIENT = 1e-4;
/** Below this a gradient is rounding: that of `Space_Adapter.k.bias` is zero in exact arithmetic. */
const ROUNDING = 1e-8;
const PARAMETER = 1e-4;
const LEARNING_RATE = 5e-4;

describe('the published recipe', () => {
  let expected: StateDict;
  let model: Model;
  let graph: GradientGraph;
  let session: Session;
  let feeds: Record<string, TensorData>;
  let weights: Map<string, TensorData<'float32'>>;

  beforeAll(async () => {
    expected = await golden('samus-tiny.training.safetensors');
    model = await loadModel(goldenPath('samus-tiny.pth'));
    const { config } = model;
    graph = gradientGraph({
      config,
      batch: 2,
      points: 2,
      isTrained: (name) => isTrainable(config, name),
      recipe: { kind: 'published' },
    });
    const copy = ({ name }: { name: string }) => {
      const { data, shape } = asFloat32(model.tensors.get(name)!);
      return [name, float32(data.slice(), shape)] as const;
    };
    weights = new Map(graph.trained.map(copy));
    const frozen = new Map([...model.tensors].filter(([name]) => !weights.has(name)));
    session = await compile(runtime, graph.outputs, frozen);
    feeds = batchFeeds(expected, session);
  });

  it('has the gradient of every trained tensor', async () => {
    const results = await session.run({ ...feeds, ...Object.fromEntries(weights) });
    expectLoss(results, expected, 0);
    const names = [...expected.keys()].filter((key) => key.startsWith('grad.')).map((key) => key.slice('grad.'.length));
    expect(graph.trained.map(({ name }) => name).sort()).toEqual(names.sort());
    for (const name of names) {
      const found = asFloat32(results[gradientName(name)]!).data;
      const wanted = numbers(expected, `grad.${name}`).data;
      const largest = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
      if (largest > ROUNDING) expect(relativeError(found, wanted), name).toBeLessThan(GRADIENT);
    }
  });

  it('ends at the same weights after three steps', async () => {
    const zeros = (name: string) => new Float32Array(weights.get(name)!.data.length);
    const moments = new Map([...weights.keys()].map((name) => [name, { first: zeros(name), second: zeros(name) }]));
    for (let step = 1; step <= 3; step++) {
      const results = await session.run({ ...feeds, ...Object.fromEntries(weights) });
      expectLoss(results, expected, step - 1);
      for (const [name, weight] of weights) {
        const gradient = asFloat32(results[gradientName(name)]!).data;
        adamUpdate(weight.data, gradient, moments.get(name)!, step, LEARNING_RATE);
      }
    }
    for (const [name, weight] of weights) {
      const error = relativeError(weight.data, numbers(expected, `param.${name}`).data);
      expect(error, name).toBeLessThan(PARAMETER);
    }
    await session.dispose();
  });
});

function expectLoss(results: Record<string, TensorData>, expected: StateDict, step: number): void {
  for (const [ours, theirs] of Object.entries({ loss: 'loss', bce: 'bce', dice: 'dice' })) {
    const wanted = numbers(expected, `step${step}.${theirs}`).data[0]!;
    const found = asFloat32(results[ours]!).data[0]!;
    expect(Math.abs(found - wanted) / wanted, `${theirs} of step ${step}`).toBeLessThan(LOSS);
  }
}

/** The golden batch, SAM's padding point appended to each click. */
function batchFeeds(expected: StateDict, session: Session): Record<string, TensorData> {
  const coords = numbers(expected, 'coords').data;
  const labels = expected.get('labels')!.data;
  const target = numbers(expected, 'target');
  const side = target.shape.at(-1)!;
  const feeds: Record<string, TensorData> = {
    image: numbers(expected, 'input'),
    target: float32(target.data, [2, 1, side, side]),
    point_coords: float32([coords[0]!, coords[1]!, 0, 0, coords[2]!, coords[3]!, 0, 0], [2, 2, 2]),
    point_labels: float32([Number(labels[0]), -1, Number(labels[1]), -1], [2, 2]),
    mask_input: float32(new Float32Array(2 * side * side), [2, 1, side, side]),
    has_mask_input: float32([0, 0], [2]),
  };
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => session.inputs.includes(name)));
}
