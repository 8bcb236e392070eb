import { describe, expect, it } from 'vitest';
import { ADAM, freshStates, Optimizer, type OptimizerOptions } from './optimizer.js';

const OPTIONS: OptimizerOptions = { rule: { kind: 'adam', ...ADAM }, clip: null, ema: null, rateOf: () => 1 };

function optimizer(values: number[], options: Partial<OptimizerOptions> = {}, step = 0) {
  const states = freshStates(new Map([['w', Float32Array.from(values)]]), options.ema != null);
  return { states, state: states.get('w')!, made: new Optimizer(states, { ...OPTIONS, ...options }, step) };
}

describe('Optimizer', () => {
  it('moves weights against their gradients and returns the norm', () => {
    const { made, state } = optimizer([1, 1]);
    expect(made.update(new Map([['w', Float32Array.of(3, -4)]]), 0.1)).toBeCloseTo(5, 6);
    expect([...state.weight].map((w) => w.toFixed(4))).toEqual(['0.9000', '1.1000']);
  });

  it('scales gradients down to the largest norm, and leaves smaller ones as they are', () => {
    const large = Float32Array.of(30, -40);
    optimizer([1, 1], { clip: 5 }).made.update(new Map([['w', large]]), 0.1);
    expect([...large]).toEqual([3, -4]);
    const small = Float32Array.of(3, -4);
    optimizer([1, 1], { clip: 6 }).made.update(new Map([['w', small]]), 0.1);
    expect([...small]).toEqual([3, -4]);
  });

  it('changes nothing if a gradient is not finite', () => {
    const { made, state } = optimizer([1, 1], { ema: 0.9 });
    expect(made.update(new Map([['w', Float32Array.of(Number.NaN, 1)]]), 0.1)).toBeNaN();
    expect([...state.weight, ...state.first, ...state.second]).toEqual([1, 1, 0, 0, 0, 0]);
    expect(made.update(new Map([['w', Float32Array.of(Number.POSITIVE_INFINITY, 1)]]), 0.1)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('tracks a running mean of the weights, faster at first', () => {
    const { made, state } = optimizer([1], { ema: 0.5 });
    made.update(new Map([['w', Float32Array.of(1)]]), 0.1);
    // Of the first step 9 parts of 11 count, of later ones half.
    expect(state.mean![0]).toBeCloseTo(1 - 0.1 * (9 / 11), 5);
    const late = optimizer([1], { ema: 0.5 }, 1000);
    const before = late.state.mean![0]!;
    late.made.update(new Map([['w', Float32Array.of(1)]]), 0.1);
    expect(late.state.mean![0]).toBeCloseTo((before + late.state.weight[0]!) / 2, 5);
  });

  it('applies learning rate factors', () => {
    const [full, half] = [optimizer([1]), optimizer([1], { rateOf: () => 0.5 })];
    for (const { made } of [full, half]) made.update(new Map([['w', Float32Array.of(1)]]), 0.1);
    expect(1 - half.state.weight[0]!).toBeCloseTo((1 - full.state.weight[0]!) / 2, 6);
  });

  // Three steps by gradients 1, −2, 0.5 from the weight 1, rate 0.1, momentum 0.9, decay 0.01: torch.optim's formulas by hand.
  it.each([
    ['sgd', [0.899, 1.007201, 1.053575]],
    ['rmsprop', [0.0, -0.006457, -0.231299]],
  ] as const)('follows %s', (kind, wanted) => {
    const { made, state } = optimizer([1], { rule: { kind, momentum: 0.9, weightDecay: 0.01 } });
    const found = [1, -2, 0.5].map((gradient) => {
      made.update(new Map([['w', Float32Array.of(gradient)]]), 0.1);
      return state.weight[0]!;
    });
    for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 4);
  });
});
