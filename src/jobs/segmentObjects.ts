/**
 * Segments one encoded image: its prompted objects (predict/prompts.ts) with strokes applied to the answers, or
 * everything in it. The command line and the server's threads share this code; it reads no files.
 */
import { SamusError } from '../errors.js';
import type { AnnotatedObject } from '../formats/annotation.js';
import { decodeRle, encodeRle, type Rle } from '../formats/rle.js';
import { withStrokes } from '../formats/runs.js';
import { classesOf, promptedOf } from '../models/registry.js';
import { segmentEverything } from '../predict/automatic.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { askInTurn, type FirstGuess, isAsked, promptOf, type Question, questionsOf } from '../predict/prompts.js';
import { maskFields, type Segmenter } from '../predict/segmenter.js';
import type { Candidate, Encoding, ObjectResult } from '../predict/types.js';
import type { JobObject, SegmentJob } from './segmentJob.js';

/** Limit on mask pixels in memory at a time, for many objects of a large image. */
const MASK_PIXELS = 64e6;

/** A prompted object and its mask, from the model or drawn by hand. */
export interface Segmented extends Pick<ObjectResult, 'width' | 'height' | 'mask' | 'area' | 'box' | 'parts'> {
  readonly object: JobObject;
  /** Predicted IoU; null if the model was not asked. */
  readonly score: number | null;
  /** The model's candidates for the last question; none if it was not asked. */
  readonly candidates: readonly Candidate[];
  /** The next prompt's first guess. */
  readonly lowResLogits?: Float32Array;
  /** The model's mask without strokes, if there are strokes. */
  readonly modelMask?: Uint8Array;
  /** Present if the object was found without a prompt. */
  readonly stability?: number;
  /** Of a model with an object score, as in ObjectResult. */
  readonly presence?: number;
  readonly absent?: true;
}

/** The object in the form of documents. */
export function annotated(found: Segmented): AnnotatedObject {
  const { object, score, presence, absent, stability, mask, modelMask, width, height } = found;
  // Drop the previous model's name; the document names the current one.
  const { model, lowResLogits, ...prompted } = object;
  return {
    ...prompted,
    score,
    ...(presence !== undefined && { presence }),
    ...(absent && { absent }),
    ...(stability !== undefined && { stability }),
    ...(modelMask && { answer: encodeRle({ width, height, data: modelMask }) }),
    mask: encodeRle({ width, height, data: mask }),
  };
}

/** The classes that a network finds in an image: one object for each class with pixels, by default as it gives them. */
async function segmentClasses(network: ClassNetwork, encoding: Encoding, clean = false): Promise<Segmented[]> {
  const { width, height } = encoding;
  const ids = Array.from({ length: network.classes - 1 }, (_, i) => i + 1);
  const masks = await network.segment(
    encoding,
    ids.map((classId) => ({ classId })),
    { clean },
  );
  return masks.flatMap(({ mask }, i): Segmented[] => {
    const object = { name: `class-${ids[i]}`, classId: ids[i]!, points: [] };
    const fields = maskFields({ width, height, data: mask });
    return fields.area === 0 ? [] : [{ object, score: null, candidates: [], ...fields }];
  });
}

export interface SegmentObjectsOptions {
  readonly signal?: AbortSignal;
  /** Reads the mask at the path of a first guess of an object. Without it only run lengths and logits are taken. */
  readonly readMask?: (path: string, object: string) => Promise<{ width: number; height: number; data: Uint8Array }>;
}

/**
 * The objects of a job, in order. Objects with a single question share runs of the decoder.
 * @param encoding of this model
 * @throws SamusError MODEL_PROMPTS for a model without prompts that is asked otherwise than by `auto`, MODEL_CLASSES for
 *   `auto` to another model, PROMPT_MASK_SIZE for a first guess or a stroke, PROMPT_LOGITS, RLE_INVALID, as `readMask`, and as
 *   Segmenter.segment and segmentEverything
 */
export async function* segmentObjects(
  model: Segmenter | ClassNetwork,
  encoding: Encoding,
  job: Pick<SegmentJob, 'objects' | 'multimask' | 'clean' | 'minPresence' | 'everything' | 'auto'>,
  { signal, readMask }: SegmentObjectsOptions = {},
): AsyncGenerator<Segmented> {
  if (job.auto) classesOf(model.config);
  else promptedOf(model.config);
  if (model instanceof ClassNetwork) {
    yield* await segmentClasses(model, encoding, job.clean);
    return;
  }
  const { objects, multimask = false, clean = true, minPresence, everything } = job;
  if (everything) {
    for (const found of await segmentEverything(model, encoding, { ...everything, ...(signal && { signal }) })) {
      const { name, point } = found;
      yield { ...found, object: { name, points: [[...point, 1]] } };
    }
    return;
  }
  const step = Math.max(1, Math.floor(MASK_PIXELS / (encoding.width * encoding.height)));
  for (let i = 0; i < objects.length; i += step) {
    signal?.throwIfAborted();
    const asked = await Promise.all(
      objects.slice(i, i + step).map(async (given): Promise<AskedObject> => {
        const object = { ...(multimask && { multimask }), ...(!clean && { clean }), ...given };
        return { object, guess: await firstGuess(object, encoding, readMask), questions: questionsOf(object) };
      }),
    );
    const results = await askModel(model, encoding, asked, minPresence, signal);
    for (const one of asked) yield withStrokesOver(one, results.get(one), encoding);
  }
}

interface AskedObject {
  readonly object: JobObject;
  readonly guess: FirstGuess | undefined;
  readonly questions: readonly Question[];
}

/** Objects with a single question share a run if they have the same options: three masks or one, cleaned or not. */
const WAYS = [
  [false, true],
  [true, true],
  [false, false],
  [true, false],
] as const;

/** The model's results for those objects that it is asked about. */
async function askModel(
  segmenter: Segmenter,
  encoding: Encoding,
  objects: readonly AskedObject[],
  minPresence: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Map<AskedObject, ObjectResult>> {
  const results = new Map<AskedObject, ObjectResult>();
  const least = minPresence === undefined ? {} : { minPresence };
  const open = objects.filter(({ object }) => isAsked(object));
  const single = open.filter(({ questions }) => questions.length === 1);
  for (const [multimask, clean] of WAYS) {
    const together = single.filter(
      ({ object, questions }) => questions[0]!.multimask === multimask && (object.clean ?? true) === clean,
    );
    const prompts = together.map(({ object, guess, questions }) => ({
      name: object.name,
      ...promptOf(questions[0]!, guess),
    }));
    const answers = await segmenter.segment(encoding, prompts, { multimask, clean, ...least });
    for (const [i, result] of answers.entries()) {
      results.set(together[i]!, result);
    }
  }
  for (const one of open) {
    if (results.has(one)) continue;
    const { object, guess, questions } = one;
    const { name, clean = true } = object;
    const last = await askInTurn(questions, guess && (() => guess), (prompt, { multimask }) => {
      signal?.throwIfAborted();
      return segmenter.segment(encoding, { name, ...prompt() }, { multimask, clean, ...least });
    });
    results.set(one, last);
  }
  return results;
}

function withStrokesOver(
  { object: given, guess }: AskedObject,
  result: ObjectResult | undefined,
  encoding: Encoding,
): Segmented {
  const { width, height } = encoding;
  // Run lengths of a first guess from a file, so that the results need no other file.
  const filed = guess instanceof Uint8Array && !given.guess?.rle;
  const object = filed
    ? { ...given, guess: { ...given.guess, rle: encodeRle({ width, height, data: guess }) } }
    : given;
  const { name, added, erased } = object;
  if (result && !added && !erased) return { ...result, object };
  for (const stroke of [added, erased]) if (stroke) checkSize(stroke.size, encoding, `the strokes of ${name}`);
  const below = result?.mask ?? (guess instanceof Uint8Array ? guess : undefined);
  const shape = withStrokes(below ? encodeRle({ width, height, data: below }) : null, { added, erased });
  const mask = shape ? decodeRle(shape).data : new Uint8Array(width * height);
  const { absent, ...answer } = result ?? {};
  const fields = maskFields({ width, height, data: mask });
  return {
    ...answer,
    object,
    score: result?.score ?? null,
    candidates: result?.candidates ?? [],
    ...fields,
    ...(result && { modelMask: result.mask }),
    // What a person draws is there.
    ...(absent && fields.area === 0 && { absent }),
  };
}

/** @throws SamusError PROMPT_MASK_SIZE, PROMPT_LOGITS, RLE_INVALID */
async function firstGuess(
  object: JobObject,
  encoding: Encoding,
  readMask: SegmentObjectsOptions['readMask'],
): Promise<FirstGuess | undefined> {
  const { name, guess, lowResLogits } = object;
  if (lowResLogits !== undefined) return { lowResLogits: logitsOf(name, lowResLogits) };
  if (guess?.rle) {
    // Check before unpacking: a few bytes of text can request any amount of memory.
    checkSize(guess.rle.size, encoding, `the mask of ${name}`);
    return decodeRle(guess.rle).data;
  }
  if (guess?.path === undefined || !readMask) return undefined;
  const { width, height, data } = await readMask(guess.path, name);
  checkSize([height, width], encoding, guess.path);
  return data;
}

function checkSize([rows, columns]: Rle['size'], { width, height }: Encoding, what: string): void {
  if (columns === width && rows === height) return;
  throw new SamusError(
    'PROMPT_MASK_SIZE',
    `expected ${width}x${height} pixels, got ${columns}x${rows} in ${what}`,
    'give a mask of the size of the image; the size of run lengths is [height, width]',
    { width, height },
  );
}

/** Empty if the text is not base64. */
function decodeBase64(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

function logitsOf(name: string, text: string): Float32Array {
  const bytes = decodeBase64(text);
  if (bytes.length === 0 || bytes.length % 4 !== 0) {
    throw new SamusError(
      'PROMPT_LOGITS',
      `expected base64 of little-endian float32, got ${bytes.length} bytes in lowResLogits of ${name}`,
      'pass the lowResLogits of an answer of this model unchanged',
      { object: name, bytes: bytes.length },
    );
  }
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
