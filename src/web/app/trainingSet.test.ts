import { describe, expect, it } from 'vitest';
import { us30kFiles } from '../../data/us30kArchive.js';
import { encodeClassPng } from '../../formats/classPng.js';
import { datasetOf, readTrainingSets } from './trainingSet.js';

const [WIDTH, HEIGHT] = [6, 4];
const png = encodeClassPng(new Uint8Array(WIDTH * HEIGHT), WIDTH, HEIGHT);
const image = (name: string, width: number) => {
  const classes = new Uint8Array(width * HEIGHT).fill(2);
  return { name, png, width, height: HEIGHT, classes, spacingMm: [0.5, 0.25] } as const;
};
const files = us30kFiles({
  dataset: 'Own',
  classes: [
    { name: 'cyst', color: '#112233' },
    { name: 'vessel', color: '#445566' },
  ],
  images: [image('scan', WIDTH), image('large', 2 * WIDTH)],
}).map(({ path, bytes }) => ({ path: `root/${path}`, file: new File([new Uint8Array(bytes)], path) }));

describe('a training set that is opened again', () => {
  it('has its names and colours of classes', async () => {
    const { classes, read } = await readTrainingSets(files);
    expect(classes.get('Own')).toEqual([
      { id: 1, name: 'cyst', color: '#112233' },
      { id: 2, name: 'vessel', color: '#445566' },
    ]);
    expect([...read]).toEqual(['root/MainPatient/dataset.json']);
    expect(datasetOf('root/Own/label/p1/scan.png')).toBe('Own');
    expect(datasetOf('scan.png')).toBeUndefined();
  });

  it('has its millimetres, of smaller copies too, and for images alone', async () => {
    const { withSpacing } = await readTrainingSets(files);
    const found = (path: string) => files.find((one) => one.path === path)!;
    expect(await withSpacing(found('root/Own/img/scan.png'))).toMatchObject({ spacingMm: [0.5, 0.25] });
    expect(await withSpacing(found('root/Own/img/large.png'))).toMatchObject({ spacingMm: [1, 0.25] });
    expect(await withSpacing(found('root/Own/label/scan.png'))).not.toHaveProperty('spacingMm');
  });

  it('is opened without what cannot be read', async () => {
    const unreadable = (path: string) => {
      const file = new File([], path);
      const fail = () => Promise.reject(new DOMException('gone', 'NotReadableError'));
      return { path, file: Object.assign(file, { arrayBuffer: fail, text: fail, slice: () => unreadable(path).file }) };
    };
    const sets = await readTrainingSets([unreadable('a/dataset.json'), unreadable('b/images.csv'), ...files]);
    expect(sets.classes.get('Own')).toHaveLength(2);
    const image = unreadable('root/Own/img/scan.png');
    expect((await sets.withSpacing(image)).file).toBe(image.file);
  });

  it('is passed over where its files hold something else', async () => {
    const other = ['[1]', '{"a": 1}', '{', '{"Own": {"classes": [0, {}]}}'].map((text, i) => {
      return { path: `${i}/dataset.json`, file: new File([text], 'dataset.json') };
    });
    const csv = { path: 'images.csv', file: new File(['a,b\n1,2\n'], 'images.csv') };
    const { classes, read } = await readTrainingSets([...other, csv]);
    expect([...classes]).toEqual([['Own', []]]);
    expect([...read]).toEqual(['3/dataset.json']);
  });
});
