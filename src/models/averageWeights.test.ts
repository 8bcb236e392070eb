import { expect, it } from 'vitest';
import { TINY_SAM, TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { float32, int64, type TensorData } from '../graph/tensorData.js';
import { averageWeights } from './averageWeights.js';
import { checkStateDict } from './model.js';
import { quantise } from './quantise.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

/** A model with these numbers as one of its weights. */
function modelWith(numbers: readonly number[]) {
  const tensors = new Map<string, TensorData>([
    ['weight', float32(numbers, [2])],
    ['batches', int64([numbers[0]!])],
  ]);
  return { config: TINY_SAM, tensors };
}

it('is the mean of each number, and the counter of the first', () => {
  const mean = averageWeights([modelWith([1, -4]), modelWith([2, 1]), modelWith([6, 0])]);
  expect([...mean]).toEqual([
    ['weight', float32([3, -1], [2])],
    ['batches', int64([1])],
  ]);
});

it('sums without intermediate rounding, and does not change its inputs', () => {
  const models = [modelWith([2 ** 24, 0.1]), modelWith([1, 0.1]), modelWith([1, 0.1])];
  const mean = averageWeights(models);
  expect(mean.get('weight')).toEqual(float32([(2 ** 24 + 2) / 3, 0.1], [2]));
  expect(models[0]!.tensors.get('weight')).toEqual(float32([2 ** 24, 0.1], [2]));
});

it('is a complete model', () => {
  const models = [1, 2].map((seed) => ({ config: TINY_SAMUS, tensors: tinyWeights(TINY_SAMUS, seed) }));
  const mean = averageWeights(models);
  expect(checkStateDict(TINY_SAMUS, mean).tensors).toEqual(mean);
});

it('refuses models without a common mean', () => {
  const sam = { config: TINY_SAM, tensors: tinyWeights(TINY_SAM) };
  const deeper = { ...sam, config: { ...TINY_SAM, depth: TINY_SAM.depth + 1 } };
  const rounded = quantise(TINY_SAM, sam.tensors);
  expect(() => averageWeights([])).toThrow(code('MODELS_TOO_FEW'));
  expect(() => averageWeights([sam])).toThrow(code('MODELS_TOO_FEW'));
  expect(() => averageWeights([rounded, rounded])).toThrow(code('MODEL_QUANTISED'));
  expect(() => averageWeights([sam, rounded])).toThrow('number 2 has quantisation "int8" instead of none');
  expect(() => averageWeights([sam, sam, deeper])).toThrow(
    expect.objectContaining({
      code: 'MODELS_DIFFER',
      message: expect.stringContaining(`number 3 has depth ${TINY_SAM.depth + 1} instead of ${TINY_SAM.depth}`),
      details: { model: 3, fields: ['depth'] },
    }),
  );
});
