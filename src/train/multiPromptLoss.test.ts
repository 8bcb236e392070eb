/**
 * The loss for every way of prompting: that its gradient is the slope of the loss, through all rounds.
 */
import { describe, expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { asFloat32, float32, type TensorData } from '../graph/tensorData.js';
import { compile } from '../nn/compile.js';
import { Random } from '../nn/random.js';
import { gradientGraph, gradientName, targetSide } from './gradientGraph.js';

const BATCH = 2;
/**
 * How far the loss is to fall: above its rounding (1e-7), and so little that no pixel crosses the threshold of a mask.
 * Those that do make the true IoU jump, and no gradient knows of that.
 */
const FALL = 1e-5;
const recipe = { kind: 'multi-prompt', rounds: 3 } as const;

describe('multiPromptLoss', () => {
  it('decreases along its gradient at the rate of the gradient', async () => {
    const graph = gradientGraph({ config: TINY_SAMUS, batch: BATCH, points: 2, isTrained: () => true, recipe });
    const weights = tinyWeights(TINY_SAMUS);
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
