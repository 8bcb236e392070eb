import { describe, expect, it } from 'vitest';
import { promptTokens } from './promptPoints.js';

describe('the points of a prompt', () => {
  it('are clicks, then the box or SAM’s padding', () => {
    expect(promptTokens([[3, 4, 1]])).toEqual([
      [3, 4, 1],
      [0, 0, -1],
    ]);
    expect(promptTokens([[3, 4, 0]], [1, 2, 5, 6])).toEqual([
      [3, 4, 0],
      [1, 2, 2],
      [5, 6, 3],
    ]);
    expect(promptTokens([], [1, 2, 5, 6], 3)).toEqual([
      [1, 2, 2],
      [5, 6, 3],
      [0, 0, -1],
    ]);
    expect(promptTokens([])).toEqual([]);
  });
});
