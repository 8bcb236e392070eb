import { basename, extname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OutputNames, outputStems } from './outputNames.js';

const stems = (...images: readonly { readonly path: string; readonly frame?: number }[]): string[] =>
  outputStems(images, (path) => basename(path, extname(path)));
const frames = (path: string, ...numbers: readonly number[]) => numbers.map((frame) => ({ path, frame }));

describe('outputStems', () => {
  it('gives images of one name different stems, also without regard to case', () => {
    const paths = ['a/x.png', 'b/x.jpg', 'X.png', 'x-2.png', 'no-ending', '.hidden.png'];
    expect(stems(...paths.map((path) => ({ path })))).toEqual(['x', 'x-2', 'X-3', 'x-2-2', 'no-ending', '.hidden']);
    expect(stems({ path: '\u00fc.png' }, { path: 'u\u0308.png' })).toEqual(['\u00fc', 'u\u0308-2']);
  });

  it('puts the number of a file before the frame, the same for all its frames', () => {
    expect(stems(...frames('a.tif', 1, 2), ...frames('a.gif', 1, 2), ...frames('b/A.webp', 2))).toEqual([
      ...['a.0001', 'a.0002'],
      ...['a-2.0001', 'a-2.0002'],
      'A-3.0002',
    ]);
    // Also where only one of the frames is taken, and where frames of the files alternate.
    expect(stems(...frames('a.tif', 2), ...frames('a.gif', 1, 2))).toEqual(['a.0002', 'a-2.0001', 'a-2.0002']);
    const mixed = [...frames('a.tif', 1), ...frames('a.gif', 1), ...frames('a.tif', 2), ...frames('a.gif', 2)];
    expect(stems(...mixed)).toEqual(['a.0001', 'a-2.0001', 'a.0002', 'a-2.0002']);
  });

  it('keeps frames apart from files that are named like frames, and from the file as a whole', () => {
    expect(stems({ path: 'a.0001.png' }, ...frames('a.tif', 1, 2))).toEqual(['a.0001', 'a-2.0001', 'a-2.0002']);
    expect(stems({ path: 'a.tif' }, ...frames('a.tif', 1), { path: 'a.tif' })).toEqual(['a', 'a.0001', 'a-2']);
    expect(stems(...frames('a.tif', 1, 1))).toEqual(['a.0001', 'a-2.0001']);
  });
});

describe('OutputNames', () => {
  it('gives the frames of a file no number that is part of the name of another', () => {
    const names = new OutputNames(['a.tif', 'a.gif', 'a-2.tif']);
    expect(names.takeFrames('a', [1, 2])).toEqual(['a.0001', 'a.0002']);
    expect(names.takeFrames('a', [1, 2])).toEqual(['a-3.0001', 'a-3.0002']);
    expect(names.takeFrames('a-2', [1])).toEqual(['a-2.0001']);
  });

  it('keeps the marks of letters', () => {
    const names = new OutputNames();
    const words = ['u\u0308', '\u0918\u093e\u0935', '\u0e01\u0e49\u0e2d\u0e19'];
    expect(words.map((word) => names.take(`in/${word}.png`))).toEqual(words);
  });
});
