import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeRle } from '../../formats/rle.js';
import { addObject, addPoint, emptyDocument } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import type { ExportFormat, ExportRequest } from '../exports/exportContract.js';
import { runExport } from './exportsRun.js';
import { type Entry, entries, message } from './state.js';

const { works, written } = vi.hoisted(() => ({
  works: new Map<string, ImageDocument>(),
  written: [] as ExportRequest[],
}));

vi.mock('./entries.js', () => ({
  keyOf: async (id: string) => entries.peek().find((entry) => entry.id === id)!.key,
  workOn: async (entry: Entry) => works.get(entry.key!),
}));
vi.mock('./persist.js', () => ({ keepDataset: () => undefined }));
vi.mock('./download.js', () => ({ download: () => undefined }));
vi.mock('../exports/exportClient.js', () => ({
  exportClient: () => ({
    call: async (_: string, request: ExportRequest) => {
      written.push(request);
      return [{ path: 'file', bytes: new Uint8Array() }];
    },
  }),
}));

const entry = (path: string, key: string): Entry => {
  return {
    id: path,
    name: path,
    path,
    file: new File([], path),
    key,
    shapes: 1,
    asked: 1,
    committed: 0,
    failure: null,
  };
};

const answer = { mask: encodeRle(Uint8Array.of(1, 0), 2, 1), score: 0.5, model: 'samus-s' };
/** An object whose only click is answered. */
const answered = addObject(emptyDocument(2, 1), { id: 'a', classId: 1, points: [[0, 0, 1]], answer });
/** One with a newer click. */
const newer = addPoint(answered, 'a', [1, 0, 1]);
/** One that was never answered. */
const bare = addObject(emptyDocument(2, 1), { id: 'b', classId: 1, points: [[0, 0, 1]] });

const exportAll = (format: ExportFormat): Promise<void> =>
  runExport({ format, scope: 'all', dataset: 'Own', beside: false });
const paths = (): string[] => written.flatMap(({ images }) => images.map(({ path }) => path));

describe('an export of all images', () => {
  beforeEach(() => {
    works.clear();
    written.length = 0;
    message.value = null;
  });

  it('has each picture once, however often it is in the list', async () => {
    works.set('one', answered).set('two', answered);
    entries.value = [entry('x.png', 'one'), entry('copy.png', 'one'), entry('y.png', 'two')];
    await exportAll('us30k');
    expect(paths()).toEqual(['x.png', 'y.png']);
    expect(message.peek()).toMatchObject({ text: '2 images written to file.', hint: '' });
  });

  it('says how many objects have clicks that were not answered, also on images that are left out', async () => {
    works.set('one', newer).set('two', bare);
    entries.value = [entry('x.png', 'one'), entry('y.png', 'two')];
    await exportAll('masks');
    expect(paths()).toEqual(['x.png']);
    expect(message.peek()?.hint).toMatch(/^2 objects have clicks/);
  });

  it('as JSON keeps clicks that were not answered', async () => {
    works.set('two', bare);
    entries.value = [entry('y.png', 'two')];
    await exportAll('masks');
    expect(paths()).toEqual([]);
    expect(message.peek()).toMatchObject({ text: 'There is no mask to export yet.' });
    expect(message.peek()?.hint).toMatch(/^1 object has clicks/);
    await exportAll('prompts');
    expect(paths()).toEqual(['y.png']);
  });
});
