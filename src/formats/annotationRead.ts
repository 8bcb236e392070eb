/**
 * Reads the annotation document (annotation.ts): the current version, those of 0.1.0, which have no `version`, and what a
 * person wrote by hand.
 */
import { SamusError } from '../errors.js';
import {
  ANNOTATION_VERSION,
  type AnnotatedImage,
  type AnnotatedObject,
  type AnnotationClass,
  type AnnotationDocument,
  type Guess,
  type ImageRef,
  type PointPrompt,
} from './annotation.js';
import { type Fields, isFields, isNumber, isNumbers } from './jsonFields.js';
import type { PixelBox, Rle } from './rle.js';

/**
 * The prompts and masks of a document. Images that failed are left out.
 *
 * An object's `prompt` says what was asked. An object without it has its prompts in `points`, `box` and `mask`, unless it
 * has a `score`: then `box` and `mask` are results, and `box` counts only without points. An object with neither
 * prompt nor stroke begins with its mask (`rle`). What 0.1.0 wrote was not cleaned, and is made again without cleaning.
 * @param document parsed JSON: the document, or its list of images
 * @param path for messages
 * @throws SamusError PROMPTS_JSON naming the place, ANNOTATION_VERSION
 */
export function readAnnotation(document: unknown, path: string): AnnotationDocument {
  const top: Fields = isFields(document) ? document : { images: document };
  checkVersion(top.version, path);
  if (!Array.isArray(top.images)) throw wrongPlace(path, 'images', 'expected a list of images');
  const raw = !isGiven(top.version) && typeof top.notice === 'string';
  const classes = new Map((Array.isArray(top.classes) ? top.classes : []).flatMap(readClass).map((c) => [c.id, c]));
  const seen = new Set<string>();
  const images = top.images.flatMap((entry: unknown, i): AnnotatedImage[] => {
    const reader = new PlaceReader(path, `images[${i}]`);
    if (!isFields(entry)) throw reader.wrong('.image', 'expected a path');
    const image = reader.imageRef(entry);
    const { objects, error, width, height, frames, spacing_mm: spacing } = entry;
    if (objects === undefined && isFields(error)) return [];
    if (!Array.isArray(objects)) throw reader.wrong('.objects', 'expected a list of objects');
    const key = JSON.stringify([image.path ?? image.content, image.frame]);
    if (seen.has(key)) throw reader.wrong('.image', 'expected each image once');
    seen.add(key);
    return [
      {
        image,
        ...(isCount(frames) && { frames }),
        ...(isSide(width) && { width }),
        ...(isSide(height) && { height }),
        ...(isSpacing(spacing) && { spacingMm: [spacing[0]!, spacing[1]!] }),
        objects: objects.map((object: unknown, o) => {
          const read = new PlaceReader(path, `images[${i}].objects[${o}]`).object(object);
          const asked = read.points.length > 0 || read.box || (read.guess && !read.oneByOne);
          const own = raw && asked ? { clean: false, ...read } : read;
          const { classId } = own;
          const named = isFields(object) && typeof object.className === 'string' ? object.className : undefined;
          if (classId !== undefined && named !== undefined && !classes.has(classId)) {
            classes.set(classId, { id: classId, name: named });
          }
          return own;
        }),
      },
    ];
  });
  return { model: typeof top.model === 'string' ? top.model : null, classes: [...classes.values()], images };
}

function checkVersion(version: unknown, path: string): void {
  if (!isGiven(version)) return;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw wrongPlace(path, 'version', 'expected a whole number from 1');
  }
  if (version <= ANNOTATION_VERSION) return;
  throw new SamusError(
    'ANNOTATION_VERSION',
    `expected an annotation document of version ${ANNOTATION_VERSION} or older, got version ${version} in ${path}`,
    'read it with a newer version of samus, or export it again',
    { path, version, supported: ANNOTATION_VERSION },
  );
}

/** Reads the fields at one place of a document and names that place in errors. */
class PlaceReader {
  constructor(
    private readonly path: string,
    private readonly place: string,
  ) {}

  wrong(field: string, what: string): SamusError {
    return wrongPlace(this.path, `${this.place}${field}`, what);
  }

  imageRef({ image, content, frame }: Fields): ImageRef {
    const known = typeof content === 'string' && /^[0-9a-f]{32,64}$/i.test(content);
    if (typeof image !== 'string' && (isGiven(image) || !known)) throw this.wrong('.image', 'expected a path');
    if (isGiven(frame) && !(typeof frame === 'number' && Number.isInteger(frame) && frame >= 1)) {
      throw this.wrong('.frame', 'expected a whole number from 1');
    }
    return {
      ...(typeof image === 'string' && { path: image }),
      ...(typeof content === 'string' && { content }),
      ...(typeof frame === 'number' && { frame }),
    };
  }

  object(object: unknown): AnnotatedObject {
    if (!isFields(object)) throw this.wrong('', 'expected an object');
    const { name, prompt, score, presence, absent, color, committed, model, stability } = object;
    if (isGiven(name) && typeof name !== 'string') throw this.wrong('.name', 'expected a text');
    const asked = isFields(prompt) ? prompt : promptOfResult(object);
    const { points = [], box, multimask, oneByOne, clean } = asked;
    if (!Array.isArray(points)) throw this.wrong('.points', 'expected a list of points');
    const clicks = points.map((point) => this.#point(point));
    const corners = isGiven(box) ? this.#box(box) : undefined;
    const [added, erased, answer, mask] = ['added', 'erased', 'answer', 'rle'].map((field) =>
      isGiven(object[field]) ? this.#rle(object[field], `.${field}`) : undefined,
    );
    const empty = clicks.length === 0 && !corners && !added && !erased && oneByOne !== true;
    const guess = this.#guess(asked) ?? (empty && mask ? { rle: mask } : undefined);
    return {
      ...(typeof name === 'string' && { name }),
      ...(isClassId(object.class) && { classId: object.class }),
      ...(isColor(color) && { color }),
      ...(typeof committed === 'boolean' && { committed }),
      ...(typeof model === 'string' && { model }),
      points: clicks,
      ...(corners && { box: corners }),
      ...(guess && { guess }),
      ...(isGiven(multimask) && { multimask: this.#switch(multimask, '.prompt.multimask') }),
      ...(isGiven(oneByOne) && { oneByOne: this.#switch(oneByOne, '.prompt.oneByOne') }),
      ...(isGiven(clean) && { clean: this.#switch(clean, '.prompt.clean') }),
      ...(added && { added }),
      ...(erased && { erased }),
      ...(answer && { answer }),
      ...(isNumber(score) && { score }),
      ...(isNumber(presence) && { presence }),
      ...(absent === true && { absent }),
      ...(isNumber(stability) && { stability }),
      ...(mask && { mask }),
    };
  }

  #guess({ mask, start }: Fields): Guess | undefined {
    const path = typeof mask === 'string' ? { path: mask } : undefined;
    const rle = path || !isGiven(mask) ? (isGiven(start) ? this.#rle(start, '.prompt.start') : undefined) : rleOf(mask);
    if (isGiven(mask) && !path && !rle) throw this.wrong('.mask', 'expected a path or run lengths');
    if (!path && !rle) return undefined;
    const { origin, score }: Fields = isFields(start) ? start : {};
    return {
      ...path,
      ...(rle && { rle }),
      ...(rle && (origin === 'file' || origin === 'automatic') && { origin }),
      ...(rle && (score === null || isNumber(score)) && { score }),
    };
  }

  #point(point: unknown): PointPrompt {
    const [x, y, label, ...rest]: unknown[] = Array.isArray(point) ? point : [];
    const known = LABELS.get(label);
    if (isNumber(x) && isNumber(y) && known !== undefined && rest.length === 0) return [x, y, known];
    throw this.wrong('.points', `expected a point x,y or x,y,0, got ${JSON.stringify(point)}`);
  }

  #box(box: unknown): PixelBox {
    if (isNumbers(box) && box.length === 4) return [box[0]!, box[1]!, box[2]!, box[3]!];
    throw this.wrong('.box', `expected a box x0,y0,x1,y1, got ${JSON.stringify(box)}`);
  }

  #rle(value: unknown, field: string): Rle {
    const known = rleOf(value);
    if (known) return known;
    throw this.wrong(field, 'expected run lengths');
  }

  #switch(value: unknown, field: string): boolean {
    if (typeof value === 'boolean') return value;
    throw this.wrong(field, 'expected true or false');
  }
}

/** An object without `prompt`: a result has its prompts in `points`, anything else in all three fields. */
function promptOfResult(object: Fields): Fields {
  const { points, box, score } = object;
  if (!isGiven(score)) return object;
  return Array.isArray(points) && points.length > 0 ? { points } : { box };
}

const LABELS: ReadonlyMap<unknown, 0 | 1> = new Map<unknown, 0 | 1>([
  [undefined, 1],
  [1, 1],
  [0, 0],
  ['fg', 1],
  ['bg', 0],
]);

/** Run lengths, packed or plain. Not unpacked, so they may still be invalid (RLE_INVALID). */
function rleOf(value: unknown): Rle | undefined {
  if (!isFields(value) || !isNumbers(value.size) || value.size.length !== 2) return undefined;
  const { size, counts } = value;
  if (typeof counts !== 'string' && !isNumbers(counts)) return undefined;
  return { size: [size[0]!, size[1]!], counts };
}

function readClass(value: unknown): AnnotationClass[] {
  if (!isFields(value) || !isClassId(value.id) || typeof value.name !== 'string') return [];
  return [{ id: value.id, name: value.name, ...(isColor(value.color) && { color: value.color }) }];
}

const isClassId = (value: unknown): value is number => isCount(value) && value <= 255;
const isColor = (value: unknown): value is string => typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value);
const isSpacing = (value: unknown): value is number[] =>
  isNumbers(value) && value.length === 2 && value.every((mm) => mm > 0);
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0;
const isSide = (value: unknown): value is number => isCount(value) && value <= 65_535;
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function wrongPlace(path: string, where: string, what: string): SamusError {
  return new SamusError(
    'PROMPTS_JSON',
    `${where} of ${path}: ${what}`,
    'compare it with what samus segment --json prints',
    { path, where },
  );
}
