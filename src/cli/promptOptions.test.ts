import { describe, expect, it } from 'vitest';
import { PromptList, parseBox, parsePoint } from './promptOptions.js';

describe('parsePoint', () => {
  it.each([
    ['120,88', [120, 88, 1]],
    ['1.5,0', [1.5, 0, 1]],
    ['40,52,bg', [40, 52, 0]],
    ['40,52,fg', [40, 52, 1]],
    ['40,52,0', [40, 52, 0]],
    [' 40, 52 ', [40, 52, 1]],
    ['-3,.5', [-3, 0.5, 1]],
  ])('reads %s', (text, point) => {
    expect(parsePoint(text)).toEqual(point);
  });

  it.each(['', '1', '1,', '1,2,3', '1,2,bg,4', 'a,b', '1e3,2', 'NaN,1', '0x10,1', '1,2,constructor'])(
    'refuses "%s"',
    (text) => {
      expect(() => parsePoint(text)).toThrow(/expected a point x,y or x,y,bg/);
    },
  );
});

describe('parseBox', () => {
  it('reads four numbers and nothing else', () => {
    expect(parseBox('90,60,160.5,130')).toEqual([90, 60, 160.5, 130]);
    for (const text of ['', '1,2,3', '1,2,3,4,5', '1,2,3,x', '1,2,,4']) expect(() => parseBox(text)).toThrow(/a box/);
  });
});

describe('PromptList', () => {
  it('adds prompts to the object started last', () => {
    const list = new PromptList();
    list.point([1, 2]);
    list.object('b');
    list.box([1, 2, 3, 4]);
    list.mask('m.png');
    list.point([3, 4, 0]);
    expect(list.list()).toEqual([
      { name: 'object-1', points: [[1, 2]] },
      { name: 'b', points: [[3, 4, 0]], box: [1, 2, 3, 4], guess: { path: 'm.png' } },
    ]);
  });

  it('continues an object by name without changing the order', () => {
    const list = new PromptList();
    for (const name of ['a', 'b', 'a']) {
      list.select(name);
      list.point([1, 1]);
    }
    expect(list.list().map(({ name, points }) => [name, points.length])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
  });

  it.each(['', ' a', '../a', 'a/b', 'a\\b', 'a\nb', '.hidden', 'a'.repeat(81), 'a:b'])(
    'refuses the name "%s"',
    (name) => {
      expect(() => new PromptList().object(name)).toThrow(/an object name of letters/);
    },
  );

  it.each(['left ventricle', 'Läsion_2', '病变', 'a.b-c'])('takes the name "%s"', (name) => {
    const list = new PromptList();
    list.object(name);
    list.point([0, 0]);
    expect(list.list()[0]?.name).toBe(name);
  });
});
