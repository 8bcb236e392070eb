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

  it('takes what was asked, not what came, of a result', () => {
    const result = { name: 'x', score: 0.9, box: [5, 5, 9, 9], mask: 'out/a.x.png', points: [[1, 2, 1]] };
    expect(objectsOf(result)).toEqual([{ name: 'x', points: [[1, 2, 1]] }]);
    expect(objectsOf({ ...result, points: [], prompt: { points: [], box: [0, 0, 20, 20] } })).toEqual([
      { name: 'x', points: [], box: [0, 0, 20, 20] },
    ]);
  });

  it('takes the box of a result that has nothing else', () => {
    expect(objectsOf({ name: 'x', score: 0.9, box: [5, 5, 9, 9] })).toEqual([
      { name: 'x', points: [], box: [5, 5, 9, 9] },
    ]);
  });

  it('leaves out images that failed', () => {
    expect(promptsFromJson('{"images": [{"image": "a.png", "error": {"code": "X"}}]}', 'p.json').size).toBe(0);
  });

  it.each([
    ['{"images": 3}', 'images of p.json: a list of images'],
    ['[{"objects": []}]', 'images[0].image of p.json: a path'],
    ['[{"image": "a"}]', 'images[0].objects of p.json: a list'],
    ['[{"image": "a", "objects": [7]}]', 'images[0].objects[0] of p.json: an object'],
    ['[{"image": "a", "objects": [{"points": [[1]]}]}]', 'images[0].objects[0] of p.json: a point x,y'],
    ['[{"image": "a", "objects": [{"name": "x"}]}]', 'at least one point, box or mask'],
    ['[{"image": "a", "objects": []}, {"image": "a", "objects": []}]', 'each image once'],
    ['[{"image": "a", "objects": [{"points": [[1, 2]], "mask": 5}]}]', 'mask of p.json: a path'],
  ])('says where %s is wrong', (text, message) => {
    expect(() => promptsFromJson(text, 'p.json')).toThrow(message);
  });
});
