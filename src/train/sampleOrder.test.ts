import { describe, expect, it } from 'vitest';
import { SampleOrder } from './sampleOrder.js';

describe('SampleOrder', () => {
  it('yields every sample once per epoch, for any batch size', () => {
    const order = new SampleOrder(10, 1);
    const draws = Array.from({ length: 10 }, (_, i) => order.batch(i, 4)).flat();
    for (const epoch of [0, 1, 2, 3]) {
      const indices = draws.filter((draw) => draw.epoch === epoch).map(({ index }) => index);
      expect(indices.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  it('shuffles each epoch anew, reproducibly for a seed in any order of calls', () => {
    const epoch = (order: SampleOrder, number: number) => order.batch(number, 50).map(({ index }) => index);
    const [a, b] = [new SampleOrder(50, 1), new SampleOrder(50, 1)];
    expect(epoch(a, 0)).not.toEqual(epoch(a, 1));
    expect(epoch(b, 7)).toEqual(epoch(a, 7));
    expect(epoch(b, 1)).toEqual(epoch(a, 1));
    expect(epoch(new SampleOrder(50, 2), 0)).not.toEqual(epoch(a, 0));
  });

  it('serves lists shorter than a batch', () => {
    const draws = new SampleOrder(1, 1).batch(1, 3);
    expect(draws).toEqual([
      { epoch: 3, index: 0 },
      { epoch: 4, index: 0 },
      { epoch: 5, index: 0 },
    ]);
  });
});
