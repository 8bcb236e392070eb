/**
 * Reads the JSON with prompts (promptsDocument.ts), and that of `samus segment --json`: objects with prompts keep
 * them, so that they can be corrected click by click; the others begin with their mask.
 */
import type { SamusError } from '../../errors.js';
import { type Fields, isFields, isNumbers } from '../../formats/jsonFields.js';
import { decodeRle, encodeRle, type PixelBox, rleCounts } from '../../formats/rle.js';
import { boxOf, pointOf, rleOf } from '../../predict/promptFields.js';
import type { PointPrompt } from '../../predict/types.js';
import type { ObjectSeed } from '../document/edit.js';
import type { ClassEntry, PackedMask, StartMask } from '../document/types.js';
import { pageError } from '../pageError.js';

/** The objects of a file for one image; sizes are those of its masks. */
export interface ImportedImage {
  readonly image: string;
  /** Hash of the image's file, where the masks say it. */
  readonly content?: string;
  readonly width: number;
  readonly height: number;
  /** Width and height of a pixel, where the file tells. */
  readonly spacingMm?: readonly [x: number, y: number];
  readonly objects: readonly Omit<ObjectSeed, 'id'>[];
}

export interface Imported {
  readonly images: readonly ImportedImage[];
  readonly classes: readonly ClassEntry[];
}

/** @throws SamusError ANNOTATIONS_JSON naming the place that is wrong */
export function readPrompts(document: Fields, path: string): Imported {
  const model = typeof document.model === 'string' ? document.model : 'unknown';
  const images = list(document.images, path, 'images').flatMap((entry, i): ImportedImage[] => {
    const where = `images[${i}]`;
    if (!isFields(entry) || typeof entry.image !== 'string') throw wrong(path, where);
    // An image that the command line could not open has no size and no masks.
    if (entry.error !== undefined && entry.objects === undefined) return [];
    const { image, content, width, height, spacing_mm: spacing, objects = [] } = entry;
    if (!isSide(width) || !isSide(height)) throw wrong(path, where);
    const frame = { width, height, model, path };
    const scale = isSpacing(spacing) && { spacingMm: [spacing[0]!, spacing[1]!] as const };
    return [
      {
        image,
        ...(typeof content === 'string' && { content }),
        width,
        height,
        ...scale,
        objects: list(objects, path, `${where}.objects`).map((object, o) =>
          readObject(object, frame, `${where}.objects[${o}]`),
        ),
      },
    ];
  });
  const classes = Array.isArray(document.classes) ? document.classes.flatMap(readClass) : [];
  return { images, classes };
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly model: string;
  readonly path: string;
}

function readObject(object: unknown, frame: Frame, where: string): Omit<ObjectSeed, 'id'> {
  if (!isFields(object)) throw wrong(frame.path, where);
  const prompt = isFields(object.prompt) ? object.prompt : { points: object.points };
  const points = readPoints(prompt.points ?? [], frame, `${where}.points`);
  const box = prompt.box === undefined ? null : readBox(prompt.box, frame, `${where}.prompt.box`);
  const mask = (value: unknown, name: string): PackedMask | null =>
    value === undefined || value === null ? null : readMask(value, frame, `${where}.${name}`);
  const whole = mask(object.rle, 'rle');
  const strokes = { added: mask(object.added, 'added'), erased: mask(object.erased, 'erased') };
  const drawn = strokes.added !== null || strokes.erased !== null;
  const score = typeof object.score === 'number' ? object.score : null;
  const asked = points.length > 0 || box !== null;
  const answer = mask(object.answer, 'answer') ?? (drawn ? null : whole);
  const start =
    readStart(prompt.start, frame, `${where}.prompt.start`) ?? (asked || drawn ? null : startOf(whole, score));
  const atOnce = prompt.oneByOne !== true && points.length + (box ? 1 : 0) > 1;
  const model = typeof object.model === 'string' ? object.model : frame.model;
  return {
    classId: isClassId(object.class) ? object.class : 1,
    ...(typeof object.name === 'string' && object.name.trim() !== '' && { name: object.name.trim().slice(0, 200) }),
    ...(isColor(object.color) && { color: object.color }),
    points,
    box,
    ...(start && { start }),
    ...(typeof prompt.multimask === 'boolean' && { multimask: prompt.multimask }),
    strokes,
    ...(asked && answer && { answer: { mask: answer, score: score ?? 0, model, ...(atOnce && { atOnce }) } }),
    committed: object.committed !== false && whole !== null,
  };
}

const startOf = (mask: PackedMask | null, score: number | null): StartMask | null =>
  mask && { mask, origin: 'file', score };

function readStart(value: unknown, frame: Frame, where: string): StartMask | null {
  if (!isFields(value)) return null;
  const origin = value.origin === 'automatic' ? 'automatic' : 'file';
  const score = typeof value.score === 'number' ? value.score : null;
  return { mask: readMask(value, frame, where), origin, score };
}

function readPoints(value: unknown, frame: Frame, where: string): PointPrompt[] {
  return list(value, frame.path, where).map((point): PointPrompt => {
    const known = pointOf(point);
    if (!known) throw wrong(frame.path, where);
    return known;
  });
}

function readBox(value: unknown, frame: Frame, where: string): PixelBox {
  const known = boxOf(value);
  if (!known) throw wrong(frame.path, where);
  return known;
}

function readMask(value: unknown, { path, width, height }: Frame, where: string): PackedMask {
  const rle = rleOf(value);
  if (rle?.size[0] !== height || rle.size[1] !== width) {
    throw wrong(path, where);
  }
  if (typeof rle.counts !== 'string') return encodeRle(decodeRle(rle).data, width, height);
  rleCounts(rle);
  return { size: rle.size, counts: rle.counts };
}

function readClass(value: unknown): ClassEntry[] {
  if (!isFields(value) || !isClassId(value.id) || typeof value.name !== 'string') return [];
  return isColor(value.color) ? [{ id: value.id, name: value.name.slice(0, 200), color: value.color }] : [];
}

const isClassId = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 255;
const isColor = (value: unknown): value is string => typeof value === 'string' && /^#[0-9a-f]{6}$/i.test(value);
const isSpacing = (value: unknown): value is number[] =>
  isNumbers(value) && value.length === 2 && value.every((mm) => mm > 0);
const isSide = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
function list(value: unknown, path: string, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(path, where);
  return value;
}

/** @param where the place in the file that is missing or wrong */
export const wrong = (path: string, where: string): SamusError => pageError('ANNOTATIONS_JSON', { path, where });
