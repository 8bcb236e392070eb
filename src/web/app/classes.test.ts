import { expect, it, vi } from 'vitest';
import { removeClass } from './classes.js';
import { classes, currentClass, entries, FIRST_CLASSES } from './state.js';

vi.mock('./entries.js', () => ({ workOn: async () => undefined }));

it('one class stays, however quickly all are removed', async () => {
  const file = new File([], 'a.png');
  const counts = { shapes: 0, asked: 0, committed: 0, corrected: 0 };
  entries.value = [{ id: 'a', name: 'a.png', path: 'a.png', file, key: 'a', ...counts, failure: null }];
  const second = { id: 2, name: 'second', color: '#123456' };
  classes.value = [...FIRST_CLASSES, second];
  await Promise.all(classes.peek().map(removeClass));
  expect(classes.peek()).toEqual([second]);
  expect(currentClass.peek()).toBe(2);
});
