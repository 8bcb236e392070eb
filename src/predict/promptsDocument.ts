/**
 * Prompts out of the JSON that `samus segment --json` prints and the annotator saves, or of the same form written by
 * hand: what was asked for each object, so that its mask can be made again. A document holds results too; how the two
 * are told apart stands with {@link readPromptsDocument}. Files are not read here, nor names checked that become files.
 */
import { SamusError } from '../errors.js';
import { type Fields, isFields } from '../formats/jsonFields.js';
import type { PixelBox, Rle } from '../formats/rle.js';
import { boxOf, pointOf, rleOf } from './promptFields.js';
import type { PointPrompt } from './types.js';

/** The prompts of one object. */
export interface DocumentObject {
  /** As written, or `object-1`, `object-2`, … by place in the list. */
  readonly name: string;
  readonly points: readonly PointPrompt[];
  readonly box?: PixelBox;
  /** A first guess: the path of an image, or run lengths (not unpacked yet). */
  readonly mask?: string | Rle;
}

/** An image by its path or name, and what is to be segmented in it. */
export interface DocumentImage {
  readonly image: string;
  readonly objects: readonly DocumentObject[];
}

/**
 * The prompts of `{"images": [{"image", "objects": [{"name", "points", "box", "mask"}]}]}`; images that failed when the
 * document was written are left out.
 *
 * Where an object has `prompt`, as this project writes it, that is taken: `points`, `box`, and as first guess `mask` (a
 * path) or `start` (run lengths). Else its `points`; and its `box` and `mask`, unless it has a `score`: then those two
 * are results, the box being taken only where there is no point. Where nothing was asked, as for what was painted by
 * hand, the mask that came of it (`rle`) is the first guess.
 * @param document parsed JSON
 * @param path for messages
 * @throws SamusError PROMPTS_JSON naming the place
 */
export function readPromptsDocument(document: unknown, path: string): DocumentImage[] {
  const images = isFields(document) ? document.images : document;
  if (!Array.isArray(images)) throw wrong(path, 'images', 'a list of images was expected');
  const seen = new Set<string>();
  return images.flatMap((entry: unknown, i): DocumentImage[] => {
    const where = `images[${i}]`;
    if (!isFields(entry) || typeof entry.image !== 'string') throw wrong(path, `${where}.image`, 'a path was expected');
    const { image, objects, error } = entry;
    if (objects === undefined && isFields(error)) return [];
    if (!Array.isArray(objects)) throw wrong(path, `${where}.objects`, 'a list of objects was expected');
    if (seen.has(image)) throw wrong(path, `${where}.image`, 'each image was expected once');
    seen.add(image);
    return [{ image, objects: objects.map((object, o) => readObject(object, o, path, `${where}.objects[${o}]`)) }];
  });
}

function readObject(object: unknown, index: number, path: string, where: string): DocumentObject {
  if (!isFields(object)) throw wrong(path, where, 'an object was expected');
  const { name = `object-${index + 1}`, prompt, rle } = object;
  if (typeof name !== 'string') throw wrong(path, `${where}.name`, 'a text was expected');
  const asked = isFields(prompt) ? prompt : promptsOf(object);
  const { points = [], box, mask = asked.start } = asked;
  if (!Array.isArray(points)) throw wrong(path, `${where}.points`, 'a list of points was expected');
  const clicks = points.map((point) => readPoint(point, path, where));
  const corners = isGiven(box) ? readBox(box, path, where) : undefined;
  const guess = isGiven(mask) ? mask : clicks.length === 0 && !corners ? rle : undefined;
  return {
    name,
    points: clicks,
    ...(corners && { box: corners }),
    ...(isGiven(guess) && { mask: readMask(guess, path, where) }),
  };
}

/** An object without `prompt`: a result has its prompts in `points`, anything else in all three fields. */
function promptsOf(object: Fields): Fields {
  const { points, box, score } = object;
  if (!isGiven(score)) return object;
  return Array.isArray(points) && points.length > 0 ? { points } : { box };
}

function readPoint(point: unknown, path: string, where: string): PointPrompt {
  const known = pointOf(point);
  if (known) return known;
  throw wrong(path, where, `a point x,y or x,y,0 was expected, ${JSON.stringify(point)} came`);
}

function readBox(box: unknown, path: string, where: string): PixelBox {
  const known = boxOf(box);
  if (known) return known;
  throw wrong(path, where, `a box x0,y0,x1,y1 was expected, ${JSON.stringify(box)} came`);
}

function readMask(mask: unknown, path: string, where: string): string | Rle {
  const known = typeof mask === 'string' ? mask : rleOf(mask);
  if (known !== undefined) return known;
  throw wrong(path, `${where}.mask`, 'a path or run lengths were expected');
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function wrong(path: string, where: string, what: string): SamusError {
  return new SamusError(
    'input',
    'PROMPTS_JSON',
    `${where} of ${path}: ${what}`,
    'compare it with what samus segment --json prints',
  );
}
