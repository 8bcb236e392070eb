import { expect, it } from 'vitest';
import { diceAt, riskCoverage } from './reliability.js';

const scores = Float64Array.of(0.9, 0.8, 0.8, 0.7, 0.95, 0.3, 0.3, 0.3);
const dice = Float64Array.of(0.9, 0.5, 0.8, 0.4, 0.7, 0.2, 0.6, 0.1);

// Expected values: NumPy, the mean of cumulative means over 20,000 random orders of equal scores.
it('the area under risk over coverage is that of NumPy, equal scores in any order', () => {
  const { aurc, excess } = riskCoverage(scores, dice)!;
  expect(aurc).toBeCloseTo(0.3354, 3);
  expect(aurc - excess).toBeCloseTo(0.2799107142857143, 12);
});

it('a perfect score has no excess, one that says nothing the mean risk, a reversed one the most', () => {
  expect(riskCoverage(dice, dice)!.excess).toBeCloseTo(0, 12);
  const risk = 1 - dice.reduce((sum, value) => sum + value, 0) / dice.length;
  expect(riskCoverage(new Float64Array(8), dice)!.aurc).toBeCloseTo(risk, 12);
  expect(
    riskCoverage(
      dice.map((value) => -value),
      dice,
    )!.aurc,
  ).toBeGreaterThan(risk);
});

it('the curve ends at the mean of all, and leaves out answers without a score', () => {
  const risk = riskCoverage(Float64Array.of(...scores, Number.NaN), Float64Array.of(...dice, 1))!;
  expect(risk.curve).toHaveLength(20);
  expect(diceAt(risk, 1)).toBeCloseTo(0.525, 12);
  expect(diceAt(risk, 0.5)).toBeCloseTo((0.7 + 0.9 + 0.5 + 0.8) / 4, 12);
  expect(riskCoverage(Float64Array.of(Number.NaN), Float64Array.of(1))).toBeUndefined();
});
