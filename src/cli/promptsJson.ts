/**
 * Prompts out of JSON: the document of `samus segment --json`, or the same form written by hand with only the prompts
 * in it. A document holds results too; how the two are told apart stands with {@link promptsFromJson}.
 */
import { SamusError } from '../errors.js';
import { PromptList, type PromptSpec, parseBox, parsePoint } from './promptOptions.js';

/**
 * The prompts of `{"images": [{"image", "objects": [{"name", "points", "box", "mask"}]}]}`.
 *
 * Where an object has `prompt`, as this program writes it, that is taken. Else its `points`; and its `box` and `mask`
 * (a path), unless it has a `score`: then those two are results, taken only where there is no point.
 * @throws SamusError PROMPTS_JSON naming the place
 */
export function promptsFromJson(text: string, path: string): Map<string, readonly PromptSpec[]> {
  const document = parse(text, path);
  const images = isObject(document) ? document.images : document;
  if (!Array.isArray(images)) throw wrong(path, 'images', 'a list of images');
  const prompts = new Map<string, readonly PromptSpec[]>();
  for (const [i, entry] of images.entries()) {
    const where = `images[${i}]`;
    if (!isObject(entry) || typeof entry.image !== 'string') throw wrong(path, `${where}.image`, 'a path');
    const { objects, error } = entry;
    // An image that failed when the document was written.
    if (objects === undefined && isObject(error)) continue;
    if (!Array.isArray(objects)) throw wrong(path, `${where}.objects`, 'a list of objects');
    const list = new PromptList();
    for (const [o, object] of objects.entries()) addObject(list, object, o, path, `${where}.objects[${o}]`);
    if (prompts.has(entry.image)) throw wrong(path, `${where}.image`, 'each image once');
    prompts.set(entry.image, list.list());
  }
  return prompts;
}

function addObject(list: PromptList, object: unknown, index: number, path: string, where: string): void {
  if (!isObject(object)) throw wrong(path, where, 'an object');
  const { name = `object-${index + 1}`, prompt } = object;
  if (typeof name !== 'string') throw wrong(path, `${where}.name`, 'a text');
  const source = isObject(prompt) ? prompt : promptsOf(object);
  const { points = [], box, mask } = source;
  if (!Array.isArray(points)) throw wrong(path, `${where}.points`, 'a list of points');
  try {
    list.object(name);
    for (const point of points) list.point(parsePoint(joined(point)));
    if (box !== undefined && box !== null) list.box(parseBox(joined(box)));
    if (typeof mask === 'string') list.mask(mask);
    else if (mask !== undefined && mask !== null) throw wrong(path, `${where}.mask`, 'a path');
  } catch (error) {
    if (!(error instanceof SamusError) || error.kind === 'input') throw error;
    throw new SamusError('input', 'PROMPTS_JSON', `${where} of ${path}: ${error.message}`, error.hint, {
      reason: error.code,
    });
  }
}

/** An object without `prompt`: a result has its prompts in `points`, anything else in all three fields. */
function promptsOf(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { points, box, score } = object;
  if (score === undefined) return object;
  return Array.isArray(points) && points.length > 0 ? { points } : { box };
}

/** Numbers as the command line has them; whatever else it is fails there with a message of its form. */
function joined(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : JSON.stringify(value);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SamusError('input', 'PROMPTS_JSON', `${path} looks like JSON and is not: ${reason}`, 'correct the file');
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(path: string, where: string, expected: string): SamusError {
  const message = `${where} of ${path}: ${expected} was expected`;
  return new SamusError('input', 'PROMPTS_JSON', message, 'compare it with what samus segment --json prints');
}
