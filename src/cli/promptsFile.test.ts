import { afterEach, describe, expect, it, vi } from 'vitest';
import { promptsFromJson } from './promptsFile.js';

function objectsOf(object: object) {
  const text = JSON.stringify({ images: [{ image: 'a.png', objects: [object] }] });
  return promptsFromJson(text, 'p.json').images[0]!.objects;
}

describe('promptsFromJson', () => {
  afterEach(() => vi.restoreAllMocks());

  it('keeps the given names and makes a file name for each', () => {
    const names = ['lesion', 'Lesion', 'cyst (left) 1/2', '../x', '???', 'a.b'];
    const objects = names.map((name) => ({ name, points: [[1, 2]] }));
    const text = JSON.stringify({ images: [{ image: 'a.png', objects }] });
    const read = promptsFromJson(text, 'p.json').images[0]!.objects;
    expect(read.map(({ name }) => name)).toEqual(names);
    expect(read.map(({ name, file = name }) => file)).toEqual([
      'lesion',
      'Lesion-2',
      'cyst (left) 1_2',
      '_x',
      '___',
      'a.b',
    ]);
  });

  it('skips empty objects with a warning', () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const kept = { name: 'kept', points: [[1, 2]] };
    const empty = { name: 'gone', points: [], prompt: { points: [], oneByOne: true }, score: null, rle: null };
    const erased = { ...empty, erased: { size: [2, 3], counts: '132' } };
    const text = JSON.stringify({ images: [{ image: 'a.png', objects: [empty, kept, erased] }] });
    expect(promptsFromJson(text, 'p.json').images[0]!.objects).toEqual([{ name: 'kept', points: [[1, 2, 1]] }]);
    expect(said.mock.calls.map(([line]) => line)).toEqual([
      'warning: p.json: gone (objects[0] of a.png) skipped: it has neither prompts nor strokes\n',
      'warning: p.json: gone (objects[2] of a.png) skipped: it has neither prompts nor strokes\n',
    ]);
  });

  it('reads points, box and mask of a handwritten file', () => {
    expect(
      objectsOf({
        points: [
          [1, 2],
          [3, 4, 0],
        ],
        box: [0, 0, 9, 9],
        mask: 'm.png',
      }),
    ).toEqual([
      {
        name: 'object-1',
        points: [
          [1, 2, 1],
          [3, 4, 0],
        ],
        box: [0, 0, 9, 9],
        guess: { path: 'm.png' },
      },
    ]);
  });

  it('reads run lengths as a first guess', () => {
    const rle = { size: [2, 3] as const, counts: '132' };
    expect(objectsOf({ prompt: { points: [], start: rle } })).toEqual([
      { name: 'object-1', points: [], guess: { rle } },
    ]);
  });

  it('leaves out images that failed', () => {
    expect(promptsFromJson('{"images": [{"image": "a.png", "error": {"code": "X"}}]}', 'p.json').images).toEqual([]);
  });

  it.each([
    ['{"images": 3}', 'images of p.json: expected a list of images'],
    ['{"images": ', 'cannot read p.json as JSON'],
    ['[{"image": "a", "objects": [{"points": [[1]]}]}]', 'images[0].objects[0].points of p.json: expected a point x,y'],
    ['[{"image": "a", "objects": [{"name": "x"}]}]', 'expected at least one point, box or mask'],
    ['[{"image": "a", "objects": [{"name": 5}]}]', 'objects[0].name of p.json: expected a text'],
  ])('says where %s is wrong', (text, message) => {
    expect(() => promptsFromJson(text, 'p.json')).toThrow(message);
  });
});
