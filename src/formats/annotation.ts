/**
 * The annotation document: images with their objects, what was asked about each, what was drawn by hand, and the masks.
 * The page saves it, `samus segment --json` prints it and `--prompts` reads it. This file has its type and its writer;
 * annotationRead.ts reads it, and predict/prompts.ts says what the prompts mean.
 */
import type { Json, SamusError } from '../errors.js';
import { type PixelBox, type Rle, rleArea, rleBox } from './rle.js';
import { partCount } from './runs.js';

/** The version that is written. A reader rejects higher ones, whose prompts could have another meaning. */
export const ANNOTATION_VERSION = 1;

/** Part of every help text and result. */
export const NOTICE = 'Research use only, not for diagnosis';

/** x, y, and 1 (the object, default) or 0 (not the object). */
export type PointPrompt = readonly [x: number, y: number, label?: number];

/** Names one picture, by path, by content or by both. */
export interface ImageRef {
  /** As on the command line or in the list of the page. */
  readonly path?: string;
  /** SHA-256 of the file in hexadecimal digits, or its first half. */
  readonly content?: string;
  /** Of a file with several pictures: its number, from 1. Absent: the only picture of the file. */
  readonly frame?: number;
}

export interface AnnotationClass {
  /** Value in class images, from 1 to 255. */
  readonly id: number;
  readonly name: string;
  /** `#rrggbb` */
  readonly color?: string;
}

/** The prompts of one object, and what a person drew. */
export interface PromptedObject {
  readonly name?: string;
  readonly classId?: number;
  /** In place of the color of the class. */
  readonly color?: string;
  /** Clicks in the order in which they were made. */
  readonly points: readonly PointPrompt[];
  readonly box?: PixelBox;
  /** A first guess: the path of a mask image, or run lengths. */
  readonly guess?: Guess;
  /** Ask the first question for three masks and take the best; undefined where the file does not say. */
  readonly multimask?: boolean;
  /** Ask the box first, then click by click, each with the answer so far. Undefined: all prompts at once. */
  readonly oneByOne?: boolean;
  /** False: the mask as the model gives it, with its holes and stray parts. Undefined: as the program is set. */
  readonly clean?: boolean;
  /** Pixels drawn and erased by hand. They hold whatever the model answers. */
  readonly added?: Rle;
  readonly erased?: Rle;
  /** Name of the model that answered. */
  readonly model?: string;
}

export interface Guess {
  readonly path?: string;
  readonly rle?: Rle;
  /** Where run lengths are from, and the model's score of a mask that it found by itself. */
  readonly origin?: 'file' | 'automatic';
  readonly score?: number | null;
}

/** Measurements of a mask on a DICOM image, or why there are none in millimetres. */
export type MaskMillimetres =
  | {
      readonly areaMm2: number;
      readonly perimeterMm: number;
      readonly longAxisMm: number;
      readonly shortAxisMm: number;
    }
  | { readonly why: string };

/** An object with its mask, where there is one. */
export interface AnnotatedObject extends PromptedObject {
  /** Predicted IoU; null where the model was not asked. */
  readonly score?: number | null;
  /** Probability that the prompted object is there, of a model with an object score; and whether it counts as absent. */
  readonly presence?: number;
  readonly absent?: true;
  /** Of an object that was found without a prompt. */
  readonly stability?: number;
  /** The mask with its strokes. */
  readonly mask?: Rle;
  /** Of a mask on a DICOM image. */
  readonly millimetres?: MaskMillimetres;
  /** The model's mask before strokes, where it differs from `mask`. */
  readonly answer?: Rle;
  /** File of the mask. */
  readonly maskFile?: string;
  /** A person marked the object as finished. */
  readonly committed?: boolean;
}

export interface AnnotatedImage {
  readonly image: ImageRef;
  readonly width?: number;
  readonly height?: number;
  /** How many pictures the file has, where there are several. */
  readonly frames?: number;
  /** Number of frames in the header of a truncated file. */
  readonly framesStated?: number;
  /** Width and height of a pixel. */
  readonly spacingMm?: readonly [x: number, y: number];
  /** Of an image of a DICOM file: its instance, if it has a UID, and the size of a pixel where its regions state one. */
  readonly dicom?: {
    readonly sopInstanceUid: string | null;
    readonly spacingMm: readonly [x: number, y: number] | null;
    /** Why they state none. */
    readonly why?: string;
  };
  readonly objects: readonly AnnotatedObject[];
  /** Other files made of the image. */
  readonly files?: { readonly [format in 'overlay' | 'json' | 'dcmseg' | 'dcmsr' | 'dcmsc']?: string };
}

/** An image that could not be segmented. */
export interface FailedImage {
  readonly image: ImageRef;
  readonly error: SamusError;
}

export interface AnnotationDocument {
  /** Of all answers; null where objects name different ones. */
  readonly model: string | null;
  readonly classes: readonly AnnotationClass[];
  readonly images: readonly AnnotatedImage[];
}

/** The document as JSON. Area and box are those of the mask. */
export function annotationJson(
  document: Omit<AnnotationDocument, 'images'> & { readonly images: readonly (AnnotatedImage | FailedImage)[] },
): Record<string, Json> {
  const { model, classes, images } = document;
  const names = new Map(classes.map(({ id, name }) => [id, name]));
  return {
    version: ANNOTATION_VERSION,
    model,
    notice: NOTICE,
    ...(classes.length > 0 && { classes: classes.map((one) => ({ ...one })) }),
    images: images.map((entry) =>
      'error' in entry ? { ...refJson(entry.image), ...entry.error.toJSON() } : imageJson(entry, names),
    ),
  };
}

function refJson({ path, content, frame }: ImageRef): Record<string, Json> {
  return {
    ...(path !== undefined && { image: path }),
    ...(content !== undefined && { content }),
    ...(frame !== undefined && { frame }),
  };
}

function imageJson(entry: AnnotatedImage, names: ReadonlyMap<number, string>): Json {
  const { image, width, height, frames, framesStated, spacingMm, dicom, objects, files } = entry;
  return {
    ...refJson(image),
    ...(frames !== undefined && { frames }),
    ...(framesStated !== undefined && { frames_stated: framesStated }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(spacingMm && { spacing_mm: [...spacingMm] }),
    ...(dicom && {
      sopInstanceUid: dicom.sopInstanceUid,
      spacing_x_mm: dicom.spacingMm?.[0] ?? null,
      spacing_y_mm: dicom.spacingMm?.[1] ?? null,
      ...(dicom.why !== undefined && { why_no_mm: dicom.why }),
    }),
    objects: objects.map((object) => objectJson(object, names)),
    ...files,
  };
}

/** One object of a document. @param names of its classes by number */
export function objectJson(
  object: AnnotatedObject,
  names: ReadonlyMap<number, string> = new Map(),
): Record<string, Json> {
  const { name = '', classId, color, committed, model, points, box, guess, multimask, oneByOne, clean } = object;
  const { added, erased, answer, score = null, presence, absent, stability, mask, maskFile, millimetres } = object;
  const clicks = points.map(([x, y, label = 1]) => [x, y, label]);
  const around = mask && rleBox(mask);
  const start = guess?.rle && {
    ...rleJson(guess.rle),
    ...(guess.origin && { origin: guess.origin }),
    ...(guess.score !== undefined && { score: guess.score }),
  };
  return {
    name,
    ...(classId !== undefined && { class: classId, className: names.get(classId) ?? null }),
    ...(color !== undefined && { color }),
    ...(committed !== undefined && { committed }),
    ...(model !== undefined && { model }),
    points: clicks,
    prompt: {
      points: clicks,
      ...(box && { box: [...box] }),
      ...(guess?.path !== undefined && { mask: guess.path }),
      ...(start && { start }),
      ...(multimask !== undefined && { multimask }),
      ...(oneByOne !== undefined && { oneByOne }),
      ...(clean !== undefined && { clean }),
    },
    ...(added && { added: rleJson(added) }),
    ...(erased && { erased: rleJson(erased) }),
    ...(answer && { answer: rleJson(answer) }),
    score,
    ...(presence !== undefined && { presence }),
    ...(absent && { absent }),
    ...(stability !== undefined && { stability }),
    area: mask ? rleArea(mask) : 0,
    parts: mask ? partCount(mask) : 0,
    box: around ? [...around] : null,
    ...(millimetres && millimetresJson(millimetres)),
    ...(maskFile !== undefined && { mask: maskFile }),
    rle: mask ? rleJson(mask) : null,
  };
}

function millimetresJson(found: MaskMillimetres): Record<string, Json> {
  if ('why' in found) {
    return { area_mm2: null, perimeter_mm: null, long_axis_mm: null, short_axis_mm: null, why_no_mm: found.why };
  }
  const { areaMm2, perimeterMm, longAxisMm, shortAxisMm } = found;
  return { area_mm2: areaMm2, perimeter_mm: perimeterMm, long_axis_mm: longAxisMm, short_axis_mm: shortAxisMm };
}

function rleJson({ size, counts }: Rle): { readonly [key: string]: Json } {
  return { size: [...size], counts: typeof counts === 'string' ? counts : [...counts] };
}
