import { expect, it } from 'vitest';
import { sizeOf } from '../../graph/tensorData.js';
import { parametersOf } from '../graphs.js';
import { isTrainable } from '../registry.js';
import { SAM_VIT_B } from '../sam/config.js';
import { SAMUS_B } from './config.js';

function trainable(config: typeof SAM_VIT_B | typeof SAMUS_B) {
  return parametersOf(config).filter(({ name, buffer }) => !buffer && isTrainable(config, name));
}

it('picks the 87 tensors and 39,653,120 weights that the published recipe of SAMUS trains', () => {
  const weights = trainable(SAMUS_B);
  expect(weights).toHaveLength(87);
  expect(weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(39_653_120);
});

it("picks SAM's decoder of 4,058,340 weights", () => {
  expect(trainable(SAM_VIT_B).reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(4_058_340);
});
