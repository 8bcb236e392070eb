/**
 * The training graphs of models with prompts have open shapes: a step gives the same bits as with known ones.
 */
import { expect, it } from 'vitest';
import { runtime } from '../../test/support/evaluate.js';
import { TINY_SAM, TINY_SAMUS } from '../../test/support/tinyModel.js';
import { float32, sizeOf } from '../graph/tensorData.js';
import { initialise } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { type GradientGraph, gradientGraph, targetSide } from './gradientGraph.js';
import { ADAM } from './optimizer.js';
import { Stepper, type StepperOptions } from './stepper.js';

const RECIPE = { kind: 'published' } as const;
const graphOf = (config: typeof TINY_SAMUS | typeof TINY_SAM) =>
  gradientGraph({ config, batch: 1, points: 2, isTrained: () => true, recipe: RECIPE });

it.each([TINY_SAMUS, TINY_SAM])(
  'gives the same weights with open and with known shapes: $architecture',
  async (config) => {
    const trained = async (graph: GradientGraph) => {
      const options: StepperOptions = {
        optimizer: { rule: { kind: 'adam', ...ADAM }, clip: null, ema: null, rateOf: () => 1 },
        seed: 1,
      };
      const weights = initialise(graph.parameters, Random.seeded(1));
      const stepper = await Stepper.create(runtime, graph, weights, { threads: 1 }, options);
      const random = Random.seeded(2);
      const drawn = (shape: readonly number[]) =>
        float32(
          Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(0, 1)),
          shape,
        );
      const side = targetSide(config, RECIPE);
      const feeds = {
        image: drawn([1, config.architecture === 'sam' ? 3 : 1, config.imageSize, config.imageSize]),
        target: drawn([1, 1, side, side]),
        point_coords: float32([9, 12, 0, 0], [1, 2, 2]),
        point_labels: float32([1, -1], [1, 2]),
        mask_input: drawn([1, 1, 4 * config.tokenGrid, 4 * config.tokenGrid]),
        has_mask_input: float32([0], [1]),
      };
      await stepper.run(feeds);
      stepper.update(1e-3, stepper.norm());
      await stepper.dispose();
      return stepper.weights();
    };
    const graph = graphOf(config);
    expect(graph.openShapes).toBe(true);
    expect(await trained(graph)).toEqual(await trained({ ...graph, openShapes: false }));
  },
);
