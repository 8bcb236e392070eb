import { describe, expect, it } from 'vitest';
import { encodeRle } from '../formats/rle.js';
import { readPromptsDocument } from './promptsDocument.js';

function objectOf(object: object) {
  return readPromptsDocument({ images: [{ image: 'a.png', objects: [object] }] }, 'p.json')[0]!.objects[0];
}

const rle = encodeRle(Uint8Array.from([0, 1, 1, 0, 0, 0]), 3, 2);

describe('the prompts of a document', () => {
  it('are all fields of what was written by hand', () => {
    const points = [
      [1, 2],
      [3, 4, 0],
      [5, 6, 'bg'],
    ];
    expect(objectOf({ points, box: [0, 0, 9, 9], mask: 'm.png' })).toEqual({
      name: 'object-1',
      points: [
        [1, 2, 1],
        [3, 4, 0],
        [5, 6, 0],
      ],
      box: [0, 0, 9, 9],
      mask: 'm.png',
    });
  });

  it('are what was asked, not what came of it', () => {
    const result = { name: 'x', score: 0.9, box: [5, 5, 9, 9], mask: 'out/a.x.png', rle };
    expect(objectOf({ ...result, points: [[1, 2, 1]] })).toEqual({ name: 'x', points: [[1, 2, 1]] });
    const prompt = { points: [], box: [0, 0, 20, 20] };
    expect(objectOf({ ...result, points: [], prompt })).toEqual({ name: 'x', ...prompt });
    expect(objectOf({ ...result, points: [] })).toEqual({ name: 'x', points: [], box: [5, 5, 9, 9] });
  });

  it('of an object that began with a mask have it as first guess', () => {
    const start = { size: [2, 3], counts: rle.counts, origin: 'file', score: null };
    expect(objectOf({ name: 'x', prompt: { points: [[1, 1, 0]], start } })).toEqual({
      name: 'x',
      points: [[1, 1, 0]],
      mask: rle,
    });
  });

  it('of an object that was painted are its mask', () => {
    const painted = { name: 'x', points: [], prompt: { points: [] }, score: null, box: [1, 0, 2, 0], rle };
    expect(objectOf(painted)).toEqual({ name: 'x', points: [], mask: rle });
    expect(objectOf({ name: 'x', score: null, rle: null })).toEqual({ name: 'x', points: [] });
  });

  it('say how the annotator asked, which model answered, and what was drawn by hand', () => {
    const how = { oneByOne: true, multimask: false };
    const prompt = { points: [[1, 1, 1]], ...how };
    const strokes = { added: { ...rle }, erased: { ...rle } };
    expect(objectOf({ name: 'x', model: 'm', prompt, ...strokes, score: 0.5, rle })).toEqual({
      name: 'x',
      points: [[1, 1, 1]],
      ...how,
      ...strokes,
      model: 'm',
    });
    const drawn = { name: 'x', prompt: { points: [] }, score: null, added: { ...rle }, rle };
    expect(objectOf(drawn)).toEqual({ name: 'x', points: [], added: rle });
    expect(objectOf({ name: 'x', prompt: { points: [], oneByOne: true }, rle })).toEqual({
      name: 'x',
      points: [],
      oneByOne: true,
    });
    const all = readPromptsDocument({ model: 'm', images: [{ image: 'a', objects: [{ points: [[1, 1]] }] }] }, 'p');
    expect(all[0]!.objects[0]).toMatchObject({ model: 'm' });
  });

  it('are of the images that did not fail', () => {
    expect(readPromptsDocument({ images: [{ image: 'a.png', error: { code: 'X' } }] }, 'p.json')).toEqual([]);
    expect(readPromptsDocument([{ image: 'a.png', objects: [] }], 'p.json')).toEqual([{ image: 'a.png', objects: [] }]);
  });

  const inImage = (object: unknown) => [{ image: 'a', objects: [object] }];
  it.each([
    [null, 'images of p.json: a list of images'],
    [{ images: 3 }, 'images of p.json: a list of images'],
    [[{ objects: [] }], 'images[0].image of p.json: a path'],
    [[{ image: 'a' }], 'images[0].objects of p.json: a list'],
    [inImage(7), 'images[0].objects[0] of p.json: an object'],
    [inImage({ name: 5 }), 'name of p.json: a text'],
    [inImage({ points: 5 }), 'points of p.json: a list'],
    [inImage({ points: [[1]] }), 'images[0].objects[0] of p.json: a point'],
    [inImage({ points: [[1, 2, 3]] }), 'a point'],
    [inImage({ points: [[1, null]] }), 'a point'],
    [inImage({ box: [1, 2, 3] }), 'a box'],
    [inImage({ mask: 5 }), 'mask of p.json: a path or run lengths'],
    [inImage({ prompt: { start: { size: [1], counts: '' } } }), 'a path or run lengths'],
    [inImage({ prompt: { multimask: 3 } }), 'multimask of p.json: true or false'],
    [inImage({ prompt: { oneByOne: 'yes' } }), 'oneByOne of p.json: true or false'],
    [inImage({ added: 'm.png' }), 'added of p.json: run lengths'],
    [[...inImage({}), ...inImage({})], 'each image was expected once'],
  ])('are refused where %j is wrong', (document, message) => {
    expect(() => readPromptsDocument(document, 'p.json')).toThrow(
      expect.objectContaining({
        kind: 'input',
        code: 'PROMPTS_JSON',
        message: expect.stringContaining(message),
      }),
    );
  });
});
