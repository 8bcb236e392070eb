import { expect, it, vi } from 'vitest';
import { removeClass, useClass } from './classes.js';
import { classes, currentClass, entries, FIRST_CLASSES, removedClasses } from './state.js';

vi.mock('./entries.js', () => ({ contentOf: async () => 'a' }));
vi.mock('./persist.js', () => ({ documentsOf: async () => new Map() }));

it('one class stays, however quickly all are removed', async () => {
  const file = new File([], 'a.png');
  const counts = { objects: 0, shapes: 0, asked: 0, committed: 0, corrected: 0, shapeFrames: 0, workFrames: 0 };
  entries.value = [{ id: 'a', name: 'a.png', path: 'a.png', file, key: 'a', ...counts, failure: null }];
  const second = { id: 2, name: 'second', color: '#123456' };
  classes.value = [...FIRST_CLASSES, second];
  await Promise.all(classes.peek().map(removeClass));
  expect(classes.peek()).toEqual([second]);
  expect(currentClass.peek()).toBe(2);
});

it('a class of the model becomes one of the page, which keeps its own', () => {
  classes.value = FIRST_CLASSES;
  removedClasses.value = [];
  currentClass.value = 1;
  // The first class, still unused and unnamed, gives way.
  expect(useClass({ id: 1, name: 'cyst', color: '#123456' })).toEqual({ id: 1, name: 'cyst', color: '#123456' });
  expect(classes.peek()).toHaveLength(1);
  expect(useClass({ id: 2, name: 'cyst' }).id).toBe(1);
  expect(useClass({ id: 1, name: 'vessel' })).toMatchObject({ id: 2, name: 'vessel' });
  expect(useClass({ id: 7, name: 'organ' }).id).toBe(7);
  expect(classes.peek().map(({ id }) => id)).toEqual([1, 2, 7]);
  expect(currentClass.peek()).toBe(1);
});
