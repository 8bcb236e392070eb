import { beforeEach, describe, expect, it, vi } from 'vitest';
import { clip, dicom, unsupported } from '../open/pictureErrors.js';
import { text } from '../text/en.js';
import { pickFolder, takeDrop, takeFiles } from './filesIn.js';
import type { FoundFile } from './listing.js';
import { type Entry, entries, message, warning } from './state.js';

const taken = vi.hoisted(() => ({ images: [] as string[], masks: [] as string[] }));

const pathsOf = (found: readonly FoundFile[]): string[] => found.map(({ path }) => path);

vi.mock('./entries.js', () => ({
  addImages: async (found: readonly FoundFile[]) => void taken.images.push(...pathsOf(found)),
}));
vi.mock('./masksIn.js', () => ({
  addMasks: async (found: readonly FoundFile[]) => void taken.masks.push(...pathsOf(found)),
}));
vi.mock('../open/openImage.js', () => ({
  openImage: async (file: File) => {
    const content = await file.text();
    throw content.startsWith('dicom') ? dicom() : content.startsWith('clip') ? clip() : unsupported('unknown');
  },
}));
vi.mock('../exports/exportClient.js', () => ({
  exportClient: () => ({ call: async (_: string, file: File) => (await file.text()) === 'black and white' }),
}));

const found = (path: string, content = ''): FoundFile => ({ file: new File([content], path), path });
const entry = (path: string): Entry => {
  return {
    id: path,
    name: path,
    path,
    file: new File([], path),
    key: '',
    shapes: 0,
    asked: 0,
    committed: 0,
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

  it('are told for scans where no picture is among them', async () => {
    const disc = [found('CD/DICOMDIR', 'a list'), found('CD/DICOM/IM_0001', 'dicom of a patient'), found('CD/run.exe')];
    await takeFiles(disc, true);
    expect(message.peek()?.text).toBe(text.failures.IMAGE_DICOM[0]);
    await takeFiles([found('a/notes.txt', 'longer than the clip'), found('a/sweep.mp4', 'clip')], true);
    expect(message.peek()?.text).toBe(text.failures.IMAGE_CLIP[0]);
    await takeFiles([found('a/notes.txt')], true);
    expect(message.peek()?.text).toMatch(/^No image found/);
    expect(taken).toEqual({ images: [], masks: [] });
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
