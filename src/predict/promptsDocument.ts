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
  /** Ask for the three masks of an ambiguous prompt, in the first question; undefined where the file does not say. */
  readonly multimask?: boolean;
  /**
   * How the annotator asks: the box first, then click by click, each with the answer so far as a first guess. Without
   * box and clicks nothing is asked, and the first guess is the mask. Undefined: all at once.
   */
  readonly oneByOne?: boolean;
  /** Pixels that a person drew or erased: they hold whatever the model says. Not unpacked yet. */
  readonly added?: Rle;
  readonly erased?: Rle;
  /** Name of the model that answered. */
  readonly model?: string;
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
 * path) or `start` (run lengths), and how it was asked: `multimask`, `oneByOne`. Else its `points`; and its `box` and `mask`, unless it has a `score`: then those two
 * are results, the box being taken only where there is no point. What was drawn and erased by hand (`added`, `erased`) is
 * taken too. Where nothing of all this is there, the mask that came (`rle`) is the first guess.
 * @param document parsed JSON
 * @param path for messages
 * @throws SamusError PROMPTS_JSON naming the place
 */
export function readPromptsDocument(document: unknown, path: string): DocumentImage[] {
  const { images, model }: Fields = isFields(document) ? document : { images: document };
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
    return [
      { image, objects: objects.map((object, o) => readObject(object, o, model, path, `${where}.objects[${o}]`)) },
    ];
  });
}

function readObject(object: unknown, index: number, modelOfAll: unknown, path: string, where: string): DocumentObject {
  if (!isFields(object)) throw wrong(path, where, 'an object was expected');
  const { name = `object-${index + 1}`, prompt, rle, added, erased, model = modelOfAll } = object;
  if (typeof name !== 'string') throw wrong(path, `${where}.name`, 'a text was expected');
  const asked = isFields(prompt) ? prompt : promptsOf(object);
  const { points = [], box, mask = asked.start, multimask, oneByOne } = asked;
  if (!Array.isArray(points)) throw wrong(path, `${where}.points`, 'a list of points was expected');
  const clicks = points.map((point) => readPoint(point, path, where));
  const corners = isGiven(box) ? readBox(box, path, where) : undefined;
  const drawn = isGiven(added) || isGiven(erased);
  const nothing = clicks.length === 0 && !corners && !drawn && oneByOne !== true;
  const guess = isGiven(mask) ? mask : nothing ? rle : undefined;
  return {
    name,
    points: clicks,
    ...(corners && { box: corners }),
    ...(isGiven(guess) && { mask: readMask(guess, path, where) }),
    ...(isGiven(multimask) && { multimask: readSwitch(multimask, path, `${where}.prompt.multimask`) }),
    ...(isGiven(oneByOne) && { oneByOne: readSwitch(oneByOne, path, `${where}.prompt.oneByOne`) }),
    ...(isGiven(added) && { added: readRle(added, path, `${where}.added`) }),
    ...(isGiven(erased) && { erased: readRle(erased, path, `${where}.erased`) }),
    ...(typeof model === 'string' && { model }),
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

function readRle(mask: unknown, path: string, where: string): Rle {
  const known = rleOf(mask);
  if (known !== undefined) return known;
  throw wrong(path, where, 'run lengths were expected');
}

function readSwitch(value: unknown, path: string, where: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(path, where, 'true or false was expected');
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function wrong(path: string, where: string, what: string): SamusError {
  return new SamusError(
    'PROMPTS_JSON',
    `${where} of ${path}: ${what}`,
    'compare it with what samus segment --json prints',
  );
}
