import { beforeEach, describe, expect, it, vi } from 'vitest';
import { text } from '../text/en.js';
import { pickFolder, takeDrop, takeFiles } from './filesIn.js';
import type { FoundFile } from './listing.js';
import { type Entry, entries, message, summary, warning } from './state.js';

const taken = vi.hoisted(() => ({ images: [] as string[], masks: [] as string[] }));

const pathsOf = (found: readonly FoundFile[]): string[] => found.map(({ path }) => path);

vi.mock('./entries.js', () => ({
  addImages: async (found: readonly FoundFile[]) => void taken.images.push(...pathsOf(found)),
}));
vi.mock('./masksIn.js', () => ({
  addMasks: async (found: readonly FoundFile[]) => void taken.masks.push(...pathsOf(found)),
}));
vi.mock('../exports/exportClient.js', () => ({
  exportClient: () => ({ call: async (_: string, file: File) => (await file.text()) === 'black and white' }),
}));

const found = (path: string, content = ''): FoundFile => ({ file: new File([content], path), path });
const DICOM = `${'\0'.repeat(128)}DICM`;
const entry = (path: string): Entry => {
  return {
    id: path,
    name: path,
    path,
    file: new File([], path),
    key: '',
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

describe('files that are opened', () => {
  beforeEach(() => {
    taken.images.length = 0;
    taken.masks.length = 0;
    entries.value = [];
    message.value = null;
  });

  it('are reported for scans without any image', async () => {
    await takeFiles([found('a/notes.txt', 'longer than the clip'), found('a/sweep.mp4', '....ftypmp42')], true);
    expect(message.peek()?.text).toBe(text.failures.IMAGE_CLIP[0]);
    await takeFiles([found('a/notes.txt')], true);
    expect(message.peek()).toMatchObject({ text: 'No image found in these files.', hint: 'Skipped 1 file: 1 .txt.' });
    expect(taken).toEqual({ images: [], masks: [] });
  });

  it('that are DICOM objects without an image are counted in a folder, and opened where they were chosen', async () => {
    const object = (path: string, id: string) => found(path, `${DICOM}1.2.840.10008.5.1.4.1.1.${id}\0`);
    const files = [
      object('a/IM_1', '3.1'),
      object('a/r.dcm', '88.33'),
      object('a/IM_2', '11.1'),
      object('a/p', '104.1'),
    ];
    await takeFiles(files, true);
    expect(taken.images).toEqual(['a/IM_1']);
    expect(summary.peek()?.text).toBe('Skipped 3 files: 3 DICOM without an image.');
    await takeFiles([object('a/r.dcm', '88.33')], true);
    expect(message.peek()).toMatchObject({ text: 'No image found in these files.' });
    expect(taken.images).toEqual(['a/IM_1']);
    await takeFiles([object('r.dcm', '88.33')], false);
    expect(taken.images).toEqual(['a/IM_1', 'r.dcm']);
  });

  it('of a DICOM disc are found by their content, without its index', async () => {
    const disc = [found('CD/DICOMDIR', DICOM), found('CD/DICOM/IM_0001', DICOM), found('CD/run.exe')];
    await takeFiles(disc, true);
    expect(taken.images).toEqual(['CD/DICOM/IM_0001']);
    expect(summary.peek()?.text).toBe('Skipped 1 file: 1 .exe.');
  });

  it('that are left out of a folder are summed up by what they are', async () => {
    const folder = [
      ...[found('a/1.png'), found('a/notes.txt'), found('a/sweep.mha', 'ObjectType = Image'), found('a/IM1', DICOM)],
      ...[
        found('a/pages.tif', 'x'),
        found('a/clip.mkv', '?'),
        found('a/picture', '\x89PNG\r\n\x1a\n'),
        found('a/.DS_Store'),
      ],
      found('a/Thumbs.db'),
    ];
    // Bytes above 127 take two in a text.
    folder[6] = { ...folder[6]!, file: new File([Uint8Array.of(0x89, ...Buffer.from('PNG\r\n\x1a\n'))], 'picture') };
    await takeFiles(folder, true);
    expect(taken).toEqual({ images: ['a/1.png', 'a/IM1', 'a/pages.tif', 'a/picture'], masks: [] });
    expect(summary.peek()).toMatchObject({
      text: 'Skipped 3 files: 1 .txt, 1 MetaImage, 1 video.',
      hint: 'Export the frames you need from videos as PNG.',
    });
    await takeFiles([found('b/1.png')], true);
    expect(summary.peek()).toBeNull();
  });

  it('that are named and look like published masks are offered to be opened as such', async () => {
    const mask = (path: string) => found(path, 'black and white');
    await takeFiles(
      [
        ...[found('b/benign (1).png'), mask('b/benign (1)_mask.png'), mask('b/benign (1)_mask_1.png')],
        ...[found('t/thyroid-image/1.jpg'), mask('t/thyroid-mask/1.jpg')],
        // An image in a folder of an unlucky name.
        ...[found('u/label-free/x.png'), found('u/raw/x.png')],
      ],
      true,
    );
    expect(taken).toEqual({
      images: ['b/benign (1).png', 't/thyroid-image/1.jpg', 'u/label-free/x.png', 'u/raw/x.png'],
      masks: [],
    });
    expect(summary.peek()?.text).toBe('3 files look like masks, such as benign (1)_mask.png.');
    summary.peek()?.action?.run();
    expect(taken.masks).toEqual(['b/benign (1)_mask.png', 'b/benign (1)_mask_1.png', 't/thyroid-mask/1.jpg']);
    expect(summary.peek()).toBeNull();
  });

  it('of a folder are opened without those that cannot be read, which is said', async () => {
    const fail = () => Promise.reject(new DOMException('gone', 'NotFoundError'));
    const file = (name: string) => ({ kind: 'file', name, getFile: async () => new File([], name) });
    const folder = (name: string, ...inner: readonly object[]) => ({
      ...{ kind: 'directory', name },
      async *values() {
        for (const one of inner) yield one;
      },
    });
    const broken = { ...file('b.png'), getFile: fail };
    const root = folder(
      'A',
      file('a.png'),
      broken,
      folder('p', broken),
      folder('samus-export', file('x.png')),
      file('c.png'),
    );
    vi.stubGlobal('window', { showDirectoryPicker: async () => root });
    await pickFolder(() => undefined);
    expect(taken.images).toEqual(['A/a.png', 'A/c.png']);
    expect(warning.peek()?.text).toBe('A/b.png and 1 more could not be read and were skipped.');
    taken.images.length = 0;
    warning.value = null;
    const read = (name: string) => ({
      ...{ isFile: true, fullPath: `/A/${name}` },
      file: (take: (file: File) => void) => take(new File([], name)),
    });
    const lost = {
      isFile: true,
      fullPath: '/A/lost.png',
      file: (_: unknown, refuse: (error: unknown) => void) => refuse(new DOMException('gone')),
    };
    const batches = [[lost, read('a.png')], []];
    const dropped = {
      isDirectory: true,
      fullPath: '/A',
      createReader: () => ({ readEntries: (take: (inner: unknown) => void) => take(batches.shift()) }),
    };
    const transfer = { items: [{ kind: 'file', webkitGetAsEntry: () => dropped }], files: [] };
    await takeDrop(Object.assign(Object.create(null), transfer));
    expect(taken.images).toEqual(['A/a.png']);
    expect(warning.peek()?.text).toBe('A/lost.png could not be read and was skipped.');
  });

  it('are masks of objects if they are named and look like them', async () => {
    entries.value = [entry('old.png')];
    const files = [found('a.png'), found('a.b.png'), found('c.d.png', 'black and white')];
    await takeFiles([...files, found('a.wall.png', 'black and white'), found('old.x.png', 'black and white')], false);
    expect(taken).toEqual({ images: ['a.b.png', 'a.png', 'c.d.png'], masks: ['a.wall.png', 'old.x.png'] });
  });
});
