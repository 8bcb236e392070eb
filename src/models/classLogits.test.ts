import { describe, expect, it } from 'vitest';
import { byClass, classMargin } from './classLogits.js';

const of = (...values: number[]): Float32Array => Float32Array.from(values);

describe('the margin of a class', () => {
  const three = [of(0, 2, 0), of(1, 1, -3), of(3, 0.5, -2)];

  it('is the lead over the best of the others', () => {
    expect([...classMargin(1, three)]).toEqual([-2, -1, -3]);
    expect([...classMargin(2, three)]).toEqual([2, -1.5, -2]);
  });

  it('is that of the one object of a network for two classes, whichever class is asked for', () => {
    const two = [of(0, 2), of(1, 1)];
    expect([...classMargin(1, two)]).toEqual([1, -1]);
    expect(classMargin(5, two)).toEqual(classMargin(1, two));
  });

  it.each([0, 3])('is none for class %s of three, background included', (classId) => {
    expect(() => classMargin(classId, three)).toThrow(expect.objectContaining({ code: 'MODEL_CLASSES' }));
  });
});

it('splits logits by class', () => {
  expect(byClass(of(1, 2, 3, 4, 5, 6), 2).map((map) => [...map])).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});
