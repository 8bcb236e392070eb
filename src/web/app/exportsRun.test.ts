import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeRle } from '../../formats/rle.js';
import { addObject, addPoint, emptyDocument } from '../document/edit.js';
import type { ImageDocument } from '../document/types.js';
import { workOf } from '../document/workKey.js';
import type { ExportFormat, ExportRequest } from '../exports/exportContract.js';
import { runExport } from './exportsRun.js';
import { currentId, type Entry, entries, message, removedClasses } from './state.js';

const { works, written } = vi.hoisted(() => ({
  works: new Map<string, ImageDocument>(),
  written: [] as ExportRequest[],
}));

vi.mock('./entries.js', () => ({
  contentOf: async (id: string) => entries.peek().find((entry) => entry.id === id)!.key,
}));
vi.mock('./persist.js', () => ({
  keepDataset: () => undefined,
  documentsOf: async (content: string) => {
    const frames = [...works].map(([key, work]) => ({ ...workOf(key), work }));
    return new Map(frames.filter((one) => one.content === content).map(({ frame, work }) => [frame, work]));
  },
}));
vi.mock('./resultsFolder.js', async (load) => ({ ...(await load<object>()), download: () => undefined }));
vi.mock('../exports/exportClient.js', () => ({
  exportClient: () => ({
    call: async (_: string, request: ExportRequest) => {
      written.push(request);
      return { files: [{ path: 'file', bytes: new Uint8Array() }], skipped: [] };
    },
  }),
}));

const entry = (path: string, key: string | null): Entry => {
  return {
    id: path,
    name: path,
    path,
    file: new File([], path),
    key,
    objects: 0,
    shapes: 1,
    asked: 1,
    committed: 0,
    corrected: 0,
    shapeFrames: 0,
    workFrames: 0,
    failure: null,
  };
};

const answer = { mask: encodeRle({ width: 2, height: 1, data: Uint8Array.of(1, 0) }), score: 0.5, model: 'samus-s' };
/** An object whose only click is answered. */
const answered = addObject(emptyDocument(2, 1), { id: 'a', classId: 1, points: [[0, 0, 1]], answer });
/** One with a newer click. */
const newer = addPoint(answered, 'a', [1, 0, 1]);
/** One that was never answered. */
const bare = addObject(emptyDocument(2, 1), { id: 'b', classId: 1, points: [[0, 0, 1]] });

const exportAll = (format: ExportFormat): Promise<void> =>
  runExport({ format, scope: 'all', dataset: 'Own', beside: false });
const paths = (): string[] => written.flatMap(({ images }) => images.map(({ path }) => path));

/** A folder in memory. */
class Folder {
  readonly files = new Map<string, string>();
  readonly folders = new Map<string, Folder>();
  readonly name: string;
  /** How many files it takes. */
  room = Number.POSITIVE_INFINITY;
  /** It takes names and no bytes. */
  full = false;
  writing = false;

  constructor(name: string) {
    this.name = name;
  }

  async requestPermission(): Promise<string> {
    return denied.has(this.name) ? 'denied' : 'granted';
  }

  async getDirectoryHandle(name: string): Promise<Folder> {
    const found = this.folders.get(name) ?? new Folder(name);
    found.room = this.room;
    found.full = this.full;
    this.folders.set(name, found);
    return found;
  }

  async getFileHandle(name: string) {
    if (this.files.size >= this.room) throw new DOMException('no room', 'QuotaExceededError');
    const write = async (bytes: Uint8Array) => {
      this.writing = true;
      if (this.full) throw new DOMException('no room', 'QuotaExceededError');
      this.files.set(name, new TextDecoder().decode(bytes));
    };
    const end = async () => {
      this.writing = false;
    };
    return { createWritable: async () => ({ write, close: end, abort: end }) };
  }

  async removeEntry(name: string): Promise<void> {
    if (this.folders.get(name)?.writing) throw new DOMException('locked', 'NoModificationAllowedError');
    this.folders.delete(name);
  }

  async *values() {
    for (const name of this.folders.keys()) yield { name };
  }

  /** All files by their paths, dates left out. */
  all(): string[] {
    const inner = [...this.folders].flatMap(([name, folder]) =>
      folder.all().map((path) => `${name.replace(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/, 'DATE')}/${path}`),
    );
    return [...this.files.keys(), ...inner];
  }
}

const denied = new Set<string>();

/** An entry of a folder that may be written into. */
function entryIn(folder: Folder, path: string, key: string): Entry {
  const handle = Object.assign(Object.create(null), { kind: 'directory' }, { folder });
  for (const method of ['requestPermission', 'getDirectoryHandle'] as const) {
    handle[method] = folder[method].bind(folder);
  }
  return { ...entry(`${folder.name}/${path}`, key), folder: { id: folder.name, name: folder.name, handle } };
}

describe('results beside the images', () => {
  const saveBeside = (scope: 'all' | 'current' = 'all'): Promise<void> =>
    runExport({ format: 'us30k', scope, dataset: 'Own', beside: true });

  beforeEach(() => {
    works.clear();
    written.length = 0;
    denied.clear();
    message.value = null;
    works.set('one', answered).set('two', answered).set('three', answered);
  });

  it('go each beside its own, those without a folder nowhere, and it is said', async () => {
    const [a, b] = [new Folder('A'), new Folder('B')];
    entries.value = [entryIn(a, 'IM1.png', 'one'), entryIn(b, 'p/IM1.png', 'two'), entry('IM1.png', 'three')];
    await saveBeside();
    expect(written.map(({ images }) => images.map(({ path }) => path))).toEqual([['IM1.png'], ['p/IM1.png']]);
    expect([a.all(), b.all()]).toEqual([['samus-export/DATE/file'], ['samus-export/DATE/file']]);
    expect(message.peek()?.text).toMatch(/^2 images written to A\/samus-export\/.* and B\/samus-export\//);
    expect(message.peek()?.hint).toMatch(/^1 image was skipped/);
  });

  it('replace nothing that was saved before', async () => {
    const a = new Folder('A');
    entries.value = [entryIn(a, '1.png', 'one'), entryIn(a, '2.png', 'two')];
    currentId.value = entries.peek()[0]!.id;
    await saveBeside();
    await saveBeside('current');
    expect(a.folders.get('samus-export')!.folders.size).toBe(2);
  });

  it('are written whole or not at all', async () => {
    for (const room of [0, 1]) {
      const a = new Folder('A');
      a.room = room;
      a.full = true;
      entries.value = [entryIn(a, '1.png', 'one')];
      await saveBeside();
      expect(a.all()).toEqual([]);
      expect(a.folders.get('samus-export')!.folders.size).toBe(0);
      expect(message.peek()).toMatchObject({ tone: 'error', text: 'Could not write the results to A.' });
    }
  });

  it('of one folder are written and told where those of another fail', async () => {
    const [a, b, c] = [new Folder('A'), new Folder('B'), new Folder('C')];
    b.room = 0;
    entries.value = [entryIn(a, '1.png', 'one'), entryIn(b, '2.png', 'two'), entryIn(c, '3.png', 'three')];
    await saveBeside();
    expect([a, b, c].map((folder) => folder.all().length)).toEqual([1, 0, 1]);
    expect(message.peek()).toMatchObject({ tone: 'error', text: 'Could not write the results to B.' });
    expect(message.peek()?.hint).toMatch(/ 2 images written to A\/samus-export\/.* and C\/samus-export\/[^ ]*$/);
  });

  it('name no two images alike, also where a file took the place of another', async () => {
    const a = new Folder('A');
    const renamed = { ...entryIn(a, 'IM1-2.png', 'two'), foundAs: 'A/IM1.png' };
    entries.value = [entryIn(a, 'IM1.png', 'one'), renamed];
    await saveBeside();
    expect(paths()).toEqual(['IM1.png', 'IM1-2.png']);
  });

  it('are left where the person forbids it, and it is said', async () => {
    const [a, b] = [new Folder('A'), new Folder('B')];
    entries.value = [entryIn(a, '1.png', 'one'), entryIn(b, '2.png', 'two')];
    denied.add('B');
    await saveBeside();
    expect([a.all().length, b.all().length]).toEqual([1, 0]);
    expect(message.peek()?.hint).toMatch(/^1 image was skipped/);
    denied.add('A');
    await saveBeside();
    expect(message.peek()?.text).toMatch(/does not allow/);
    expect(a.all()).toHaveLength(1);
  });
});

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

  it('has each frame of a clip that has masks, once', async () => {
    works.set('one', answered).set('one#2', bare).set('one#30', answered).set('two', answered);
    entries.value = [entry('clip.webp', 'one'), entry('y.png', 'two'), entry('copy.webp', 'one')];
    await exportAll('masks');
    const frames = written.flatMap(({ images }) => images.map(({ path, frame }) => [path, frame]));
    expect(frames).toEqual([
      ['clip.webp', 1],
      ['clip.webp', 30],
      ['y.png', 1],
    ]);
    // The object of the second frame is waiting for its mask.
    expect(message.peek()).toMatchObject({
      text: '2 images (3 frames) written to file.',
      hint: expect.stringMatching(/^1 object has prompts/),
    });
  });

  it('says how many objects have clicks that were not answered, also on images that are left out', async () => {
    works.set('one', newer).set('two', bare);
    entries.value = [entry('x.png', 'one'), entry('y.png', 'two')];
    await exportAll('masks');
    expect(paths()).toEqual(['x.png']);
    expect(message.peek()?.hint).toMatch(/^2 objects have prompts/);
  });

  it('brings the classes of images back that were not open', async () => {
    const cyst = { id: 5, name: 'cyst', color: '#112233' };
    removedClasses.value = [cyst];
    works.set('one', addObject(answered, { id: 'c', classId: 5 }));
    entries.value = [entry('x.png', 'one')];
    await exportAll('us30k');
    expect(written.at(-1)?.classes.map(({ name }) => name)).toEqual(['object', 'cyst']);
  });

  it('skips unreadable files with a message', async () => {
    works.set('one', answered);
    entries.value = [entry('gone.png', null), entry('x.png', 'one')];
    await exportAll('masks');
    expect(paths()).toEqual(['x.png']);
    expect(message.peek()).toMatchObject({
      text: '1 image written to file.',
      hint: expect.stringMatching(/^1 image could not/),
    });
  });

  it('as JSON keeps clicks that were not answered', async () => {
    works.set('two', bare);
    entries.value = [entry('y.png', 'two')];
    await exportAll('masks');
    expect(paths()).toEqual([]);
    expect(message.peek()).toMatchObject({ text: 'There are no masks to export yet.' });
    expect(message.peek()?.hint).toMatch(/^1 object has prompts/);
    await exportAll('prompts');
    expect(paths()).toEqual(['y.png']);
  });
});
