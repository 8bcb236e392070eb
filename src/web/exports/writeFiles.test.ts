import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { dicomImage, identity } from '../../../test/support/dicomImages.js';
import { CLASSES, columns, exported, HEIGHT, image, WIDTH, worked } from '../../../test/support/exportDocuments.js';
import { decodeClassPng } from '../../formats/classPng.js';
import { OutputNames } from '../../formats/outputNames.js';
import { encodeRle } from '../../formats/rle.js';
import { addObject, emptyDocument, setScale } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import { decodePicture } from '../open/decodePicture.js';
import type { ExportFormat, ExportImage } from './exportContract.js';
import { classMap } from './labels.js';
import { readAnnotations } from './readAnnotations.js';
import { writeFiles } from './writeFiles.js';

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe('exports', () => {
  it('in the US30K layout name every class of every image, with millimetres and names of classes', async () => {
    const [archive] = await exported('us30k', [image('x/scan.png'), image('y/scan.jpg')]);
    expect(archive!.path).toBe('Own.zip');
    const files = unzipSync(archive!.bytes);
    expect(Object.keys(files).sort()).toEqual([
      'MainPatient/all-Own.txt',
      'MainPatient/class.json',
      'MainPatient/dataset.json',
      'Own/images.csv',
      'Own/img/scan-2.png',
      'Own/img/scan.png',
      'Own/label/scan-2.png',
      'Own/label/scan.png',
    ]);
    expect(text(files['MainPatient/all-Own.txt'])).toBe('1/Own/scan\n3/Own/scan\n1/Own/scan-2\n3/Own/scan-2\n');
    expect(JSON.parse(text(files['MainPatient/class.json']))).toEqual({ Own: 4 });
    expect(JSON.parse(text(files['MainPatient/dataset.json'])).Own.classes).toEqual([
      'background',
      'cyst',
      'class-2',
      'vessel',
    ]);
    expect(text(files['Own/images.csv']).split('\n')[1]).toBe('scan,,6,4,0.5,0.25,x/scan.png');
    expect(decodeClassPng(files['Own/label/scan.png']!).classes).toEqual(classMap(worked()));
  });

  it('in the US30K layout list images without objects apart, and no list is empty', async () => {
    const bare = { ...image('-scan.png'), document: emptyDocument(WIDTH, HEIGHT) };
    const [archive] = await exported('us30k', [bare]);
    const files = unzipSync(archive!.bytes);
    expect(Object.keys(files)).not.toContain('MainPatient/all-Own.txt');
    expect(text(files['MainPatient/empty-Own.txt'])).toBe('1/Own/scan\n');
  });

  it('in the US30K layout leave out and name an image that cannot be read any more', async () => {
    const gone = { ...image('p/gone.png'), file: new Blob(['no picture']) };
    const request = { format: 'us30k', dataset: 'Own', classes: CLASSES, packed: true } as const;
    const write = (images: readonly ExportImage[]) => writeFiles({ ...request, images }, () => undefined);
    const { files, skipped } = await write([gone, image('scan.png')]);
    expect(skipped).toEqual([0]);
    const names = Object.keys(unzipSync(files[0]!.bytes));
    expect(names.filter((name) => name.includes('/img/'))).toEqual(['Own/img/scan.png']);
    await expect(write([gone])).rejects.toMatchObject({ code: 'EXPORT_IMAGE', details: { path: 'p/gone.png' } });
  });

  it('as JSON name the frame of a file with several', async () => {
    const animated = readFileSync(new URL('../../../test/fixtures/images/frames.gif', import.meta.url));
    const several = { ...image('clip.gif'), file: new Blob([animated]) };
    const [file] = await exported('prompts', [several, image('scan.png')]);
    const [clip, scan] = JSON.parse(text(file!.bytes)).images;
    expect([clip.frame, clip.frames > 1]).toEqual([1, true]);
    expect([scan.frame, scan.frames]).toEqual([undefined, undefined]);
  });

  it('as masks are one file for each object, as COCO one document', async () => {
    const [archive] = await exported('masks', [image('scan.png')]);
    expect(Object.keys(unzipSync(archive!.bytes))).toEqual(['scan.object-1.png', 'scan.wall.png']);
    const [coco] = await exported('coco-polygons', [image('scan.png')]);
    const document = JSON.parse(text(coco!.bytes));
    expect(document.categories.map(({ name }: { name: string }) => name)).toEqual(['cyst', 'vessel']);
    expect(document.annotations.map(({ area }: { area: number }) => area)).toEqual([8, 8]);
    const { images } = readAnnotations(text(coco!.bytes), 'coco.json');
    expect(images[0]!.objects.map(({ start }) => start!.mask)).toEqual([columns(1, 2), columns(2, 3)]);
    expect(images[0]!.content).toBe('content of scan.png');
  });

  it('as COCO keep numbers, names and unused classes on reading back', async () => {
    const classes = [
      ...CLASSES,
      { id: 9, name: 'cyst', color: '#009e73' },
      { id: 255, name: 'unused', color: '#0072b2' },
    ];
    const document = addObject(worked(), {
      ...{ id: 'c', classId: 9, name: 'second' },
      start: { mask: columns(5), origin: 'file', score: null },
    });
    const { files } = await writeFiles(
      { format: 'coco-rle', dataset: 'Own', classes, images: [{ ...image('a.png'), document }], packed: true },
      () => undefined,
    );
    const read = readAnnotations(text(files[0]!.bytes), 'coco.json');
    expect(read.classes.map(({ id, name }) => ({ id, name }))).toEqual(classes.map(({ id, name }) => ({ id, name })));
    expect(read.images[0]!.objects.map(({ classId }) => classId)).toEqual([1, 3, 9]);
  });

  it('of COCO keep what is good beside entries that cannot be used, and name these', () => {
    const rle = { size: [4, 6], counts: columns(1).counts };
    const categories = [{ id: 1, name: 'lesion' }, 'none', { id: 2 }];
    const images = [
      { id: 1, width: WIDTH, height: HEIGHT },
      { id: 2, file_name: 'a.png', width: WIDTH, height: HEIGHT, content: 'of a' },
      { id: 3, file_name: 'b.png' },
      { id: 4, file_name: 'b.png', width: WIDTH, height: HEIGHT, content: 'of b' },
    ];
    const polygon = [[0, 0, 1, 0, 1, 1]];
    const annotations = [
      { id: 1, image_id: 2, category_id: 1, segmentation: rle },
      { id: 2, image_id: 2, category_id: 9, segmentation: rle },
      { id: 3, image_id: 2, category_id: 1, segmentation: { ...rle, size: [2, 2] } },
      { id: 4, image_id: 3, category_id: 1, segmentation: polygon },
      { id: 5, image_id: 4, category_id: 1, segmentation: polygon },
      { id: 6, category_id: 1, segmentation: rle },
    ];
    const read = (these: readonly unknown[]) =>
      readAnnotations(JSON.stringify({ images, annotations: these, categories }), 'coco.json', new Map());
    const { images: found, leftOut } = read(annotations);
    expect(found.map(({ image, content, objects }) => [image, content, objects.length])).toEqual([
      ['a.png', 'of a', 1],
      ['b.png', 'of b', 1],
    ]);
    expect(leftOut).toEqual([
      'categories[1] is text, expected an object',
      'categories[2]: it has no name',
      '1: images[0]: it has no file_name',
      'annotation 2 of a.png: its category 9 is not in the list of categories',
      'annotation 3 of a.png: cannot read run lengths of a mask: its counts give 24 pixels, its size 4',
      'annotation 6: its image_id is neither a whole number nor text',
      'b.png: its width and height are missing',
    ]);
    // Where nothing is left, the first entry is the error.
    expect(() => read(annotations.slice(3, 4))).toThrow(expect.objectContaining({ code: 'COCO_INVALID' }));
  });

  it('of COCO give a free number to a category whose own no class can have', () => {
    const categories = [0, 1, 300].map((id) => ({ id, name: `of ${id}` }));
    const annotation = { image_id: 1, segmentation: { size: [4, 6], counts: columns(1).counts } };
    const annotations = categories.map(({ id }) => ({ ...annotation, category_id: id }));
    const images = [{ id: 1, file_name: 'a.png', width: WIDTH, height: HEIGHT }];
    const read = readAnnotations(JSON.stringify({ images, annotations, categories }), 'coco.json');
    expect(read.classes.map(({ id, name }) => [id, name])).toEqual([
      [1, 'of 1'],
      [2, 'of 0'],
      [3, 'of 300'],
    ]);
    expect(read.images[0]!.objects.map(({ classId }) => classId)).toEqual([2, 1, 3]);
  });

  it('as masks keep the folders of images, so that those of one name find their own again', async () => {
    const [archive] = await exported('masks', [image('a/scan.png'), image('b/scan.png'), image('b/scan.jpg')]);
    expect(Object.keys(unzipSync(archive!.bytes)).filter((path) => path.includes('wall'))).toEqual([
      'a/scan.wall.png',
      'b/scan.wall.png',
      'b/scan-2.wall.png',
    ]);
  });

  it('name each frame of a clip as an image of its own, in every format', async () => {
    const bytes = readFileSync(new URL('../../../test/fixtures/dicom/mono8-explicit.dcm', import.meta.url));
    const [width, height] = [61, 43];
    const worked = (frame: number): ImageDocument => {
      const data = new Uint8Array(width * height).fill(1, 0, frame);
      const start = { mask: encodeRle({ width, height, data }), origin: 'file', score: null } as const;
      return addObject(emptyDocument(width, height), { id: 'a', name: 'wall', classId: 1, start, committed: true });
    };
    const file = new Blob([Uint8Array.from(bytes)]);
    const frames = [1, 3].map(
      (frame): ExportImage => ({ path: 'p/clip.dcm', content: 'of it', frame, file, document: worked(frame) }),
    );
    const files = async (format: ExportFormat) => unzipSync((await exported(format, frames))[0]!.bytes);
    const names = async (format: ExportFormat) => Object.keys(await files(format));
    expect(await names('masks')).toEqual(['p/clip.0001.wall.png', 'p/clip.0003.wall.png']);
    expect(await names('nifti')).toEqual(['p/clip.0001.nii.gz', 'p/clip.0003.nii.gz']);
    const read = async (format: ExportFormat) => {
      const { images } = readAnnotations(text((await exported(format, frames))[0]!.bytes), 'a.json');
      return images.map(({ image: path, content, frame, objects }) => [path, content, frame, objects[0]?.start?.mask]);
    };
    const masks = frames.map(({ document }) => document.objects[0]!.shape);
    expect(await read('prompts')).toEqual([
      ['p/clip.dcm', 'of it', 1, masks[0]],
      ['p/clip.dcm', 'of it', 3, masks[1]],
    ]);
    expect(await read('coco-rle')).toEqual([
      ['p/clip.0001.png', 'of it', 1, masks[0]],
      ['p/clip.0003.png', 'of it', 3, masks[1]],
    ]);
    const set = await files('us30k');
    const pictures = Object.keys(set).filter((path) => path.startsWith('Own/img/'));
    expect(pictures).toEqual(['Own/img/clip.0001.png', 'Own/img/clip.0003.png']);
    const [first, third] = await Promise.all([1, 3].map((frame) => decodePicture(file, frame)));
    const decoded = await Promise.all(pictures.map((path) => decodePicture(new Blob([Uint8Array.from(set[path]!)]))));
    expect(decoded.map(({ image }) => image.data)).toEqual([first!.image.data, third!.image.data]);
    // One patient, so that a split keeps the frames together.
    expect(text(set['Own/images.csv'])).toMatch(/^clip\.0001,([0-9a-f]{16}),.*\nclip\.0003,\1,/m);
  });

  it('as a training set have millimetres and hashed patients of DICOM images', async () => {
    const [width, height] = [WIDTH, HEIGHT];
    const spacing = [[0x0028_0030, ['0.5', '0.25']]] as const;
    const dicom = (path: string, patient: string, frame: number, more: object = {}): ExportImage => {
      const size = { width, height, ...(path.includes('clip') && { frames: 3 }) };
      const bytes = dicomImage({ ...size, elements: [...identity(`1.2.3.${path.length}`, patient), ...spacing] });
      return { ...image(path), content: path, frame, file: new Blob([Uint8Array.from(bytes)]), ...more };
    };
    const withoutScale = { document: setScale(worked(), null) };
    const calibrated = { document: setScale(worked(), { mm: [2, 3], origin: 'calibrated' }) };
    const all = [
      dicom('clip-a.dcm', 'PAT-A', 1, withoutScale),
      dicom('clip-a.dcm', 'PAT-A', 3, calibrated),
      dicom('still-of-a.dcm', 'PAT-A', 1, withoutScale),
      dicom('b.dcm', 'PAT-B', 1, withoutScale),
      image('scan.png'),
    ];
    const rows = async (): Promise<string[][]> => {
      const [archive] = await exported('us30k', all);
      const files = unzipSync(archive!.bytes);
      expect(Object.values(files).map(text).join('\n')).not.toMatch(/PAT-|1\.2\.3|salt/);
      return text(files['Own/images.csv'])
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));
    };
    const found = await rows();
    expect(found.map(([name, , , , x, y]) => [name, x, y])).toEqual([
      ['clip-a.0001', '0.25', '0.5'],
      ['clip-a.0003', '2', '3'],
      ['still-of-a', '0.25', '0.5'],
      ['b', '0.25', '0.5'],
      ['scan', '0.5', '0.25'],
    ]);
    const patients = found.map(([, patient]) => patient);
    expect(patients[0]).toMatch(/^[0-9a-f]{16}$/);
    expect([patients[1], patients[2], patients[3] === patients[0], patients[4]]).toEqual([
      ...[patients[0], patients[0], false, ''],
    ]);
    // Nobody can compare two exports.
    expect((await rows())[0]![1]).not.toBe(patients[0]);
  });

  it('as masks have a file for each object, whatever images and objects are called', async () => {
    const named = (path: string, name: string): ExportImage => ({
      ...image(path),
      document: addObject(emptyDocument(WIDTH, HEIGHT), {
        ...{ id: 'a', classId: 1, name },
        start: { mask: columns(1), origin: 'file', score: null },
      }),
    });
    const [archive] = await exported('masks', [named('a.png', 'b.C'), named('a.b.png', 'c')]);
    expect(Object.keys(unzipSync(archive!.bytes))).toEqual(['a.b.C.png', 'a.b.c-2.png']);
  });

  it('give no image the name that another has of its own', () => {
    const paths = ['a.png', 'a.jpg', 'a-2.png'];
    const names = new OutputNames(paths);
    expect(paths.map((path) => names.take(path))).toEqual(['a', 'a-3', 'a-2']);
  });

  it('take each name once, whatever the letters', () => {
    const names = new OutputNames();
    const paths = ['a/Scan.png', 'b/scan.png', 'c/..', 'x:y?.png', '-+1.png', `${'n'.repeat(119)}. b.png`];
    expect(paths.map((path) => names.take(path))).toEqual(['Scan', 'scan-2', 'image', 'x_y_', '1', 'n'.repeat(119)]);
  });
});
