/**
 * All edits of the objects of an image, as pure functions from one version of the document to the next. The model is
 * asked elsewhere; an object whose prompts changed keeps its old mask until {@link withAnswer}.
 */
import type { PixelBox } from '../../formats/rle.js';
import { contains, isEmpty, subtract, unite, withStrokes } from '../../formats/runs.js';
import { hasPrompts } from '../../predict/asking.js';
import type { PointPrompt } from '../../predict/types.js';
import { promptKey } from './promptKey.js';
import type { Annotation, Answer, ImageDocument, PackedMask, Scale, StartMask, Strokes } from './types.js';

const NO_STROKES: Strokes = { added: null, erased: null };

export function emptyDocument(width: number, height: number, scale: Scale | null = null): ImageDocument {
  return { width, height, scale, objects: [], activeId: null };
}

export const findObject = (document: ImageDocument, id: string | null): Annotation | undefined =>
  document.objects.find((object) => object.id === id);

/** What a new object begins with; without a name it becomes `object-N`. */
export interface ObjectSeed {
  readonly id: string;
  readonly classId: number;
  readonly name?: string;
  readonly color?: string | null;
  readonly start?: StartMask;
  readonly points?: readonly PointPrompt[];
  readonly box?: PixelBox | null;
  readonly multimask?: boolean | undefined;
  readonly raw?: true | undefined;
  readonly strokes?: Strokes;
  /** What the model said to just these prompts, where it is known. */
  readonly answer?: Omit<Answer, 'key'>;
  readonly committed?: boolean;
  readonly carried?: true;
}

/** Adds an object and makes it the active one, unless it is committed. */
export function addObject(document: ImageDocument, seed: ObjectSeed): ImageDocument {
  const { points = [], box = null, start = null, multimask, raw } = seed;
  const object: Annotation = reshaped({
    id: seed.id,
    name: seed.name ?? freeName(document),
    classId: seed.classId,
    color: seed.color ?? null,
    hidden: false,
    committed: seed.committed ?? false,
    ...(seed.carried && { carried: true }),
    points,
    box,
    start,
    multimask,
    ...(raw && { raw }),
    strokes: seed.strokes ?? NO_STROKES,
    answer: seed.answer ? { ...seed.answer, key: promptKey({ points, box, start, multimask, raw }) } : null,
    shape: null,
  });
  const activeId = object.committed ? document.activeId : object.id;
  return { ...document, objects: [...document.objects, object], activeId };
}

export function select(document: ImageDocument, activeId: string | null): ImageDocument {
  return document.activeId === activeId ? document : { ...document, activeId };
}

/** @param multimask whether the model is asked for three masks, if this is the first prompt of the object */
export function addPoint(document: ImageDocument, id: string, point: PointPrompt, multimask = false): ImageDocument {
  return change(document, id, (object) => ({ ...asked(object, multimask), points: [...object.points, point] }));
}

/** Takes the last click back, or the box where there is no click. */
export function removeLastPrompt(document: ImageDocument, id: string): ImageDocument {
  return change(document, id, (object) => {
    if (object.points.length > 0) return { ...open(object), points: object.points.slice(0, -1) };
    return object.box ? { ...open(object), box: null } : object;
  });
}

/** @param multimask as with {@link addPoint} */
export function setBox(document: ImageDocument, id: string, box: PixelBox, multimask = false): ImageDocument {
  return change(document, id, (object) => ({ ...asked(object, multimask), box }));
}

/** Adds pixels drawn by hand, or takes pixels away. */
export function paint(document: ImageDocument, id: string, stroke: PackedMask, erase: boolean): ImageDocument {
  return change(document, id, (object) => {
    const { added, erased } = object.strokes;
    const grown = (mask: PackedMask | null): PackedMask => (mask ? unite(mask, stroke) : stroke);
    const cut = (mask: PackedMask | null): PackedMask | null => (mask ? nonEmpty(subtract(mask, stroke)) : null);
    const strokes = erase ? { added: cut(added), erased: grown(erased) } : { added: grown(added), erased: cut(erased) };
    return { ...open(object), strokes };
  });
}

export function rename(document: ImageDocument, id: string, name: string): ImageDocument {
  const text = name.trim();
  return change(document, id, (object) => (text === '' || text === object.name ? object : { ...object, name: text }));
}

export function setClass(document: ImageDocument, id: string, classId: number): ImageDocument {
  return change(document, id, (object) => (object.classId === classId ? object : { ...object, classId, color: null }));
}

export function setColor(document: ImageDocument, id: string, color: string | null): ImageDocument {
  return change(document, id, (object) => (object.color === color ? object : { ...object, color }));
}

/** @param raw whether its mask is left as the model gives it */
export function setRaw(document: ImageDocument, id: string, raw: boolean): ImageDocument {
  return change(document, id, (object) =>
    (object.raw ?? false) === raw ? object : { ...object, raw: raw || undefined },
  );
}

export function setHidden(document: ImageDocument, id: string, hidden: boolean): ImageDocument {
  return change(document, id, (object) => (object.hidden === hidden ? object : { ...object, hidden }));
}

/** What is hidden in one version, hidden in another too: undo goes back to masks, not to what was shown. */
export function withHiddenOf(document: ImageDocument, shown: ImageDocument): ImageDocument {
  return shown.objects.reduce((all, { id, hidden }) => setHidden(all, id, hidden), document);
}

/** Says that an object is done: the next click begins a new one. An object without a mask cannot be done. */
export function commit(document: ImageDocument, id: string): ImageDocument {
  const object = findObject(document, id);
  if (!object?.shape) return document;
  return select(
    change(document, id, (one) => ({ ...one, committed: true, carried: undefined })),
    null,
  );
}

export function remove(document: ImageDocument, id: string): ImageDocument {
  if (!findObject(document, id)) return document;
  const objects = document.objects.filter((object) => object.id !== id);
  return { ...document, objects, activeId: document.activeId === id ? null : document.activeId };
}

export const setScale = (document: ImageDocument, scale: Scale | null): ImageDocument => ({ ...document, scale });

/** Objects whose prompts the model has not answered yet, the active one first. */
export function unanswered(document: ImageDocument): Annotation[] {
  const open = document.objects.filter((object) => hasPrompts(object) && object.answer?.key !== promptKey(object));
  return open.sort((a, b) => Number(b.id === document.activeId) - Number(a.id === document.activeId));
}

/** Puts the model's answer in, if the object still asks that question. */
export function withAnswer(document: ImageDocument, id: string, answer: Answer): ImageDocument {
  return change(document, id, (object) => (promptKey(object) === answer.key ? { ...object, answer } : object));
}

/** What goes along to another image. */
export interface Carried {
  readonly seeds: readonly ObjectSeed[];
  /** Clicks that lie outside of that image, which stay behind, and boxes that reach out of it, which are cut. */
  readonly outside: number;
}

/**
 * Prompts, names and classes for an image of this size: masks, strokes and what was there before a click stay behind,
 * and so do objects of which no box and no click that adds is left.
 */
export function carried(
  from: ImageDocument,
  { width, height }: Pick<ImageDocument, 'width' | 'height'>,
  newId: () => string,
): Carried {
  let outside = 0;
  const seeds = from.objects.flatMap(
    ({ name, classId, color, multimask, raw, points: all, box: whole }): ObjectSeed[] => {
      const points = all.filter(([x, y]) => x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1);
      const box = whole && cutTo(whole, width, height);
      outside += all.length - points.length + Number(String(box) !== String(whole));
      const asks = box !== null || points.some(([, , label = 1]) => label === 1);
      return asks
        ? [{ id: newId(), name, classId, color, multimask, ...(raw && { raw }), points, box, carried: true }]
        : [];
    },
  );
  return { seeds, outside };
}

/** Whether a mask is more than the model's answer to one prompt: corrected, drawn, or made elsewhere. */
export const isCorrected = ({ points, box, start, strokes }: Annotation): boolean =>
  points.length + (box ? 1 : 0) > 1 || strokes.added !== null || strokes.erased !== null || start?.origin === 'file';

/** Whether the mask has none of the pixels that were clicked to be in it: what carried clicks give in another image. */
export const missesClicks = ({ points, shape }: Annotation): boolean => {
  const inside = points.filter(([, , label = 1]) => label === 1);
  return inside.length > 0 && !inside.some(([x, y]) => shape !== null && contains(shape, Math.floor(x), Math.floor(y)));
};

/** Carried objects that were on the screen count from now on, but for those whose mask misses its clicks. */
export function seen(document: ImageDocument): ImageDocument {
  const waiting = new Set(unanswered(document));
  return document.objects
    .filter((object) => object.carried && !waiting.has(object) && !missesClicks(object))
    .reduce((all, { id }) => change(all, id, (object) => ({ ...object, carried: undefined })), document);
}

/** The part of a box that lies in an image; null if it holds nothing. */
function cutTo([x0, y0, x1, y1]: PixelBox, width: number, height: number): PixelBox | null {
  const box = [Math.max(0, x0), Math.max(0, y0), Math.min(width - 1, x1), Math.min(height - 1, y1)] as const;
  return box[0] < box[2] && box[1] < box[3] ? box : null;
}

function change(document: ImageDocument, id: string, edit: (object: Annotation) => Annotation): ImageDocument {
  let changed = false;
  const objects = document.objects.map((object) => {
    if (object.id !== id) return object;
    const next = edit(object);
    if (next === object) return object;
    changed = true;
    return reshaped(next);
  });
  return changed ? { ...document, objects } : document;
}

/** An object that is worked on is not done, shown, and has been looked at. */
const open = (object: Annotation): Annotation => ({ ...object, committed: false, hidden: false, carried: undefined });

/** An object that gets a prompt: the setting of the first one holds for all, so that corrections go on from its mask. */
const asked = (object: Annotation, multimask: boolean): Annotation =>
  hasPrompts(object) ? open(object) : { ...open(object), multimask };

function reshaped(object: Annotation): Annotation {
  const answer = hasPrompts(object) ? object.answer : null;
  const shape = withStrokes(answer?.mask ?? object.start?.mask ?? null, object.strokes);
  return { ...object, answer, shape: shape && nonEmpty(shape) };
}

const nonEmpty = (mask: PackedMask): PackedMask | null => (isEmpty(mask) ? null : mask);

function freeName(document: ImageDocument): string {
  const names = new Set(document.objects.map(({ name }) => name));
  for (let n = document.objects.length + 1; ; n++) if (!names.has(`object-${n}`)) return `object-${n}`;
}
