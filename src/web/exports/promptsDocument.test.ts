import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bare, CLASSES, columns, HEIGHT, WIDTH, worked } from '../../../test/support/exportDocuments.js';
import { addObject, addPoint, emptyDocument, findObject, paint, setScale, unanswered } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import { promptsDocument } from './promptsDocument.js';
import { readAnnotations } from './readAnnotations.js';

describe('the JSON with prompts', () => {
  const NEW = ['parts', 'clean'];
  it('brings everything back that a person did', () => {
    const before = setScale(worked(), { mm: [0.2, 0.3], origin: 'file' });
    const json = JSON.stringify(promptsDocument([{ path: 'a.png', content: 'abc', document: before }], CLASSES));
    const { images, classes } = readAnnotations(json, 'annotations.json');
    expect(classes).toEqual(CLASSES);
    const [read] = images;
    expect(read).toMatchObject({ image: 'a.png', content: 'abc', width: WIDTH, height: HEIGHT, spacingMm: [0.2, 0.3] });
    let after = emptyDocument(WIDTH, HEIGHT);
    for (const [i, object] of read!.objects.entries()) after = addObject(after, { ...object, id: 'ab'[i]! });
    expect(bare(after)).toEqual(bare(before));
  });

  it('brings back what decides a mask: the setting, the model, the way of asking; and strokes without a click', () => {
    const answer = { mask: columns(0), score: 0.8, model: 'adapted' };
    const points = [
      [1, 2, 1],
      [5, 0, 0],
    ] as const;
    let before = addObject(emptyDocument(WIDTH, HEIGHT), { id: 'a', classId: 1, points, multimask: true, answer });
    before = addObject(before, { id: 'b', classId: 1, points, answer: { ...answer, model: 'samus-s', atOnce: true } });
    before = paint(addObject(before, { id: 'c', classId: 1 }), 'c', columns(1, 2), false);
    before = paint(before, 'c', columns(2), true);
    const empty = { ...answer, mask: columns() };
    before = addObject(before, { id: 'd', classId: 1, points, multimask: false, raw: true, answer: empty });
    const json = JSON.stringify(promptsDocument([{ path: 'a.png', content: 'abc', document: before }], CLASSES));
    expect(JSON.parse(json)).toMatchObject({
      model: null,
      images: [
        {
          objects: [
            { model: 'adapted', prompt: { multimask: true, oneByOne: true } },
            { model: 'samus-s', prompt: { points } },
            { prompt: { points: [], oneByOne: true } },
            { model: 'adapted', prompt: { multimask: false, oneByOne: true, clean: false } },
          ],
        },
      ],
    });
    const after = readAnnotations(json, 'x.json').images[0]!.objects.reduce<ImageDocument>(
      (all, object, i) => addObject(all, { ...object, id: 'abcd'[i]! }),
      emptyDocument(WIDTH, HEIGHT),
    );
    expect(bare(after)).toEqual(bare(before));
    expect(unanswered(after)).toEqual([]);
    expect(JSON.stringify(promptsDocument([{ path: 'a.png', content: 'abc', document: after }], CLASSES))).toBe(json);
  });

  it('of 0.1.0 opens to the same work, and is written with its version', () => {
    const url = new URL('../../../test/fixtures/annotations/page-0.1.0.json', import.meta.url);
    const old = readFileSync(url, 'utf8');
    const { images, classes } = readAnnotations(old, 'annotations.json');
    const [read] = images;
    const scale = { mm: read!.spacingMm!, origin: 'file' } as const;
    const document = read!.objects.reduce<ImageDocument>(
      (all, object, i) => addObject(all, { ...object, id: `${i}` }),
      emptyDocument(read!.width, read!.height, scale),
    );
    const written = promptsDocument([{ path: read!.image, content: read!.content!, document }], classes);
    // New are the number of parts, and that what was asked was not cleaned.
    const cleaned = document.objects.filter(({ points, box }) => points.length > 0 || box).map(({ raw }) => raw);
    expect(cleaned).toEqual([true, true, true]);
    const compared = JSON.parse(JSON.stringify(written, (key, value) => (NEW.includes(key) ? undefined : value)));
    expect(compared).toEqual({ ...JSON.parse(old), version: 1, notice: 'Research use only, not for diagnosis' });
  });

  it('keeps that the model finds no object, unless somebody drew it, and its probability', () => {
    const answer = { mask: columns(), score: 0.8, model: 'm', presence: 0.1, absent: true } as const;
    const points = [[1, 2, 1]] as const;
    let before = addObject(emptyDocument(WIDTH, HEIGHT), { id: 'a', classId: 1, points, answer });
    before = paint(addObject(before, { id: 'b', classId: 1, points, answer }), 'b', columns(1), false);
    const json = JSON.stringify(promptsDocument([{ path: 'a.png', content: 'abc', document: before }], CLASSES));
    const [a, b] = JSON.parse(json).images[0].objects;
    expect(a).toMatchObject({ presence: 0.1, absent: true, rle: null, area: 0 });
    expect(b).toMatchObject({ presence: 0.1, area: HEIGHT });
    expect(b).not.toHaveProperty('absent');
    const read = readAnnotations(json, 'x.json').images[0]!.objects;
    expect(read.map((object) => object.answer)).toEqual([answer, { ...answer, absent: undefined }]);
    const after = addObject(emptyDocument(WIDTH, HEIGHT), { ...read[0]!, id: 'a' });
    expect(unanswered(after)).toEqual([]);
    expect(bare(after)[0]).toEqual(bare(before)[0]);

    // As samus segment writes it, and by hand.
    for (const rle of [columns(), null]) {
      const object = { points, prompt: { points }, score: 0.8, presence: 0.1, absent: true, rle };
      const images = [{ image: 'a.png', width: WIDTH, height: HEIGHT, objects: [object] }];
      const [one] = readAnnotations(JSON.stringify({ model: 'm', images }), 'x.json').images[0]!.objects;
      expect(one).toMatchObject({ answer, committed: false });
    }
  });

  it('of samus segment goes on from the answer to a first guess', () => {
    const prompt = { points: [], start: columns(0) };
    const images = [
      { image: 'a.png', width: WIDTH, height: HEIGHT, objects: [{ prompt, score: 0.5, rle: columns(1) }] },
    ];
    const [object] = readAnnotations(JSON.stringify({ images }), 'x.json').images[0]!.objects;
    expect(object!.start).toEqual({ mask: columns(1), origin: 'file', score: 0.5 });
  });

  it('has no mask beside clicks that it does not answer', () => {
    const start = { mask: columns(3), origin: 'automatic', score: 0.7 } as const;
    const answer = { mask: columns(0), score: 0.8, model: 'samus-s' };
    let before = addObject(emptyDocument(WIDTH, HEIGHT), { id: 'a', classId: 1, points: [[0, 0, 1]], answer });
    before = addPoint(before, 'a', [5, 0, 0]);
    before = addObject(before, { id: 'b', classId: 1, points: [[3, 0, 1]], start });
    before = paint(before, 'b', columns(4), false);
    const json = JSON.stringify(promptsDocument([{ path: 'a.png', content: 'abc', document: before }], CLASSES));
    const [a, b] = readAnnotations(json, 'annotations.json').images[0]!.objects;
    let after = addObject(emptyDocument(WIDTH, HEIGHT), { ...a!, id: 'a' });
    after = addObject(after, { ...b!, id: 'b' });
    expect(unanswered(after).map(({ id }) => id)).toEqual(['b', 'a']);
    expect(after.objects.map(({ points }) => points.length)).toEqual([2, 1]);
    expect(after.objects.map(({ shape }) => shape)).toEqual([null, findObject(before, 'b')!.shape]);
    expect(JSON.parse(json)).toMatchObject({
      model: null,
      images: [
        {
          objects: [
            { score: null, area: 0, box: null, rle: null },
            { score: null, rle: null },
          ],
        },
      ],
    });
  });

  it('of samus segment is read without the images that failed', () => {
    const failed = { image: 'b.png', error: { code: 'IMAGE_FORMAT', message: 'no picture' } };
    const images = [failed, { image: 'a.png', width: WIDTH, height: HEIGHT, objects: [{ points: [[1, 2]] }] }];
    expect(readAnnotations(JSON.stringify({ images }), 'x.json').images.map((one) => one.image)).toEqual(['a.png']);
  });

  it('says which place is wrong', () => {
    const read = (document: unknown) => () => readAnnotations(JSON.stringify(document), 'x.json', new Map());
    const at = (where: string) =>
      expect.objectContaining({ code: 'ANNOTATIONS_JSON', details: { path: 'x.json', where } });
    const image = { image: 'a', width: 4, height: 1 };
    expect(read({})).toThrow(at('images'));
    expect(() => readAnnotations('{', 'x.json')).toThrow(at('images'));
    const points = [{ points: [['a', 1]] }];
    expect(read({ images: [{ ...image, objects: points }] })).toThrow(at('images[0].objects[0].points'));
    const ofOtherSize = [{ rle: { size: [2, 2], counts: '4' } }];
    expect(read({ images: [{ ...image, objects: ofOtherSize }] })).toThrow(at('images[0].objects[0].rle'));
    const coco = {
      images: [{ id: 1, file_name: 'a.png' }],
      categories: [{ id: 1, name: 'lesion' }],
      annotations: [{ id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 1, 0, 1, 1]] }],
    };
    expect(read(coco)).toThrow(at('images, a.png: width, height'));
    expect(readAnnotations(JSON.stringify(coco), 'x.json')).toMatchObject({ images: [], unsized: ['a.png'] });
  });
});
