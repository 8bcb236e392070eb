import { describe, expect, it } from 'vitest';
import { promptsFromJson } from './promptsJson.js';

function objectsOf(object: object) {
  const text = JSON.stringify({ images: [{ image: 'a.png', objects: [object] }] });
  return promptsFromJson(text, 'p.json').get('a.png');
}

describe('promptsFromJson', () => {
  it('takes points, box and mask of what was written by hand', () => {
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
        maskFile: 'm.png',
      },
    ]);
  });

  it('takes run lengths as a first guess', () => {
    const rle = { size: [2, 3] as const, counts: '132' };
    expect(objectsOf({ prompt: { points: [], start: rle } })).toEqual([{ name: 'object-1', points: [], maskRle: rle }]);
  });

  it('leaves out images that failed', () => {
    expect(promptsFromJson('{"images": [{"image": "a.png", "error": {"code": "X"}}]}', 'p.json').size).toBe(0);
  });

  it.each([
    ['{"images": 3}', 'images of p.json: a list of images'],
    ['{"images": ', 'p.json looks like JSON and is not'],
    ['[{"image": "a", "objects": [{"points": [[1]]}]}]', 'images[0].objects[0] of p.json: a point x,y'],
    ['[{"image": "a", "objects": [{"name": "x"}]}]', 'at least one point, box or mask'],
    ['[{"image": "a", "objects": [{"name": "../x"}]}]', 'objects[0] of a in p.json: a name of letters'],
  ])('says where %s is wrong', (text, message) => {
    expect(() => promptsFromJson(text, 'p.json')).toThrow(message);
  });
});
