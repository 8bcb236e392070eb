import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { decodeClassPng, encodeClassPng } from '../formats/classPng.js';
import { SampleList } from './sampleList.js';
import { type Us30kDataset, type Us30kImage, us30kArchive, us30kFiles } from './us30kArchive.js';

function image(name: string, ...label: number[]): Us30kImage {
  const classes = Uint8Array.from(label);
  return { name, png: encodeClassPng(Uint8Array.from([9, 8, 7, 6]), 2, 2), width: 2, height: 2, classes };
}

const DATASET: Us30kDataset = {
  dataset: 'Breast-Own',
  classes: [
    { name: 'lesion', color: '#e4572e' },
    { name: 'vessel', color: '#17bebb' },
  ],
  images: [
    { ...image('case 1', 0, 1, 2, 2), spacingMm: [0.1, 0.2], patient: 'p1', source: 'a, b.png' },
    image('ward/case-2', 0, 0, 0, 2),
    image('normal', 0, 0, 0, 0),
  ],
  source: 'drawn by hand',
};

const text = new TextDecoder();

/** The files by their paths. */
function written(dataset: Us30kDataset): Map<string, string> {
  return new Map(us30kFiles(dataset).map(({ path, bytes }) => [path, text.decode(bytes)]));
}

describe('annotated images in the layout of US30K', () => {
  it('are images, labels, facts, classes and lists', () => {
    const files = written(DATASET);
    expect([...files.keys()].sort()).toEqual([
      'Breast-Own/images.csv',
      'Breast-Own/img/case 1.png',
      'Breast-Own/img/normal.png',
      'Breast-Own/img/ward/case-2.png',
      'Breast-Own/label/case 1.png',
      'Breast-Own/label/normal.png',
      'Breast-Own/label/ward/case-2.png',
      'MainPatient/all-Breast-Own.txt',
      'MainPatient/class.json',
      'MainPatient/dataset.json',
      'MainPatient/empty-Breast-Own.txt',
    ]);
    expect(JSON.parse(files.get('MainPatient/class.json')!)).toEqual({ 'Breast-Own': 3 });
    expect(JSON.parse(files.get('MainPatient/dataset.json')!)).toEqual({
      'Breast-Own': {
        classes: ['background', 'lesion', 'vessel'],
        colors: ['#000000', '#e4572e', '#17bebb'],
        source: 'drawn by hand',
      },
    });
    expect(files.get('Breast-Own/images.csv')!.split('\n')[1]).toBe('case 1,p1,2,2,0.1,0.2,"a, b.png"');
  });

  it('name every object in a list, and images without one in another', () => {
    const files = written(DATASET);
    const list = (name: string) => [...SampleList.parse([{ name, text: files.get(`MainPatient/${name}.txt`)! }])];
    expect(list('all-Breast-Own').map(({ name, classId }) => [name, classId])).toEqual([
      ['case 1', 1],
      ['case 1', 2],
      ['ward/case-2', 2],
    ]);
    expect(list('empty-Breast-Own').map(({ name }) => name)).toEqual(['normal']);
    expect([...written({ ...DATASET, images: [image('a', 1, 0, 0, 0)] }).keys()]).not.toContain(
      'MainPatient/empty-Breast-Own.txt',
    );
  });

  it('make a zip archive with the same bytes', () => {
    const files = unzipSync(us30kArchive(DATASET));
    expect(Object.keys(files).sort()).toEqual([...written(DATASET).keys()].sort());
    expect([...decodeClassPng(files['Breast-Own/label/case 1.png']!).classes]).toEqual([0, 1, 2, 2]);
    expect(files['Breast-Own/img/case 1.png']).toEqual(DATASET.images[0]!.png);
  });

  it.each([
    ['a class without a name', { images: [image('a', 3, 0, 0, 0)] }, 'DATA_CLASS_RANGE'],
    [
      'two names that differ in case only',
      { images: [image('a', 1, 0, 0, 0), image('A', 1, 0, 0, 0)] },
      'IMPORT_NAMES',
    ],
    ['a path out of the folder', { images: [image('../a', 1, 0, 0, 0)] }, 'DATA_NAME'],
    ['a line end in a name', { images: [image('a\nb', 1, 0, 0, 0)] }, 'DATA_NAME'],
    ['a name that ends in a dot', { images: [image('a.', 1, 0, 0, 0)] }, 'DATA_NAME'],
    ['a dataset in a folder', { dataset: 'a/b' }, 'DATA_NAME'],
    ['a label of another size', { images: [image('a', 1, 0, 0)] }, 'CLASS_PNG_SIZE'],
  ])('refuse %s', (_, change, code) => {
    expect(() => us30kFiles({ ...DATASET, ...change })).toThrow(expect.objectContaining({ code }));
  });
});
