import { describe, expect, it } from 'vitest';
import { checkOutputs, outputStems } from './output.js';

describe('outputStems', () => {
  it('keeps images of one name apart, also where case is not told apart', () => {
    expect(
      outputStems(['a/x.png', 'b/x.jpg', 'X.png', 'x-2.png', 'no-ending', '.hidden.png'].map((path) => ({ path }))),
    ).toEqual(['x', 'x-2', 'X-3', 'x-2-2', 'no-ending', '.hidden']);
  });
});

describe('checkOutputs', () => {
  it('refuses what is read, however it is spelled', () => {
    expect(() => checkOutputs(['./a/../b.png'], ['b.png'])).toThrow(/would be replaced by its result/);
  });

  it('refuses one place for two results', () => {
    expect(() => checkOutputs(['a.png', 'A.png'], [])).toThrow(/two results/);
    expect(() => checkOutputs(['a.png', 'b.png'], ['c.png'])).not.toThrow();
  });
});
