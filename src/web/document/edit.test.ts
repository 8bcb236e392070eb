import { describe, expect, it } from 'vitest';
import { encodeRle } from '../../formats/rle.js';
import {
  addObject,
  addPoint,
  carried,
  commit,
  emptyDocument,
  findObject,
  isCorrected,
  missesClicks,
  type ObjectSeed,
  paint,
  remove,
  removeLastPrompt,
  seen,
  setBox,
  setHidden,
  setRaw,
  unanswered,
  withAnswer,
} from './edit.js';
import { amend, beginHistory, record, redo, undo } from './history.js';
import { promptKey, promptSteps } from './promptKey.js';
import type { ImageDocument, PackedMask } from './types.js';

/** A mask of 4x1 pixels. */
const mask = (...bits: number[]): PackedMask => encodeRle({ width: 4, height: 1, data: Uint8Array.from(bits) });
const answered = (document: ImageDocument, bits: PackedMask): ImageDocument => {
  const object = findObject(document, 'a')!;
  return withAnswer(document, 'a', { mask: bits, score: 0.9, model: 'm', key: promptKey(object) });
};
const begin = (): ImageDocument => addObject(emptyDocument(4, 1), { id: 'a', classId: 1 });

describe('an object', () => {
  it('asks the model after a click and shows the answer', () => {
    const clicked = addPoint(begin(), 'a', [1, 0, 1]);
    expect(unanswered(clicked).map(({ id }) => id)).toEqual(['a']);
    const done = answered(clicked, mask(0, 1, 1, 0));
    expect(unanswered(done)).toEqual([]);
    expect(findObject(done, 'a')!.shape).toEqual(mask(0, 1, 1, 0));
  });

  it('keeps the old mask until the new click is answered, and refuses an answer to other prompts', () => {
    const first = answered(addPoint(begin(), 'a', [1, 0, 1]), mask(0, 1, 1, 0));
    const second = addPoint(first, 'a', [3, 0, 0]);
    expect(findObject(second, 'a')!.shape).toEqual(mask(0, 1, 1, 0));
    const late = withAnswer(second, 'a', { mask: mask(1, 1, 1, 1), score: 1, model: 'm', key: 'other' });
    expect(late).toBe(second);
  });

  it('keeps strokes whatever the model says', () => {
    const clicked = answered(addPoint(begin(), 'a', [1, 0, 1]), mask(0, 1, 1, 0));
    const painted = paint(paint(clicked, 'a', mask(0, 0, 0, 1), false), 'a', mask(0, 1, 0, 0), true);
    expect(findObject(painted, 'a')!.shape).toEqual(mask(0, 0, 1, 1));
    const again = answered(addPoint(painted, 'a', [0, 0, 1]), mask(1, 1, 0, 0));
    expect(findObject(again, 'a')!.shape).toEqual(mask(1, 0, 0, 1));
  });

  it('shows what was erased again when it is drawn again', () => {
    const erased = paint(answered(addPoint(begin(), 'a', [1, 0]), mask(1, 1, 0, 0)), 'a', mask(1, 1, 0, 0), true);
    expect(findObject(erased, 'a')!.shape).toBeNull();
    expect(findObject(paint(erased, 'a', mask(0, 1, 0, 0), false), 'a')!.shape).toEqual(mask(0, 1, 0, 0));
  });

  it('loses its answer with its last prompt and shows its start again', () => {
    const start = { mask: mask(1, 0, 0, 0), origin: 'file', score: null } as const;
    const document = addObject(emptyDocument(4, 1), { id: 'a', classId: 1, start });
    expect(unanswered(document)).toEqual([]);
    const clicked = answered(addPoint(document, 'a', [1, 0, 1]), mask(1, 1, 0, 0));
    expect(findObject(removeLastPrompt(clicked, 'a'), 'a')!.shape).toEqual(start.mask);
  });

  it('is done with a commit, and open again with the next click', () => {
    const empty = begin();
    expect(commit(empty, 'a')).toBe(empty);
    const done = commit(answered(addPoint(empty, 'a', [1, 0]), mask(0, 1, 0, 0)), 'a');
    expect(done.activeId).toBeNull();
    const hidden = setHidden(done, 'a', true);
    expect(findObject(addPoint(hidden, 'a', [2, 0]), 'a')).toMatchObject({ committed: false, hidden: false });
  });

  it('gets a name that no other object has', () => {
    let document = addObject(begin(), { id: 'b', classId: 1 });
    document = addObject(remove(document, 'a'), { id: 'c', classId: 1 });
    expect(document.objects.map(({ name }) => name)).toEqual(['object-2', 'object-3']);
  });
});

describe('prompts', () => {
  it('become steps: the box first, then click by click', () => {
    const document = addPoint(addPoint(setBox(begin(), 'a', [0, 0, 3, 0]), 'a', [1, 0]), 'a', [2, 0, 0]);
    const steps = promptSteps(findObject(document, 'a')!);
    expect(steps.map(({ question }) => question.points.length)).toEqual([0, 1, 2]);
    expect(steps.at(-1)!.key).toBe(promptKey(findObject(document, 'a')!));
    expect(new Set(steps.map(({ key }) => key)).size).toBe(3);
  });

  it('ask for three masks or not as it was set at the first of them, and are named by that too', () => {
    const three = addPoint(begin(), 'a', [1, 0], true);
    const later = findObject(setBox(addPoint(three, 'a', [2, 0, 0], false), 'a', [0, 0, 3, 0], false), 'a')!;
    expect(promptSteps(later).map(({ question }) => question.multimask)).toEqual([true, false, false]);
    expect(promptKey(later)).not.toBe(promptKey({ ...later, multimask: false }));
    expect(promptKey({ ...later, multimask: false })).toBe(promptKey({ ...later, multimask: undefined }));
    // And by whether the mask is cleaned: an answer from before is none then.
    const raw = setRaw(answered(three, mask(0, 1, 0, 0)), 'a', true);
    expect(unanswered(raw).map(({ id }) => id)).toEqual(['a']);
    expect(unanswered(setRaw(raw, 'a', false))).toEqual([]);
    const begun = addPoint(removeLastPrompt(three, 'a'), 'a', [1, 0], false);
    expect(findObject(begun, 'a')!.multimask).toBe(false);
  });

  it('that are carried count once they were looked at, and not where the mask misses its click', () => {
    const fresh = addObject(emptyDocument(4, 1), { id: 'a', classId: 1, points: [[1, 0, 1]], carried: true });
    const isCarried = (document: ImageDocument) => findObject(document, 'a')!.carried;
    // Not while the model is asked.
    expect(seen(fresh)).toBe(fresh);
    expect(isCarried(seen(answered(fresh, mask(0, 1, 0, 0))))).toBeUndefined();
    const missed = answered(fresh, mask(1, 0, 0, 0));
    expect(missesClicks(findObject(missed, 'a')!)).toBe(true);
    expect(seen(missed)).toBe(missed);
    // Whoever corrects it has looked.
    expect(isCarried(addPoint(missed, 'a', [0, 0, 0]))).toBeUndefined();
    expect(isCarried(commit(missed, 'a'))).toBeUndefined();
  });

  it('beyond the first, strokes and masks of files are corrections; one answer is none', () => {
    const one = addPoint(begin(), 'a', [1, 0]);
    const corrected = (document: ImageDocument) => isCorrected(findObject(document, 'a')!);
    expect(corrected(one)).toBe(false);
    expect(corrected(addPoint(one, 'a', [2, 0, 0]))).toBe(true);
    expect(corrected(paint(one, 'a', mask(1, 0, 0, 0), true))).toBe(true);
    const of = (origin: 'file' | 'automatic') => {
      const start = { mask: mask(1, 1, 0, 0), origin, score: null };
      return corrected(addObject(emptyDocument(4, 1), { id: 'a', classId: 1, start }));
    };
    expect([of('file'), of('automatic')]).toEqual([true, false]);
  });

  it('are carried without masks and strokes', () => {
    const source = paint(answered(addPoint(begin(), 'a', [1, 0]), mask(0, 1, 0, 0)), 'a', mask(1, 0, 0, 0), false);
    const { seeds, outside } = carried(addObject(source, { id: 'drawn', classId: 2 }), source, () => 'new');
    expect(seeds).toEqual([
      {
        id: 'new',
        name: 'object-1',
        classId: 1,
        color: null,
        points: [[1, 0]],
        box: null,
        multimask: false,
        carried: true,
      },
    ]);
    expect(outside).toBe(0);
  });

  it('are carried to a smaller image without clicks outside of it, with boxes cut to it', () => {
    const objects: readonly Omit<ObjectSeed, 'id' | 'classId'>[] = [
      // Goes along with two of three clicks.
      {
        points: [
          [10, 10],
          [63, 47, 0],
          [64, 10],
        ],
      },
      // Reaches out, lies outside, lies inside.
      { box: [30, 30, 90, 40] },
      { box: [70, 5, 90, 20] },
      { box: [0, 0, 63, 47] },
      // What is left of it only says where it is not.
      {
        points: [
          [20, 60],
          [5, 5, 0],
        ],
      },
    ];
    const from = objects.reduce<ImageDocument>(
      (all, seed, i) => addObject(all, { id: `${i}`, classId: 1, ...seed }),
      emptyDocument(100, 100),
    );
    const { seeds, outside } = carried(from, emptyDocument(64, 48), () => 'new');
    expect(seeds.map(({ name, points, box }) => ({ name, points, box }))).toEqual([
      {
        name: 'object-1',
        points: [
          [10, 10],
          [63, 47, 0],
        ],
        box: null,
      },
      { name: 'object-2', points: [], box: [30, 30, 63, 40] },
      { name: 'object-4', points: [], box: [0, 0, 63, 47] },
    ]);
    expect(outside).toBe(4);
  });
});

describe('the history', () => {
  it('goes back and forth through every step, and answers are no steps', () => {
    let history = beginHistory(begin());
    history = record(history, addPoint(history.present, 'a', [1, 0]));
    history = amend(history, answered(history.present, mask(0, 1, 0, 0)));
    for (let i = 0; i < 500; i++) history = record(history, addPoint(history.present, 'a', [i % 4, 0, i % 2]));
    const last = history.present;
    for (let i = 0; i < 500; i++) history = undo(history);
    expect(findObject(history.present, 'a')!.shape).toEqual(mask(0, 1, 0, 0));
    for (let i = 0; i < 600; i++) history = redo(history);
    expect(history.present).toBe(last);
  });

  it('forgets what was undone with the next step, and nothing changed is no step', () => {
    const start = beginHistory(begin());
    const back = undo(record(start, addPoint(start.present, 'a', [1, 0])));
    expect(record(back, back.present).future).toHaveLength(1);
    expect(record(back, addPoint(back.present, 'a', [2, 0])).future).toHaveLength(0);
  });
});
