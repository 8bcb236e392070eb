import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeRle } from '../../formats/rle.js';
import { addObject, addPoint, emptyDocument, paint, remove, setClass } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import { workKey } from '../document/workKey.js';
import { type KnownSizes, readAnnotations } from '../exports/readAnnotations.js';
import { addMasks } from './masksIn.js';
import { classes, type Entry, entries, FIRST_CLASSES, message, removedClasses } from './state.js';

const { works, last } = vi.hoisted(() => ({
  works: new Map<string, ImageDocument>(),
  last: { visit: async (): Promise<void> => undefined, picture: async (): Promise<void> => undefined, frames: 1 },
}));

vi.mock('./entries.js', () => ({
  keyOf: async (id: string) => keyOf(id),
  contentOf: async (id: string) => keyOf(id),
}));
vi.mock('./works.js', () => ({
  workOn: async (content: string, frame: number) => works.get(workKey(content, frame)),
  putWork: (content: string, frame: number, document: ImageDocument) =>
    void works.set(workKey(content, frame), document),
}));
vi.mock('./persist.js', () => ({ restoreSettings: () => last.visit() }));
vi.mock('../open/openImage.js', () => ({
  openFile: async () => ({
    frames: last.frames,
    read: async () => {
      await last.picture();
      return { width: 2, height: 1, spacingMm: null };
    },
    close: () => undefined,
  }),
}));
vi.mock('../exports/exportClient.js', () => ({
  exportClient: () => ({
    async call(method: string, input: { file: File; path: string; sizes?: KnownSizes }) {
      if (method === 'annotations') return readAnnotations(await input.file.text(), input.path, input.sizes);
      return { width: 2, height: 1, classes: [{ classId: 2, mask: rle }] };
    },
  }),
}));

const keyOf = (id: string) => entries.peek().find((entry) => entry.id === id)!.key;
const rle = encodeRle({ width: 2, height: 1, data: Uint8Array.of(1, 0) });
const whole = encodeRle({ width: 2, height: 1, data: Uint8Array.of(1, 1) });

const entry = (path: string, key: string): Entry => {
  return {
    id: path,
    name: path,
    path,
    file: new File([], path),
    key,
    objects: 0,
    shapes: 0,
    asked: 0,
    committed: 0,
    corrected: 0,
    shapeFrames: 0,
    workFrames: 0,
    failure: null,
  };
};
const file = (path: string, content = '') => ({ file: new File([content], path), path });
const json = (...images: readonly { image: string; content?: string }[]) =>
  file(
    'a.json',
    JSON.stringify({ images: images.map((one) => ({ ...one, width: 2, height: 1, objects: [{ rle }] })) }),
  );
const counts = () => Object.fromEntries([...works].map(([key, { objects }]) => [key, objects.length]));

describe('masks that are opened', () => {
  beforeEach(() => {
    works.clear();
    last.visit = last.picture = async () => undefined;
    message.value = null;
    classes.value = FIRST_CLASSES;
    removedClasses.value = [];
    entries.value = [entry('IM1.png', 'of b'), entry('IM1-2.png', 'of a')];
  });

  it('go to the content that they name, whatever the names', async () => {
    await addMasks([json({ image: 'IM1.png', content: 'of a' })], false);
    expect(counts()).toEqual({ 'of a': 1 });
  });

  it('go to no other image of their name, and leave the rest of their file alone', async () => {
    await addMasks([json({ image: 'IM1.png', content: 'of c' }, { image: 'x.png', content: 'of b' })], false);
    expect(counts()).toEqual({ 'of b': 1 });
    expect(message.peek()?.hint).toMatch(/belong to another file of the same name/);
    await addMasks([json({ image: 'IM1.png', content: 'of c' })], false);
    expect(message.peek()).toMatchObject({
      tone: 'error',
      text: expect.stringMatching(/another file of the same name/),
    });
  });

  it('report invalid JSON among other files, and skip JSON of another kind', async () => {
    const other = file('package.json', '{"name": "other"}');
    await addMasks([other, file('a.json', JSON.stringify({ images: [{ image: 'IM1.png' }] }))], true);
    expect(message.peek()).toMatchObject({
      tone: 'error',
      text: 'Cannot read masks from a.json: images[0].objects is missing or invalid.',
    });
    message.value = null;
    await addMasks([other], true);
    expect(message.peek()).toBeNull();
  });

  it('that name no content go by the name', async () => {
    await addMasks([json({ image: 'IM1.png' }, { image: 'IM1-2.png' })], false);
    expect(counts()).toEqual({ 'of b': 1, 'of a': 1 });
  });

  it('of one object have its name', async () => {
    await addMasks([file('IM1-2.left lobe.png')], false);
    expect(works.get('of a')?.objects.map(({ name }) => name)).toEqual(['left lobe']);
  });

  it('of a training set have its classes, with their numbers where nothing was named yet', async () => {
    const own = [
      { id: 1, name: 'cyst', color: '#112233' },
      { id: 2, name: 'vessel', color: '#445566' },
    ];
    const sets = new Map([['Own', own]]);
    await addMasks([file('Own/label/IM1.png')], true, sets);
    expect(classes.peek()).toEqual(own);
    works.clear();
    // As the store gives them back.
    classes.value = structuredClone(FIRST_CLASSES);
    await addMasks([file('Own/label/IM1.png')], true, sets);
    expect(classes.peek()).toEqual(own);
    expect(works.get('of b')?.objects.map(({ classId }) => classId)).toEqual([2]);
    classes.value = [{ id: 1, name: 'vessel', color: '#000000' }];
    works.clear();
    await addMasks([file('Own/label/IM1.png')], true, sets);
    expect(works.get('of b')?.objects.map(({ classId }) => classId)).toEqual([1]);
  });

  it('of COCO open without the entries that cannot be used, and the first of these is named', async () => {
    const categories = [{ id: 1, name: 'lesion' }];
    const images = [{ id: 1, file_name: 'IM1-2.png', width: 2, height: 1 }];
    const annotations = [7, 1, 8].map((category_id, id) => ({ id, image_id: 1, category_id, segmentation: rle }));
    await addMasks([file('coco.json', JSON.stringify({ images, annotations, categories }))], false);
    expect(counts()).toEqual({ 'of a': 1 });
    expect(message.peek()).toMatchObject({
      text: '1 object opened on 1 image.',
      hint: '2 entries are unusable and left out: annotation 0 of IM1-2.png: its category 7 is not in the list of categories; …',
    });
  });

  it('of COCO without sizes have the size of their image in the list', async () => {
    const images = ['IM1-2.png', 'none.png'].map((file_name, i) => ({ id: i + 1, file_name }));
    const annotations = images.map(({ id }) => ({
      ...{ image_id: id, category_id: 1, segmentation: [[0, 0, 1, 0, 1, 1, 0, 1]] },
    }));
    const coco = { images, annotations, categories: [{ id: 1, name: 'lesion' }] };
    await addMasks([file('coco.json', JSON.stringify(coco))], false);
    expect(counts()).toEqual({ 'of a': 1 });
    expect(works.get('of a')?.objects[0]?.shape).toEqual(rle);
    expect(message.peek()?.hint).toBe('1 entry is unusable and left out: none.png: its width and height are missing.');
  });

  it('of COCO keep numbers, names and unused classes after everything was deleted', async () => {
    const categories = ['object', 'lymph node', 'vessel', 'vessel'].map((name, i) => ({ id: [1, 2, 3, 40][i], name }));
    const images = [{ id: 1, file_name: 'IM1-2.png', width: 2, height: 1 }];
    const annotations = [2, 40].map((id) => ({ image_id: 1, category_id: id, segmentation: id === 2 ? rle : whole }));
    const opened = file('coco.json', JSON.stringify({ images, annotations, categories }));
    await addMasks([opened], false);
    expect(classes.peek().map(({ id, name }) => ({ id, name }))).toEqual(categories);
    expect(works.get('of a')?.objects.map(({ classId }) => classId)).toEqual([2, 40]);
    // Once more, with the classes there.
    works.clear();
    await addMasks([opened], false);
    expect(classes.peek().map(({ id, name }) => ({ id, name }))).toEqual(categories);
    expect(works.get('of a')?.objects.map(({ classId }) => classId)).toEqual([2, 40]);
  });

  it('go to the frame that they name, where the image has it', async () => {
    last.frames = 2;
    const images = [1, 2, 3].map((frame) => ({ image: 'IM1-2.png', frame, width: 2, height: 1, objects: [{ rle }] }));
    const saved = (frames: unknown) => file('a.json', JSON.stringify({ version: 1, images: frames }));
    await addMasks([saved(images)], false);
    expect(counts()).toEqual({ 'of a': 1, 'of a#2': 1 });
    const refusal = 'The masks of IM1-2.png belong to frame 3; the image has 2.';
    expect(message.peek()).toMatchObject({
      text: '1 object opened on 1 image (2 frames).',
      hint: expect.stringContaining(refusal),
    });
    await addMasks([saved(images.slice(2))], false);
    expect(counts()).toEqual({ 'of a': 1, 'of a#2': 1 });
    expect(message.peek()).toMatchObject({ tone: 'error', text: refusal });
  });

  it('of COCO JSON go to the frame that it names, or its file name', async () => {
    last.frames = 4;
    const images = [
      { id: 1, file_name: 'other.0003.png', content: 'of a', frame: 3, width: 2, height: 1 },
      { id: 2, file_name: 'IM1.0004.png', width: 2, height: 1 },
    ];
    const annotations = images.map(({ id }) => ({ id, image_id: id, category_id: 1, segmentation: rle }));
    const coco = { images, annotations, categories: [{ id: 1, name: 'wall' }] };
    await addMasks([file('coco.json', JSON.stringify(coco))], false);
    expect(counts()).toEqual({ 'of a#3': 1, 'of b#4': 1 });
  });

  it('that are named after a frame belong to it, where the file has several', async () => {
    const names = (key: string) => works.get(key)?.objects.map(({ name }) => name);
    last.frames = 3;
    await addMasks(
      ['0001.wall', '0002.wall', '0003', '0004'].map((rest) => file(`IM1.${rest}.png`)),
      false,
    );
    expect(['of b', 'of b#2', 'of b#3'].map(names)).toEqual([['wall'], ['wall'], ['object-1']]);
    expect(message.peek()?.hint).toContain('The masks of IM1.0004.png belong to frame 4; the image has 3.');
    works.clear();
    last.frames = 1;
    await addMasks([file('IM1.0002.wall.png')], false);
    expect(names('of b')).toEqual(['0002.wall']);
  });

  it('add their classes to those of the last visit, which may load later', async () => {
    const stored = [{ id: 3, name: 'cyst', color: '#112233' }];
    last.visit = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      classes.value = stored;
    };
    await addMasks([file('IM1.png')], false);
    expect(classes.peek().map(({ id }) => id)).toEqual([2, 3]);
  });

  it('give no class the number of a restored one', async () => {
    const [x, y] = ['X', 'Y'].map((name) => ({ id: 5, name, color: '#112233' }));
    classes.value = [...FIRST_CLASSES, x!];
    removedClasses.value = [y!];
    const named = { images: [{ image: 'IM1.png', width: 2, height: 1, objects: [{ rle, class: 5 }] }], classes: [y] };
    await addMasks([file('a.json', JSON.stringify(named))], false);
    expect(classes.peek().map(({ id, name }) => [id, name])).toEqual([
      [1, 'object'],
      [2, 'Y'],
      [5, 'X'],
    ]);
    expect(works.get('of b')?.objects.map(({ classId }) => classId)).toEqual([2]);
  });

  it('leave alone what was drawn while their image was read', async () => {
    const drawn = addObject(emptyDocument(2, 1), { id: 'drawn', classId: 1 });
    last.picture = async () => void works.set('of b', drawn);
    await addMasks([file('IM1.png')], false);
    expect(works.get('of b')?.objects.map(({ id }) => id)).toEqual(['drawn', expect.any(String)]);
  });

  it('keep corrections when opened again, and restore deleted objects', async () => {
    const clicked = { points: [[0, 0]], rle };
    const both = JSON.stringify({ images: [{ image: 'IM1-2.png', width: 2, height: 1, objects: [clicked] }] });
    const files = [file('label/IM1.png'), file('a.json', both)];
    await addMasks(files, false);
    const [label, answered] = ['of b', 'of a'].map((key) => works.get(key)!.objects[0]!.id);
    works.set('of b', setClass(paint(works.get('of b')!, label!, whole, false), label!, 7));
    works.set('of a', addPoint(works.get('of a')!, answered!, [1, 0, 0]));
    const corrected = new Map(works);
    await addMasks(files, false);
    expect(works).toEqual(corrected);
    expect(message.peek()?.text).toMatch(/^No new object/);
    expect(message.peek()?.hint).toMatch(/^2 objects were opened before and keep/);
    works.set('of b', remove(works.get('of b')!, label!));
    await addMasks(files, false);
    expect(works.get('of b')?.objects.map(({ shape }) => shape)).toEqual([rle]);
    expect(message.peek()?.text).toBe('1 object opened on 1 image.');
  });

  it('together are all new, also those of one form', async () => {
    await addMasks([file('IM1-2.left.png'), file('IM1-2.right.png')], false);
    expect(works.get('of a')?.objects.map(({ name }) => name)).toEqual(['left', 'right']);
  });
});
