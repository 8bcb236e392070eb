/**
 * All edits of the objects of an image, as pure functions from one version of the document to the next. The model is
 * asked elsewhere; an object whose prompts changed keeps its old mask until {@link withAnswer}.
 */
import type { PixelBox } from '../../formats/rle.js';
import { contains, isEmpty, subtract, unite, withStrokes } from '../../formats/runs.js';
import { hasPrompts } from '../../predict/prompts.js';
import type { PointPrompt } from '../../predict/types.js';
import { promptKey } from './promptKey.js';
import type { Annotation, Answer, ImageDocument, PackedMask, Scale, StartMask, Strokes } from './types.js';

const NO_STROKES: Strokes = { added: null, erased: null };

export function emptyDocument(width: number, height: number, scale: Scale | null = null): ImageDocument {
  return { width, height, scale, objects: [], activeId: null };
}

export const findObject = (document: ImageDocument, id: string | null): Annotation | undefined =>
  document.objects.find((object) => object.id === id);

/** Initial values of an object; the default name is `object-N`. */
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
  /** The model's answer to these prompts, if known. */
  readonly answer?: Omit<Answer, 'key'>;
  readonly committed?: boolean;
  readonly carried?: true;
}

/** Adds an object and selects it unless it is finished. */
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

/** @param multimask whether to ask for three masks, if this is the first prompt of the object */
export function addPoint(document: ImageDocument, id: string, point: PointPrompt, multimask = false): ImageDocument {
  return change(document, id, (object) => ({ ...asked(object, multimask), points: [...object.points, point] }));
}

/** Removes the last click, or the box if there are no clicks. */
export function removeLastPrompt(document: ImageDocument, id: string): ImageDocument {
  return change(document, id, (object) => {
    if (object.points.length > 0) return { ...open(object), points: object.points.slice(0, -1) };
    return object.box ? { ...open(object), box: null } : object;
  });
}

/** @param multimask see {@link addPoint} */
export function setBox(document: ImageDocument, id: string, box: PixelBox, multimask = false): ImageDocument {
  return change(document, id, (object) => ({ ...asked(object, multimask), box }));
}

/** Adds or erases pixels by hand. */
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

/** Gives an object another name, class and colour. The name stays if another object of the image has the new one. */
export function withIdentity(
  document: ImageDocument,
  id: string,
  { name, classId, color }: Pick<Annotation, 'name' | 'classId' | 'color'>,
): ImageDocument {
  const taken = document.objects.some((one) => one.id !== id && one.name === name);
  return change(document, id, (one) => ({ ...one, name: taken ? one.name : name, classId, color }));
}

/** @param raw whether to leave the mask as the model returns it */
export function setRaw(document: ImageDocument, id: string, raw: boolean): ImageDocument {
  return change(document, id, (object) =>
    (object.raw ?? false) === raw ? object : { ...object, raw: raw || undefined },
  );
}

export function setHidden(document: ImageDocument, id: string, hidden: boolean): ImageDocument {
  return change(document, id, (object) => (object.hidden === hidden ? object : { ...object, hidden }));
}

/** Copies the visibility of objects from one version to another: Undo restores masks, not visibility. */
export function withHiddenOf(document: ImageDocument, shown: ImageDocument): ImageDocument {
  return shown.objects.reduce((all, { id, hidden }) => setHidden(all, id, hidden), document);
}

/** Finishes an object, so that the next click starts a new one. An object without a mask cannot be finished. */
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

/** Objects with unanswered prompts, the selected one first. */
export function unanswered(document: ImageDocument): Annotation[] {
  const open = document.objects.filter((object) => hasPrompts(object) && object.answer?.key !== promptKey(object));
  return open.sort((a, b) => Number(b.id === document.activeId) - Number(a.id === document.activeId));
}

/** Stores the model's answer, if the prompts have not changed since. */
export function withAnswer(document: ImageDocument, id: string, answer: Answer): ImageDocument {
  return change(document, id, (object) => (promptKey(object) === answer.key ? { ...object, answer } : object));
}

/** What is carried to another image. */
export interface Carried {
  readonly seeds: readonly ObjectSeed[];
  /** Number of dropped clicks outside the image and of cropped boxes. */
  readonly outside: number;
}

/**
 * Prompts, names and classes for an image of this size. Masks, strokes and start masks are not carried, nor objects
 * without a remaining box or positive click.
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

/** Whether a mask is more than the model's answer to one prompt: corrected, drawn, or from a file. */
export const isCorrected = ({ points, box, start, strokes }: Annotation): boolean =>
  points.length + (box ? 1 : 0) > 1 || strokes.added !== null || strokes.erased !== null || start?.origin === 'file';

/** Whether the mask contains none of its positive clicks, as may happen to carried clicks. */
export const missesClicks = ({ points, shape }: Annotation): boolean => {
  const inside = points.filter(([, , label = 1]) => label === 1);
  return inside.length > 0 && !inside.some(([x, y]) => shape !== null && contains(shape, Math.floor(x), Math.floor(y)));
};

/** Marks carried objects as seen, except those whose mask misses its clicks. */
export function seen(document: ImageDocument): ImageDocument {
  const waiting = new Set(unanswered(document));
  return document.objects
    .filter((object) => object.carried && !waiting.has(object) && !missesClicks(object))
    .reduce((all, { id }) => change(all, id, (object) => ({ ...object, carried: undefined })), document);
}

/** The part of a box inside the image, or null. */
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

/** An edited object is unfinished, visible and seen. */
const open = (object: Annotation): Annotation => ({ ...object, committed: false, hidden: false, carried: undefined });

/**
 * An object with a new prompt. The setting of the first prompt applies to all, so that corrections start from its
 * mask.
 */
const asked = (object: Annotation, multimask: boolean): Annotation =>
  hasPrompts(object) ? open(object) : { ...open(object), multimask };

function reshaped(object: Annotation): Annotation {
  const answer = hasPrompts(object) ? object.answer : null;
  const shape = withStrokes(answer?.mask ?? object.start?.mask ?? null, object.strokes);
  return { ...object, answer, shape: shape && nonEmpty(shape) };
}

const nonEmpty = (mask: PackedMask): PackedMask | null => (isEmpty(mask) ? null : mask);

/** @param elsewhere names that objects of other frames have */
export function freeName(document: ImageDocument, elsewhere: readonly string[] = []): string {
  const names = new Set([...elsewhere, ...document.objects.map(({ name }) => name)]);
  for (let n = document.objects.length + 1; ; n++) if (!names.has(`object-${n}`)) return `object-${n}`;
}
