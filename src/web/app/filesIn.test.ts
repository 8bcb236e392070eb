import { beforeEach, describe, expect, it, vi } from 'vitest';
import { clip, dicom, unsupported } from '../open/pictureErrors.js';
import { text } from '../text/en.js';
import { takeFiles } from './filesIn.js';
import type { FoundFile } from './listing.js';
import { type Entry, entries, message } from './state.js';

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
    expect(message.peek()?.text).toMatch(/^No image was found/);
    expect(taken).toEqual({ images: [], masks: [] });
  });

  it('are masks of objects if they are named and look like them', async () => {
    entries.value = [entry('old.png')];
    const files = [found('a.png'), found('a.b.png'), found('c.d.png', 'black and white')];
    await takeFiles([...files, found('a.wall.png', 'black and white'), found('old.x.png', 'black and white')], false);
    expect(taken).toEqual({ images: ['a.b.png', 'a.png', 'c.d.png'], masks: ['a.wall.png', 'old.x.png'] });
  });
});
