import { batch } from '@preact/signals';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { MANUAL_SIDE, ManualEngine, rowMask } from '../../../test/support/manualEngine.js';
import type { ErrorCode } from '../../errorCodes.js';
import { SamusError } from '../../errors.js';
import { createImage } from '../../formats/image.js';
import { addObject, emptyDocument } from '../document/edit.js';
import { beginHistory } from '../document/history.js';
import type { ImageDocument } from '../document/types.js';
import { createEngine } from '../engine/index.js';
import { cancel, click } from './commands.js';
import { undoStep } from './edits.js';
import { switchEngine } from './engineControl.js';
import { findEverything, proposals } from './everything.js';
import { followPrompts, packed, prepare, previewAt } from './predictions.js';
import { currentClass, document, engineStatus, history, hover, message, opened } from './state.js';

vi.mock('../engine/index.js', () => ({ createEngine: vi.fn() }));

const image = createImage(MANUAL_SIDE, MANUAL_SIDE, 1, new Uint8Array(MANUAL_SIDE ** 2));
const picture = { name: 'a.png', width: MANUAL_SIDE, height: MANUAL_SIDE, image, spacingMm: null, frames: 1, frame: 1 };
const file = {
  frames: 1,
  timing: null,
  dicom: null,
  patient: async () => null,
  read: async () => picture,
  close: () => undefined,
};

/** A click for each object. */
const clicked = (...ids: readonly string[]): ImageDocument =>
  ids.reduce<ImageDocument>(
    (all, id, i) => addObject(all, { id, classId: 1, points: [[i, i, 1]] }),
    emptyDocument(MANUAL_SIDE, MANUAL_SIDE),
  );

/** Opens an image with the work on it, as entries.ts does. */
async function open(key: string, present: ImageDocument): Promise<void> {
  leave();
  batch(() => {
    opened.value = { entryId: key, content: key, key, file, picture };
    history.value = beginHistory(present);
  });
  await prepare();
}

function leave(): void {
  batch(() => {
    opened.value = null;
    history.value = null;
  });
}

const refused = (code: ErrorCode): SamusError => new SamusError(code, 'an answer was expected', 'try again');
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
const answerOf = (id: string) => document.peek()?.objects.find((one) => one.id === id)?.answer?.mask;

let engine: ManualEngine;
beforeAll(followPrompts);
beforeEach(() => {
  leave();
  switchEngine('browser');
  message.value = null;
  vi.mocked(createEngine).mockReset();
  vi.mocked(createEngine).mockImplementation(async () => {
    engine = new ManualEngine();
    return engine;
  });
});

describe('answers', () => {
  it('belong to the requested image, also if they arrive after the next one was opened', async () => {
    await open('a', clicked('one'));
    await open('b', clicked('two'));
    engine.asked[0]!.answer(rowMask(0));
    await settled();
    expect(engine.asked.map(({ key }) => key)).toEqual(['a', 'b']);
    engine.asked[1]!.answer(rowMask(1));
    await settled();
    expect(answerOf('two')).toEqual(packed(rowMask(1)));
    // What came late was not lost either.
    await open('a', clicked('one'));
    await settled();
    expect(answerOf('one')).toEqual(packed(rowMask(0)));
  });

  it('to previews are not waited for when the image is left', async () => {
    await open('c', clicked());
    previewAt([2, 2]);
    leave();
    expect(engine.asked[0]!.signal?.aborted).toBe(true);
    expect(hover.peek()).toBeNull();
  });

  it('after a failure make the engine ready again, and what failed is asked once more', async () => {
    await open('d', clicked('one', 'two'));
    engine.asked[0]!.fail(refused('SERVER_BUSY'));
    await settled();
    expect(engineStatus.peek().phase).toBe('failed');
    engine.asked[1]!.answer(rowMask(1));
    await settled();
    expect(engineStatus.peek().phase).toBe('ready');
    engine.asked[2]!.answer(rowMask(2));
    await settled();
    expect(answerOf('two')).toEqual(packed(rowMask(2)));
    expect(engine.asked).toHaveLength(3);
  });

  it('that cannot be given because a prompt is wrong leave the engine ready, and are not asked for again', async () => {
    await open('i', clicked('one', 'two'));
    engine.asked[0]!.fail(refused('PROMPT_POINT_OUTSIDE'));
    await settled();
    expect(engineStatus.peek().phase).toBe('ready');
    expect(message.peek()?.tone).toBe('error');
    engine.asked[1]!.answer(rowMask(1));
    await settled();
    await prepare();
    expect(engine.asked).toHaveLength(2);
    expect(engineStatus.peek().phase).toBe('ready');
  });

  it('use a new engine after the worker of the old one has ended', async () => {
    await open('e', clicked('one'));
    const dead = engine;
    dead.asked[0]!.fail(refused('WORKER_BROKEN'));
    await settled();
    expect(engineStatus.peek().phase).toBe('failed');
    expect(dead.disposed).toBe(true);
    await prepare();
    expect(engineStatus.peek().phase).toBe('ready');
    engine.asked[0]!.answer(rowMask(0));
    await settled();
    expect(answerOf('one')).toEqual(packed(rowMask(0)));
  });
});

describe('find everything', () => {
  it('stops with a message on leaving the image, and the next one can be searched at once', async () => {
    await open('f', clicked());
    const first = findEverything();
    engine.asked[0]!.progress?.(1, 2);
    expect(engineStatus.peek()).toEqual({ phase: 'everything', done: 1, total: 2 });
    await open('g', clicked());
    expect(engine.asked[0]!.signal?.aborted).toBe(true);
    await first;
    expect(message.peek()?.text).toMatch(/opened another image/);
    expect(engineStatus.peek().phase).toBe('ready');
    const second = findEverything();
    engine.asked[0]!.progress?.(2, 2);
    expect(engineStatus.peek()).toEqual({ phase: 'everything', done: 0, total: 0 });
    engine.asked[1]!.answer(rowMask(3));
    await second;
    expect(proposals.peek().map(({ mask }) => mask)).toEqual([packed(rowMask(3))]);
    expect(document.peek()?.objects).toEqual([]);
    expect(engineStatus.peek().phase).toBe('ready');
    await open('f', clicked());
    expect(proposals.peek()).toEqual([]);
  });

  it('proposes what is not annotated yet, and a click makes an object of it in a step', async () => {
    const start = { mask: packed(rowMask(1)), origin: 'file', score: null } as const;
    await open('k', addObject(clicked(), { id: 'done', classId: 1, start, committed: true }));
    const run = findEverything();
    engine.asked[0]!.answer(rowMask(1), rowMask(3), rowMask(5));
    await run;
    expect(message.peek()?.text).toBe('2 proposals found.');
    expect(message.peek()?.hint).toMatch(/^1 structure was left out/);
    currentClass.value = 2;
    click([0, 3], true);
    expect(proposals.peek().map(({ mask }) => mask)).toEqual([packed(rowMask(5))]);
    const [, accepted] = document.peek()!.objects;
    expect(accepted).toMatchObject({
      classId: 2,
      points: [],
      start: { mask: packed(rowMask(3)), origin: 'automatic' },
    });
    expect(document.peek()?.activeId).toBeNull();
    undoStep();
    expect(document.peek()?.objects).toHaveLength(1);
    expect(proposals.peek()).toHaveLength(2);
    // Beside all of them a click is a click.
    click([0, 0], true);
    expect(document.peek()?.objects.at(-1)?.points).toEqual([[0, 0, 1]]);
    cancel();
    expect(proposals.peek()).toEqual([]);
    currentClass.value = 1;
  });

  it('leaves the engine failed when its worker ended meanwhile', async () => {
    await open('h', clicked());
    const run = findEverything();
    engine.asked[0]!.fail(refused('WORKER_BROKEN'));
    await run;
    expect(engineStatus.peek().phase).toBe('failed');
    expect(engine.disposed).toBe(true);
  });
});
