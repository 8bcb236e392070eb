import { beforeEach, describe, expect, it, vi } from 'vitest';
import { encodeRle } from '../../formats/rle.js';
import { addObject, addPoint, emptyDocument, rename, select, setClass, setScale } from '../document/edit.js';
import { record, redo, undo } from '../document/history.js';
import type { ImageDocument } from '../document/types.js';
import type { StoredFile, StoredSettings } from '../storage/database.js';
import type { FoundFile } from './listing.js';

const held = {
  files: new Map<string, StoredFile>(),
  documents: new Map<string, unknown>(),
  settings: [] as StoredSettings[],
  failing: false,
  /** Until it is there, no work is read. */
  reading: Promise.resolve(),
  /** The work that was read last. */
  asked: '',
};

vi.mock('../storage/onlyTab.js', () => ({ takeOnlyTab: async () => true }));
vi.mock('../storage/database.js', () => ({
  Store: {
    open: async () => ({
      document: async (key: string) => {
        const stored = held.documents.get(key);
        held.asked = key;
        await held.reading;
        return stored;
      },
      documents: async (content: string) => {
        const stored = [...held.documents].filter(([key]) => key.split('#')[0] === content);
        await held.reading;
        return stored;
      },
      settings: async () => held.settings.at(-1),
      putDocument: async (key: string, document: unknown) => void held.documents.set(key, document),
      putFile: async (file: StoredFile) => void held.files.set(file.id, file),
      changeFile: async (id: string, fields: Partial<StoredFile>) => {
        const file = held.files.get(id);
        if (file) held.files.set(id, { ...file, ...fields });
      },
      removeFile: async (id: string) => void held.files.delete(id),
      putSettings: async (settings: StoredSettings) => void held.settings.push(settings),
      clear: async () => {
        if (held.failing) throw new DOMException('lost', 'InvalidStateError');
      },
    }),
  },
}));
vi.mock('../open/openImage.js', () => ({
  imageClient: () => ({ letGo: () => undefined }),
  openFile: async ({ name }: File) => {
    // As the worker does, later than the page.
    if (name.startsWith('gone')) {
      await new Promise((resolve) => setImmediate(resolve));
      const { unreadable } = await import('../open/pictureErrors.js');
      throw unreadable('gone');
    }
    const side = name.startsWith('small') ? 4 : 8;
    const frames = name.startsWith('clip') ? 12 : 1;
    const about = { name, width: side, height: side, image: {}, spacingMm: null, frames };
    const damaged = name.includes('damaged') ? [1, 2, 7] : [];
    const read = async (frame: number) => {
      if (!damaged.includes(frame) && !name.includes('broken')) return { ...about, frame };
      const { SamusError } = await import('../../errors.js');
      throw new SamusError('DICOM_PIXELS_DAMAGED', `frame ${frame}`, '');
    };
    const framesStated = name.includes('cut') ? 20 : undefined;
    return { frames, ...(framesStated && { framesStated }), timing: null, read, close: () => undefined };
  },
}));
// The model is on its way and does not come, but where a test wants it.
const model = { comes: false };
vi.mock('./predictions.js', () => ({
  forgetAnswers: () => undefined,
  prepare: () => (model.comes ? Promise.resolve() : new Promise(() => undefined)),
}));
vi.mock('./engineControl.js', () => ({
  readingBegins: () => undefined,
  readingFailed: () => undefined,
  restartEngine: () => undefined,
}));
vi.mock('./adaptedModel.js', () => ({ forgetAdapted: async () => true }));
vi.stubGlobal('addEventListener', () => undefined);

const found = (name: string, bytes = name): FoundFile => ({ file: new File([bytes], name), path: name });
const withObject = (document: ImageDocument, id: string): ImageDocument => addObject(document, { id, classId: 1 });

function gate() {
  let finish = (): void => undefined;
  const promise = new Promise<void>((resolve) => (finish = resolve));
  return { promise, finish: () => finish() };
}

/** A page that was just loaded, on what was stored by the one before. */
async function load() {
  vi.resetModules();
  const [list, state, persist, works, frames, edits] = await Promise.all([
    import('./entries.js'),
    import('./state.js'),
    import('./persist.js'),
    import('./works.js'),
    import('./frames.js'),
    import('./edits.js'),
  ]);
  persist.followWork();
  works.followFrames();
  const { openStore, restoreSettings, documentsOf } = persist;
  return { ...list, ...state, ...works, ...frames, ...edits, openStore, restoreSettings, documentsOf };
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** Opens images; the call itself lasts until the model has come. */
async function open(page: Loaded, ...files: readonly FoundFile[]): Promise<void> {
  void page.addImages(files);
  await vi.waitFor(() => {
    expect(page.opened.peek()).not.toBeNull();
    expect(page.entries.peek().every(({ key }) => key !== null)).toBe(true);
  });
}

describe('the list of images', () => {
  beforeEach(() => {
    held.files.clear();
    held.documents.clear();
    held.settings.length = 0;
    held.failing = false;
    held.reading = Promise.resolve();
    model.comes = false;
  });

  it('is kept while the model is still on its way, in its order', async () => {
    const page = await load();
    await open(page, found('b.png'), found('a.png'));
    await vi.waitFor(() => expect(held.files.size).toBe(2));
    const stored = [...held.files.values()].sort((a, b) => a.order - b.order);
    expect(stored.map(({ name }) => name)).toEqual(['b.png', 'a.png']);
  });

  it('is restored before images opened meanwhile, which stay open', async () => {
    const before = await load();
    await open(before, found('old.png'));
    await vi.waitFor(() => expect(held.files.size).toBe(1));
    const files = [...held.files.values()];

    const page = await load();
    await open(page, found('new.png'));
    await page.restoreEntries(files, files[0]!.id);
    expect(page.entries.peek().map(({ name }) => name)).toEqual(['old.png', 'new.png']);
    expect(page.opened.peek()?.picture.name).toBe('new.png');
    await vi.waitFor(() => expect(held.files.size).toBe(2));
    const orders = [...held.files.values()].map(({ order }) => order);
    expect(orders[1]).toBeGreaterThan(orders[0]!);
  });

  it('has images of one name apart, and none twice that is opened again, after a reload too', async () => {
    const before = await load();
    await open(before, found('IM1.png', 'of one'), found('IM1.png', 'of two!'));
    const paths = (page: Loaded) => page.entries.peek().map(({ path }) => path);
    expect(paths(before)).toEqual(['IM1.png', 'IM1-2.png']);
    const rows = () => [...held.files.values()].filter(({ path }) => path.startsWith('IM1'));
    await vi.waitFor(() => expect(rows()).toHaveLength(2));

    const page = await load();
    void page.restoreEntries(rows(), null);
    await vi.waitFor(() => expect(page.opened.peek()).not.toBeNull());
    void page.addImages([found('IM1.png', 'of two!'), found('IM1.png', 'of 333')]);
    await vi.waitFor(() => expect(paths(page)).toEqual(['IM1.png', 'IM1-2.png', 'IM1-3.png']));
    expect(page.message.peek()?.text).toBe('This image is already in the list.');
    void page.addImages([found('IM1.png', 'of one')]);
    await vi.waitFor(() => expect(page.currentId.peek()).toBe(page.entries.peek()[0]!.id));
    expect(paths(page)).toHaveLength(3);
  });

  it('opens the next if the first cannot be opened, and still marks it after a reload', async () => {
    const before = await load();
    await open(before, found('gone.png', 'not a picture'), found('b.png'));
    expect(before.opened.peek()?.picture.name).toBe('b.png');
    expect(before.message.peek()?.text).toMatch(/^gone\.png cannot be opened: The browser could not read this file/);
    const rows = () => [...held.files.values()].filter(({ name }) => ['gone.png', 'b.png'].includes(name));
    await vi.waitFor(() => expect(rows().map(({ failure }) => failure?.hint)).toEqual(['Open it again.', undefined]));
    const page = await load();
    void page.restoreEntries(rows(), page.currentId.peek());
    await vi.waitFor(() => expect(page.entries.peek()).toHaveLength(2));
    expect(page.entries.peek().map(({ failure }) => failure !== null)).toEqual([true, false]);
  });

  it('keeps the folder of an image over a reload, and notes one that is known only now', async () => {
    const folder = { id: 'a', name: 'A', handle: Object.create(null) };
    const before = await load();
    await open(before, { ...found('A/1.png', 'one'), folder }, found('A/2.png', 'two'));
    const rows = () => [...held.files.values()].filter(({ path }) => path.startsWith('A/'));
    await vi.waitFor(() => expect(rows()).toHaveLength(2));
    const page = await load();
    void page.restoreEntries(rows(), null);
    await vi.waitFor(() => expect(page.opened.peek()).not.toBeNull());
    expect(page.entries.peek().map((entry) => entry.folder)).toEqual([folder, undefined]);
    void page.addImages([{ ...found('A/2.png', 'two'), folder }]);
    await vi.waitFor(() => expect(page.entries.peek().map((entry) => entry.folder)).toEqual([folder, folder]));
    await vi.waitFor(() => expect(rows().map((file) => file.folder)).toEqual([folder, folder]));
    // It belongs to images and not to the list.
    page.removeAll();
    void page.addImages([found('3.png')]);
    await vi.waitFor(() => expect(page.entries.peek()[0]?.folder).toBeUndefined());
  });

  it('gives a picture that is listed twice the same work, counted at both places', async () => {
    const page = await load();
    await open(page, found('one.png', 'same'), found('two.png', 'same'));
    const now = page.history.peek()!;
    page.history.value = record(now, withObject(now.present, 'drawn'));
    const twin = page.entries.peek()[1]!;
    expect((await page.workOn(twin.key!))?.objects.map(({ id }) => id)).toEqual(['drawn']);

    const mask = encodeRle({ width: 8, height: 8, data: new Uint8Array(64).fill(1) });
    const start = { mask, origin: 'file', score: null } as const;
    const filled = addObject(page.document.peek()!, { id: 'filled', classId: 1, start, committed: true });
    page.putWork(twin.key!, 1, filled);
    expect(page.document.peek()).toBe(filled);
    expect(page.history.peek()?.past).toHaveLength(2);
    expect(page.entries.peek().map(({ shapes, committed }) => [shapes, committed])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('is not saved as long as one of its images is still read', async () => {
    const page = await load();
    await page.openStore();
    const slow = found('slow.png');
    let finish = (_bytes: ArrayBuffer): void => undefined;
    slow.file.arrayBuffer = () => new Promise((resolve) => (finish = resolve));
    void page.addImages([found('first.png'), slow]);
    const names = () => [...held.files.values()].map(({ name }) => name);
    await vi.waitFor(() => expect(names()).toContain('first.png'));
    expect(page.saving.peek()).toBe('pending');
    finish(new ArrayBuffer(1));
    await vi.waitFor(() => expect(page.saving.peek()).toBe('saved'));
    expect(names()).toContain('slow.png');
  });

  it('puts work on an image that is not open, and keeps it', async () => {
    const page = await load();
    await open(page, found('one.png'), found('two.png'));
    const { id, key } = page.entries.peek()[1]!;
    const work = withObject(emptyDocument(8, 8), 'object');
    page.putWork(key!, 1, work);
    expect(await page.workOn(key!)).toBe(work);
    await vi.waitFor(() => expect(held.documents.get(key!)).toBe(work));
    void page.openEntry(id);
    await vi.waitFor(() => expect(page.document.peek()?.objects).toHaveLength(1));
  });

  it('keeps work added while the stored work was read', async () => {
    const page = await load();
    await open(page, found('one.png'), found('two.png'));
    const [, two] = page.entries.peek();
    held.documents.set(two!.key!, emptyDocument(8, 8));
    const { promise, finish } = gate();
    held.reading = promise;
    held.asked = '';
    const asked = page.workOn(two!.key!);
    await vi.waitFor(() => expect(held.asked).toBe(two!.key));
    const work = withObject(emptyDocument(8, 8), 'object');
    page.putWork(two!.key!, 1, work);
    finish();
    expect(await asked).toBe(work);
  });

  it('reports an unreadable file, keeps no work on it, and continues', async () => {
    model.comes = true;
    const page = await load();
    const gone = found('gone.png');
    gone.file.arrayBuffer = async () => {
      throw new DOMException('gone', 'NotReadableError');
    };
    await page.addImages([gone, found('one.png')]);
    const [entry] = page.entries.peek();
    expect(entry?.failure?.text).toMatch(/^The browser could not read this file/);
    expect(await page.contentOf(entry!.id)).toBeNull();
    await page.openEntry(page.entries.peek()[1]!.id);
    expect(page.opened.peek()?.picture.name).toBe('one.png');
  });

  it('does not open an image that was taken off it meanwhile', async () => {
    model.comes = true;
    const page = await load();
    const { promise, finish } = gate();
    held.reading = promise;
    const opening = page.addImages([found('one.png')]);
    await vi.waitFor(() => expect(page.entries.peek()[0]?.key).toEqual(expect.any(String)));
    await page.removeEntry(page.entries.peek()[0]!.id);
    finish();
    await opening;
    expect(page.opened.peek()).toBeNull();
    expect(page.currentId.peek()).toBeNull();
  });

  it('has the classes of the last visit once, whoever asks first', async () => {
    const page = await load();
    const stored = [{ id: 4, name: 'cyst', color: '#123456' }];
    held.settings.push({ classes: stored });
    await page.restoreSettings();
    expect(page.classes.peek()).toEqual(stored);
    expect(page.currentClass.peek()).toBe(4);
    page.classes.value = [];
    await page.restoreSettings();
    expect(page.classes.peek()).toEqual([]);
  });

  it('carries only prompts inside a smaller image, with a message', async () => {
    model.comes = true;
    const page = await load();
    await open(page, found('one.png'), found('small.png'));
    page.carryPrompts.value = true;
    const now = page.history.peek()!;
    const inside = addObject(now.present, { id: 'in', classId: 1, points: [[3, 3]], box: [1, 1, 6, 6] });
    page.history.value = record(now, addObject(inside, { id: 'out', classId: 1, points: [[7, 7]] }));
    await page.move(1);
    const objects = page.document.peek()?.objects.map(({ name, points, box }) => ({ name, points, box }));
    expect(objects).toEqual([{ name: 'object-1', points: [[3, 3]], box: [1, 1, 3, 3] }]);
    expect(page.message.peek()).toMatchObject({
      text: '1 object carried over from the previous image.',
      hint: expect.stringMatching(/^2 clicks or boxes were outside/),
    });
  });

  it('has a clip once, with the work of its frames apart, and opens it at the frame where it was', async () => {
    model.comes = true;
    const before = await load();
    await before.addImages([found('clip-1.webp'), found('one.png')]);
    const clip = before.entries.peek()[0]!;
    const draw = (id: string): void => {
      const now = before.history.peek()!;
      const start = { mask, origin: 'file', score: null } as const;
      before.history.value = record(now, addObject(now.present, { id, classId: 1, start, committed: true }));
    };
    const mask = encodeRle({ width: 8, height: 8, data: new Uint8Array(64).fill(1) });
    draw('of 1');
    await before.goToFrame(7);
    expect(before.document.peek()?.objects).toEqual([]);
    expect(before.history.peek()?.past).toEqual([]);
    draw('of 7');
    await before.goToFrame(8);
    await before.goToFrame(1);
    expect(before.document.peek()?.objects.map(({ id }) => id)).toEqual(['of 1']);
    expect(before.history.peek()?.past).toHaveLength(1);
    await before.goToFrame(7);
    // Frames that were only looked at have no work.
    expect([...(await before.documentsOf(clip.key!)).keys()]).toEqual([1, 7]);
    expect(before.entries.peek()[0]).toMatchObject({ shapes: 2, committed: 2, shapeFrames: 2, workFrames: 2 });
    const stored = () => [...held.documents.keys()].filter((key) => key.startsWith(clip.key!));
    await vi.waitFor(() => expect(stored()).toEqual([clip.key, `${clip.key}#7`]));
    await before.openEntry(before.entries.peek()[1]!.id);
    await before.openEntry(clip.id);
    expect(before.opened.peek()?.picture.frame).toBe(7);

    const page = await load();
    await page.restoreEntries([...held.files.values()], clip.id, 7);
    expect(page.opened.peek()).toMatchObject({ key: `${clip.key}#7`, picture: { frame: 7 } });
    expect(page.document.peek()?.objects.map(({ id }) => id)).toEqual(['of 7']);
    expect(page.entries.peek()[0]).toMatchObject({ shapes: 2, shapeFrames: 2 });
  });

  it('keeps name, class and scale of a clip the same on all frames, whatever is undone', async () => {
    model.comes = true;
    const page = await load();
    await page.addImages([found('clip-2.webp')]);
    const change = (edit: (document: ImageDocument) => ImageDocument): void => {
      const now = page.history.peek()!;
      page.history.value = record(now, edit(now.present));
    };
    change((document) => withObject(document, 'a'));
    await page.goToFrame(2);
    const first = { name: 'object-1', classId: 1, color: null };
    expect(page.continued.peek()).toEqual(first);
    expect(page.objectsElsewhere.peek()).toEqual([first]);
    change((document) => addObject(document, { id: 'b', classId: 1, name: 'object-1' }));
    await page.goToFrame(1);
    // The same object is selected there.
    expect(page.document.peek()?.activeId).toBe('a');
    change((document) => rename(setClass(document, 'a', 3), 'a', 'wall'));
    change((document) => setScale(document, { mm: [0.5, 0.5], origin: 'calibrated' }));
    await page.goToFrame(2);
    const shared = { name: 'wall', classId: 3 };
    expect(page.document.peek()).toMatchObject({ activeId: 'b', objects: [shared], scale: { mm: [0.5, 0.5] } });
    page.history.value = undo(page.history.peek()!);
    expect(page.document.peek()?.objects).toEqual([]);
    page.history.value = redo(page.history.peek()!);
    expect(page.document.peek()).toMatchObject({ objects: [shared], scale: { mm: [0.5, 0.5] } });
    // A frame without work takes over the scale and goes on with the object.
    await page.goToFrame(3);
    expect(page.document.peek()).toMatchObject({ objects: [], scale: { mm: [0.5, 0.5], origin: 'calibrated' } });
    expect(page.continued.peek()).toMatchObject(shared);
  });

  it('goes on with the selected object on the next frame, and gives a new one a name of its own', async () => {
    model.comes = true;
    const page = await load();
    await page.addImages([found('clip-3.webp')]);
    const click = () => page.stepOnActive((document, id) => addPoint(document, id, [1, 1, 1]));
    const names = () => page.document.peek()?.objects.map(({ name }) => name);
    click();
    await page.goToFrame(2);
    click();
    expect(names()).toEqual(['object-1']);
    page.undoStep();
    expect(names()).toEqual([]);
    click();
    expect(names()).toEqual(['object-1']);
    page.quietly((document) => select(document, null));
    click();
    expect(names()).toEqual(['object-1', 'object-2']);
    await page.goToFrame(3);
    page.continued.value = null;
    click();
    expect(names()).toEqual(['object-3']);
  });

  it('opens a clip at the first frame that can be read, and marks the damaged ones', async () => {
    model.comes = true;
    const page = await load();
    await page.addImages([found('clip-damaged-cut.dcm')]);
    expect(page.opened.peek()?.picture.frame).toBe(3);
    expect([...page.damagedFrames.peek()]).toEqual([1, 2]);
    const problems = 'The file is cut off: it has 12 of its 20 frames. Damaged: frames 1, 2.';
    expect(page.message.peek()).toMatchObject({ tone: 'error', text: problems });
    await page.goToFrame(7);
    expect(page.opened.peek()?.picture.frame).toBe(3);
    expect([...page.damagedFrames.peek()]).toEqual([1, 2, 7]);
    await page.goToFrame(12);
    await page.addImages([found('clip-5.webp')]);
    expect([page.damagedFrames.peek().size, page.message.peek()]).toEqual([0, null]);
    // The frame where the person was can be read.
    await page.move(-1);
    expect([page.opened.peek()?.picture.frame, page.damagedFrames.peek().size]).toEqual([12, 0]);

    await page.addImages([found('clip-broken.dcm')]);
    expect(page.opened.peek()).toBeNull();
    expect(page.entries.peek().at(-1)?.failure?.text).toMatch(/damaged/);
  });

  it('takes back a name that made objects of two frames one, without touching the other', async () => {
    model.comes = true;
    const page = await load();
    await page.addImages([found('clip-4.webp')]);
    const add = (id: string, name: string): void => {
      const now = page.history.peek()!;
      page.history.value = record(now, addObject(now.present, { id, classId: 1, name }));
    };
    add('a', 'wall');
    await page.goToFrame(2);
    add('b', 'object-2');
    await page.goToFrame(3);
    add('c', 'object-2');
    const now = page.history.peek()!;
    page.history.value = record(now, rename(now.present, 'c', 'wall'));
    const names = () => [...page.frameWork.peek().values()].map(({ objects }) => objects[0]?.name);
    expect(names()).toEqual(['wall', 'wall', 'wall']);
    page.history.value = undo(page.history.peek()!);
    expect(names()).toEqual(['wall', 'object-2', 'object-2']);
    page.history.value = redo(page.history.peek()!);
    expect(names()).toEqual(['wall', 'wall', 'wall']);
  });

  it('says that all is deleted only if that is so, names of classes too, and what stays', async () => {
    const page = await load();
    await page.openStore();
    const named = [{ id: 1, name: 'of a patient', color: '#123456' }];
    page.classes.value = named;
    held.failing = true;
    await page.forgetEverything();
    expect(page.warning.peek()?.text).toMatch(/could not be deleted/);
    expect(page.message.peek()).toBeNull();
    expect(page.classes.peek()).toBe(named);
    held.failing = false;
    await page.forgetEverything();
    expect(page.message.peek()?.text).toMatch(/were deleted from this browser/);
    expect(page.message.peek()?.hint).toMatch(/are kept/);
    expect(page.classes.peek().map(({ name }) => name)).toEqual(['object']);
    await vi.waitFor(() => expect(held.settings.at(-1)?.classes).toHaveLength(1));
    expect(held.settings.at(-1)?.classes?.[0]?.name).toBe('object');
  });
});
