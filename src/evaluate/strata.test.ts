import { describe, expect, it } from 'vitest';
import { labelSamples } from './strata.js';

const shown = (texts: readonly (string | undefined)[]) => {
  const { values, places } = labelSamples('column', texts);
  return texts.map((_, i) => values[places[i]!]);
};

describe('strata', () => {
  it('are the values of a column, those without one last', () => {
    expect(labelSamples('scanner', ['b', undefined, 'a', '', 'b'])).toEqual({
      column: 'scanner',
      values: ['a', 'b', 'unknown'],
      places: Uint16Array.of(1, 2, 0, 2, 1),
    });
  });

  it('of few numbers are these, in their order', () => {
    expect(labelSamples('frame', ['10', '9', '10']).values).toEqual(['9', '10']);
  });

  // Quartiles of 1 to 12 in NumPy: 3.75, 6.5, 9.25.
  it('of many numbers are quarters', () => {
    const texts = Array.from({ length: 12 }, (_, i) => String(i + 1));
    expect(shown(texts)).toEqual([
      ...new Array(3).fill('up to 3.75'),
      ...new Array(3).fill('over 3.75 to 6.5'),
      ...new Array(3).fill('over 6.5 to 9.25'),
      ...new Array(3).fill('over 9.25'),
    ]);
    expect(labelSamples('age', [...texts, undefined]).values.at(-1)).toBe('unknown');
  });

  it('of numbers that are mostly equal are fewer', () => {
    const texts = [...new Array(30).fill('0'), ...Array.from({ length: 10 }, (_, i) => String(i + 1))];
    expect([...new Set(shown(texts))]).toEqual(['up to 0', 'over 0.25']);
  });

  it('of names of images are refused', () => {
    const texts = Array.from({ length: 51 }, (_, i) => `image ${i}`);
    expect(() => labelSamples('source', texts)).toThrow(expect.objectContaining({ code: 'EVALUATE_STRATA' }));
  });
});
