import { describe, expect, it } from 'vitest';
import { candidatesFor, pathsInFolder, withOwnPaths } from './listing.js';
import type { Entry } from './state.js';

// Nothing is read from or written into it here.
const handle = Object.create(null);
const [A, B] = ['A', 'B'].map((id) => ({ id, name: 'scans', handle }));

const entry = (path: string, more: Partial<Entry> = {}): Entry => {
  const file = new File([path], path);
  return {
    id: path,
    name: path,
    path,
    file,
    key: null,
    objects: 0,
    shapes: 0,
    asked: 0,
    committed: 0,
    corrected: 0,
    shapeFrames: 0,
    workFrames: 0,
    failure: null,
    ...more,
  };
};

describe('the list', () => {
  it('has each path once, whatever the letters, and says nothing twice that another is called', () => {
    const list = withOwnPaths(
      ['IM1.png', 'im1.PNG', 'IM1-2.png', 'x/IM1.png', 'IM1', 'IM1'].map((path) => entry(path)),
    );
    expect(list.map(({ path }) => path)).toEqual(['IM1.png', 'im1-3.PNG', 'IM1-2.png', 'x/IM1.png', 'IM1', 'IM1-2']);
    expect(list.map(({ foundAs }) => foundAs)).toEqual([undefined, 'im1.PNG', undefined, undefined, undefined, 'IM1']);
    expect(withOwnPaths(list)).toEqual(list);
  });

  it('keeps the name of an image in its folder, whatever its name in the list', () => {
    const two = withOwnPaths([entry('scans/p/1.png', { folder: A! }), entry('scans/p/1.png', { folder: B! })]);
    expect(two.map(({ path }) => path)).toEqual(['scans/p/1.png', 'scans/p/1-2.png']);
    const paths = two.map((one) => [...pathsInFolder([one], one.folder!).values()]);
    expect(paths).toEqual([['p/1.png'], ['p/1.png']]);
  });

  it('has a path of its own for each image of a folder, also where one file took the place of another', () => {
    const found = ['scans/1.png', 'scans/1.png', 'scans/1-2.png'].map((path) => entry(path, { folder: A! }));
    // The third came when the list had given its name away.
    const list = withOwnPaths([...withOwnPaths(found.slice(0, 2)), found[2]!]);
    expect(list.map(({ path }) => path)).toEqual(['scans/1.png', 'scans/1-2.png', 'scans/1-2-2.png']);
    expect([...pathsInFolder(list, A!).values()]).toEqual(['1.png', '1-2.png', '1-2-2.png']);
    expect([...pathsInFolder(list.slice(1), A!).values()]).toEqual(['1.png', '1-2-2.png']);
  });

  it('takes a file for one that it has only if that is of the same place and size', () => {
    const list = withOwnPaths([entry('scans/1.png', { folder: A! }), entry('scans/1.png', { folder: B! })]);
    const file = new File(['scans/1.png'], '1.png');
    const found = (path: string, more: object) =>
      candidatesFor({ file, path, ...more }, list).map(({ path: own }) => own);
    expect(found('scans/1.png', { folder: B! })).toEqual(['scans/1-2.png']);
    expect(found('scans/1.png', {})).toEqual(['scans/1.png', 'scans/1-2.png']);
    expect(found('1.png', {})).toEqual([]);
    expect(found('scans/1.png', { file: new File(['longer than that'], '1.png') })).toEqual([]);
  });
});
