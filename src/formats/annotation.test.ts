import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SamusError } from '../errors.js';
import { type AnnotationDocument, annotationJson } from './annotation.js';
import { readAnnotation } from './annotationRead.js';
import { encodeRle } from './rle.js';

/** The prompts of an object, without its results. */
function objectOf(object: object) {
  const read = readAnnotation({ images: [{ image: 'a.png', objects: [object] }] }, 'p.json').images[0]!.objects[0]!;
  const { score, mask, answer, ...prompts } = read;
  return prompts;
}

const rle = encodeRle({ width: 3, height: 2, data: Uint8Array.from([0, 1, 1, 0, 0, 0]) });

describe('the prompts of a document', () => {
  it('are all fields of what was written by hand', () => {
    const points = [
      [1, 2],
      [3, 4, 0],
      [5, 6, 'bg'],
    ];
    expect(objectOf({ points, box: [0, 0, 9, 9], mask: 'm.png' })).toEqual({
      points: [
        [1, 2, 1],
        [3, 4, 0],
        [5, 6, 0],
      ],
      box: [0, 0, 9, 9],
      guess: { path: 'm.png' },
    });
  });

  it('contain the prompts, not the answers', () => {
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
      guess: { rle, origin: 'file', score: null },
    });
  });

  it('of an object that was painted are its mask', () => {
    const painted = { name: 'x', points: [], prompt: { points: [] }, score: null, box: [1, 0, 2, 0], rle };
    expect(objectOf(painted)).toEqual({ name: 'x', points: [], guess: { rle } });
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
    expect(readAnnotation({ model: 'm', images: [] }, 'p').model).toBe('m');
  });

  it('are of the images that did not fail', () => {
    expect(readAnnotation({ images: [{ image: 'a.png', error: { code: 'X' } }] }, 'p.json').images).toEqual([]);
    expect(readAnnotation([{ image: 'a.png', objects: [] }], 'p.json').images).toEqual([
      { image: { path: 'a.png' }, objects: [] },
    ]);
  });

  const inImage = (object: unknown) => [{ image: 'a', objects: [object] }];
  it.each([
    [null, 'images of p.json: expected a list of images'],
    [{ images: 3 }, 'images of p.json: expected a list of images'],
    [[{ objects: [] }], 'images[0].image of p.json: expected a path'],
    [[{ image: 'a' }], 'images[0].objects of p.json: expected a list'],
    [inImage(7), 'images[0].objects[0] of p.json: expected an object'],
    [inImage({ name: 5 }), 'name of p.json: expected a text'],
    [inImage({ points: 5 }), 'points of p.json: expected a list'],
    [inImage({ points: [[1]] }), 'images[0].objects[0].points of p.json: expected a point'],
    [inImage({ points: [[1, 2, 3]] }), 'a point'],
    [inImage({ points: [[1, null]] }), 'a point'],
    [inImage({ box: [1, 2, 3] }), 'a box'],
    [inImage({ mask: 5 }), 'mask of p.json: expected a path or run lengths'],
    [inImage({ prompt: { start: { size: [1], counts: '' } } }), 'prompt.start of p.json: expected run lengths'],
    [inImage({ prompt: { multimask: 3 } }), 'multimask of p.json: expected true or false'],
    [inImage({ prompt: { oneByOne: 'yes' } }), 'oneByOne of p.json: expected true or false'],
    [inImage({ added: 'm.png' }), 'added of p.json: expected run lengths'],
    [[...inImage({}), ...inImage({})], 'expected each image once'],
    [[{ content: 'a'.repeat(31), objects: [] }], 'images[0].image of p.json: expected a path'],
    [[{ image: 'a', frame: 0, objects: [] }], 'images[0].frame of p.json: expected a whole number from 1'],
    [{ version: '1', images: [] }, 'version of p.json: expected a whole number from 1'],
  ])('are refused where %j is wrong', (document, message) => {
    expect(() => readAnnotation(document, 'p.json')).toThrow(
      expect.objectContaining({
        kind: 'input',
        code: 'PROMPTS_JSON',
        message: expect.stringContaining(message),
      }),
    );
  });
});

describe('an annotation document', () => {
  const full: AnnotationDocument = {
    model: 'samus-s',
    classes: [
      { id: 2, name: 'vessel', color: '#56b4e9' },
      { id: 7, name: 'unused' },
    ],
    images: [
      {
        image: { path: 'clip.tiff', content: 'ab'.repeat(16), frame: 3 },
        width: 3,
        height: 2,
        spacingMm: [0.5, 0.25],
        objects: [
          {
            name: 'a',
            classId: 2,
            color: '#000000',
            points: [
              [1, 2, 1],
              [0, 0, 0],
            ],
            box: [0, 0, 2, 1],
            guess: { path: 'm.png', rle, origin: 'automatic', score: 0.25 },
            multimask: true,
            clean: false,
            oneByOne: true,
            added: rle,
            erased: rle,
            model: 'other',
            score: 0.5,
            stability: 0.75,
            mask: rle,
            answer: rle,
            committed: false,
          },
        ],
      },
      { image: { path: 'clip.tiff', frame: 4 }, objects: [{ name: 'b', points: [] }] },
      { image: { content: 'cd'.repeat(32) }, objects: [] },
    ],
  };

  it('reads back unchanged, except failed images', () => {
    const failed = { image: { path: 'b.png' }, error: new SamusError('IMAGE_FORMAT', 'no picture', 'give one') };
    const json = annotationJson({ ...full, images: [failed, ...full.images] });
    expect(json).toMatchObject({
      version: 1,
      images: [
        { image: 'b.png', error: { code: 'IMAGE_FORMAT' } },
        { image: 'clip.tiff', frame: 3, objects: [{ class: 2, className: 'vessel', area: 2, box: [1, 0, 2, 0] }] },
        { frame: 4, objects: [{ score: null, area: 0, box: null, rle: null }] },
        { content: 'cd'.repeat(32) },
      ],
    });
    expect(readAnnotation(JSON.parse(JSON.stringify(json)), 'p.json')).toEqual(full);
  });

  const fixture = (name: string) => {
    const url = new URL(`../../test/fixtures/annotations/${name}.json`, import.meta.url);
    return readAnnotation(JSON.parse(readFileSync(url, 'utf8')), name);
  };

  it('of the command line of 0.1.0 has its prompts, strokes and answers', () => {
    const { model, classes, images } = fixture('cli-0.1.0');
    expect({ model, classes, images: images.length }).toEqual({ model: 'samus-s', classes: [], images: 1 });
    const [first, guess, steps] = images[0]!.objects;
    expect(images[0]).toMatchObject({ image: { path: 'phantom-1.png' }, width: 48, height: 32 });
    // Masks of 0.1.0 were not cleaned.
    expect([first, guess, steps].map((object) => object!.clean)).toEqual([false, false, false]);
    expect(first).toMatchObject({
      name: 'first',
      points: [
        [20, 16, 1],
        [2, 2, 0],
      ],
      box: [6, 6, 40, 25],
    });
    expect(guess).toMatchObject({ points: [], guess: { path: 'm.png' } });
    expect(steps).toMatchObject({
      multimask: true,
      oneByOne: true,
      added: { size: [32, 48] },
      answer: { size: [32, 48] },
    });
  });

  it('of the page of 0.1.0 has all that a person did', () => {
    const { model, classes, images } = fixture('page-0.1.0');
    expect({ model, classes: classes.map(({ id, name }) => [id, name]) }).toEqual({
      model: null,
      classes: [
        [1, 'cyst'],
        [3, 'vessel'],
        [9, 'unused'],
      ],
    });
    expect(images[0]).toMatchObject({
      image: { path: 'ward/a.png', content: 'ab'.repeat(16) },
      spacingMm: [0.5, 0.25],
    });
    const [worked, wall, open, drawn, atOnce] = images[0]!.objects;
    const strokes = { added: { size: [4, 6] }, erased: { size: [4, 6] } };
    expect(worked).toMatchObject({
      classId: 3,
      oneByOne: true,
      multimask: true,
      box: [0, 0, 3, 3],
      score: 0.8,
      ...strokes,
    });
    expect(wall).toMatchObject({ color: '#112233', committed: true, guess: { origin: 'automatic', score: 0.7 } });
    expect(open).toMatchObject({ points: [[4, 1, 1]], guess: { origin: 'file', score: null } });
    expect(open!.mask).toBeUndefined();
    expect(drawn).toMatchObject({ points: [], oneByOne: true, added: { size: [4, 6] } });
    expect(atOnce).toMatchObject({
      points: [
        [1, 1, 1],
        [2, 2, 1],
      ],
      model: 'adapted',
    });
    expect(atOnce!.oneByOne).toBeUndefined();
  });

  it('of 0.1.0 names classes in its objects', () => {
    const objects = [{ class: 3, className: 'cyst', points: [[1, 1]] }];
    expect(readAnnotation([{ image: 'a', objects }], 'p').classes).toEqual([{ id: 3, name: 'cyst' }]);
  });

  it('of a newer version is refused, because its prompts could mean something else', () => {
    expect(() => readAnnotation({ version: 2, images: [] }, 'p.json')).toThrow(
      expect.objectContaining({
        code: 'ANNOTATION_VERSION',
        kind: 'input',
        details: expect.objectContaining({ version: 2 }),
      }),
    );
  });
});
