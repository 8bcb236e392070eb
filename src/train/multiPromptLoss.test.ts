/**
 * The loss for every way of prompting: that its gradient is the slope of the loss, through all rounds.
 */
import { describe, expect, it } from 'vitest';
import { run, runtime } from '../../test/support/evaluate.js';
import { TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { constant } from '../graph/tensor.js';
import { asFloat32, float32, type TensorData } from '../graph/tensorData.js';
import { compile } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { gradientGraph, gradientName, targetSide } from './gradientGraph.js';
import { sampledClick } from './multiPromptLoss.js';

const BATCH = 2;
/**
 * How far the loss is to fall: above its rounding (1e-7), and so little that no pixel crosses the threshold of a mask.
 * Those that do make the true IoU jump, and no gradient knows of that.
 */
const FALL = 1e-5;
const recipe = { kind: 'multi-prompt', rounds: 3 } as const;

/** With an object score. */
const SCORED = { ...TINY_SAMUS, objectScore: true as const };

describe('multiPromptLoss', () => {
  it('teaches where nothing is only that nothing is there', async () => {
    const graph = gradientGraph({ config: SCORED, batch: BATCH, points: 2, isTrained: () => true, recipe });
    const weights = tinyWeights(SCORED);
    const trained = new Set(graph.trained.map(({ name }) => name));
    const fixed = new Map([...weights].filter(([name]) => !trained.has(name)));
    const session = await compile(runtime, graph.outputs, fixed);
    const moving = Object.fromEntries([...trained].map((name) => [name, weights.get(name)!]));
    const { target, ...feeds } = batchFeeds();
    const run = (there: 0 | 1) => {
      const data = asFloat32(target!).data.map((value) => there * value);
      return session.run({ ...feeds, ...moving, target: float32(data, target!.shape) });
    };
    const nothing = await run(0);
    const loss = (results: Record<string, TensorData>, name: string) => Number(results[name]!.data[0]);
    expect(loss(nothing, 'loss')).toBeCloseTo(loss(nothing, 'presence'), 6);
    const largest = (results: Record<string, TensorData>, name: string) =>
      Math.max(...asFloat32(results[gradientName(name)]!).data.map(Math.abs));
    const head = 'mask_decoder.pred_obj_score_head.layers.2.bias';
    const mask = 'mask_decoder.output_hypernetworks_mlps.0.layers.2.bias';
    expect(largest(nothing, head)).toBeGreaterThan(0.1);
    expect(largest(nothing, mask)).toBe(0);
    const something = await run(1);
    expect(largest(something, mask)).toBeGreaterThan(0);
    await session.dispose();
  });

  it.each([
    ['', TINY_SAMUS],
    [' with an object score', SCORED],
  ])('decreases along its gradient at the rate of the gradient%s', async (_, config) => {
    const graph = gradientGraph({ config, batch: BATCH, points: 2, isTrained: () => true, recipe });
    const weights = tinyWeights(config);
    const trained = new Set(graph.trained.map(({ name }) => name));
    const fixed = new Map([...weights].filter(([name]) => !trained.has(name)));
    const session = await compile(runtime, graph.outputs, fixed);
    const at = (step: number, gradients?: Record<string, TensorData>) => {
      const moved = [...trained].map((name): [string, TensorData] => {
        const weight = asFloat32(weights.get(name)!);
        const slope = gradients && asFloat32(gradients[gradientName(name)]!).data;
        return [name, float32(slope ? weight.data.map((v, i) => v - step * slope[i]!) : weight.data, weight.shape)];
      });
      return session.run({ ...batchFeeds(), ...Object.fromEntries(moved) });
    };
    const first = await at(0);
    const norm = [...trained].reduce(
      (sum, name) => sum + asFloat32(first[gradientName(name)]!).data.reduce((part, g) => part + g * g, 0),
      0,
    );
    const step = FALL / norm;
    const loss = (results: Record<string, TensorData>) => Number(results.loss!.data[0]);
    const fall = loss(await at(-step / 2, first)) - loss(await at(step / 2, first));
    await session.dispose();
    expect(loss(first)).toBeGreaterThan(0);
    expect(fall / FALL).toBeGreaterThan(0.9);
    expect(fall / FALL).toBeLessThan(1.1);
  });
});

function batchFeeds(): Record<string, TensorData> {
  const random = Random.seeded(3);
  const [side, low, size] = [targetSide(TINY_SAMUS, recipe), 4 * TINY_SAMUS.tokenGrid, TINY_SAMUS.imageSize];
  const noise = (shape: readonly number[]) =>
    float32(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform()),
      shape,
    );
  const inside = (i: number) => Number(i % side < side / 2 && Math.floor(i / side) % side < side / 2);
  return {
    image: noise([BATCH, 1, size, size]),
    target: float32(
      Float32Array.from({ length: BATCH * side * side }, (_, i) => inside(i)),
      [BATCH, 1, side, side],
    ),
    point_coords: float32([4, 4, 0, 0, 2, 6, 12, 12], [BATCH, 2, 2]),
    // A click with SAM's padding point, and a box.
    point_labels: float32([1, -1, 2, 3], [BATCH, 2]),
    mask_input: float32(new Float32Array(BATCH * low * low), [BATCH, 1, low, low]),
    has_mask_input: float32([0, 0], [BATCH]),
    click_noise: noise([BATCH, recipe.rounds - 1, side * side]),
  };
}

const SIDE = 4;
const IMAGE_SIZE = 8;

/** A click on a mask of 4×4 in an image of 8×8. */
async function click(found: readonly number[], wanted: readonly number[]) {
  const map = (values: readonly number[]) => constant(float32(values, [1, 1, SIDE, SIDE]));
  const noise = Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7) % 16) / 16 + 0.01);
  const logits = map(found.map((value) => (value ? 3 : -3)));
  const { coords, label } = sampledClick(logits, map(wanted), constant(float32(noise, [1, 16])), IMAGE_SIZE);
  const results = await run({ coords, label });
  return { coords: [...asFloat32(results.coords!).data], label: asFloat32(results.label!).data[0] };
}

const pixels = (...set: number[]) => Array.from({ length: SIDE * SIDE }, (_, i) => (set.includes(i) ? 1 : 0));
/** The middle of a pixel of the mask, in the pixels of the image. */
const middle = (i: number) => [(i % SIDE) * 2 + 0.5, Math.floor(i / SIDE) * 2 + 0.5];

describe('sampledClick', () => {
  it('labels foreground where the mask misses the object', async () => {
    expect(await click(pixels(5), pixels(5, 6))).toEqual({ coords: middle(6), label: 1 });
  });

  it('labels background where the mask covers something else', async () => {
    expect(await click(pixels(5, 14), pixels(5))).toEqual({ coords: middle(14), label: 0 });
  });

  it('follows the noise among several wrong pixels', async () => {
    // 1 has the number 7/16, 2 has 14/16, 3 has 5/16.
    expect(await click(pixels(), pixels(1, 2, 3))).toEqual({ coords: middle(2), label: 1 });
  });

  it('clicks on the object if nothing is wrong', async () => {
    expect(await click(pixels(9, 10), pixels(9, 10))).toMatchObject({ label: 1 });
  });
});
