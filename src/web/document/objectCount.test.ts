import { expect, it } from 'vitest';
import { objectCount } from './objectCount.js';

it('counts an object on several frames once, and two of one name on a frame twice', () => {
  expect(objectCount([])).toBe(0);
  expect(objectCount([['wall'], ['wall'], ['wall']])).toBe(1);
  expect(objectCount([['wall', 'lumen'], ['wall'], []])).toBe(2);
  expect(objectCount([['wall'], ['wall', 'wall']])).toBe(2);
});
