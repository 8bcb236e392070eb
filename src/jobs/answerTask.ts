/**
 * Segments one encoded image: its prompted objects (predict/asking.ts) with strokes applied to the answers, or
 * everything in it. The command line and the server's threads share this code; it reads no files.
 */
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { decodeRle, encodeRle, type Rle } from '../formats/rle.js';
import { withStrokes } from '../formats/runs.js';
import { askInTurn, type FirstGuess, isAsked, promptOf, questionsOf } from '../predict/asking.js';
import { segmentEverything } from '../predict/automatic.js';
import type { ClassNetwork } from '../predict/classNetwork.js';
import { maskFields } from '../predict/objectResult.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Candidate, Encoding, ObjectResult } from '../predict/types.js';
import type { JobObject, SegmentTask } from './segmentJob.js';

/** Limit on mask pixels in memory at a time, for many objects of a large image. */
const MASK_PIXELS = 64e6;

/** A mask from the model or drawn by hand. */
interface Found extends Pick<ObjectResult, 'name' | 'width' | 'height' | 'mask' | 'area' | 'box' | 'parts'> {
  /** Predicted IoU; null if the model was not asked. */
  readonly score: number | null;
  /** The model's candidates for the last question; none if it was not asked. */
  readonly candidates: readonly Candidate[];
  /** The next prompt's first guess. */
  readonly lowResLogits?: Float32Array;
  /** The model's mask without strokes, if there are strokes. */
  readonly answer?: Uint8Array;
}

/** A prompted object and its mask. */
export interface Answered {
  readonly object: JobObject;
  readonly found: Found;
  /** Present if the object was found without a prompt. */
  readonly stability?: number;
}

/** The classes that a network finds in an image: one object for each class with pixels, unchanged. */
export async function answerClasses(network: ClassNetwork, image: Image): Promise<Answered[]> {
  const map = await network.encode(image);
  const { width, height } = map;
  const ids = Array.from({ length: network.classes - 1 }, (_, i) => i + 1);
  const answers = await network.segment(
    map,
    ids.map((classId) => ({ classId })),
  );
  return answers.flatMap(({ mask }, i): Answered[] => {
    const name = `class-${ids[i]}`;
    const fields = maskFields({ width, height, data: mask });
    const object = { name, classId: ids[i]!, points: [] };
    return fields.area === 0 ? [] : [{ object, found: { name, score: null, candidates: [], ...fields } }];
  });
}

export interface AnswerOptions {
  readonly signal?: AbortSignal;
  /** Reads the mask at the path of a first guess. Without it only run lengths and logits are taken. */
  readonly readMask?: (path: string) => Promise<{ width: number; height: number; data: Uint8Array }>;
}

/**
 * The objects of a task, in order. Objects with a single question share runs of the decoder.
 * @throws SamusError PROMPT_MASK_SIZE for a first guess or a stroke, PROMPT_LOGITS, RLE_INVALID, as `readMask`, and as
 *   Segmenter.segment and segmentEverything
 */
export async function* answerTask(
  segmenter: Segmenter,
  encoding: Encoding,
  { objects, multimask = false, clean = true, everything }: SegmentTask,
  { signal, readMask }: AnswerOptions = {},
): AsyncGenerator<Answered> {
  if (everything) {
    for (const found of await segmentEverything(segmenter, encoding, { ...everything, ...(signal && { signal }) })) {
      const { name, point, stability } = found;
      yield { object: { name, points: [[...point, 1]] }, found, stability };
    }
    return;
  }
  const step = Math.max(1, Math.floor(MASK_PIXELS / (encoding.width * encoding.height)));
  for (let i = 0; i < objects.length; i += step) {
    signal?.throwIfAborted();
    const asked = objects.slice(i, i + step).map((object) => ({
      ...(multimask && { multimask }),
      ...(!clean && { clean }),
      ...object,
    }));
    const guesses = await Promise.all(asked.map((object) => firstOf(object, encoding, readMask)));
    const found = await askAll(segmenter, encoding, asked, guesses);
    for (const [k, object] of asked.entries())
      yield { object: withGuess(object, guesses[k], encoding), found: found[k]! };
  }
}

/** Objects with a single question share a run if they have the same options: three masks or one, cleaned or not. */
const WAYS = [
  [false, true],
  [true, true],
  [false, false],
  [true, false],
] as const;

/** The masks of several objects; `guesses` has their first guesses in the same order. */
async function askAll(
  segmenter: Segmenter,
  encoding: Encoding,
  objects: readonly JobObject[],
  guesses: readonly (FirstGuess | undefined)[],
): Promise<Found[]> {
  const open = objects.flatMap((object, place) => {
    if (!isAsked(object)) return [];
    const { name, clean = true } = object;
    return [{ place, name, clean, guess: guesses[place], questions: questionsOf(object) }];
  });
  const answers = new Map<number, ObjectResult>();
  for (const [multimask, clean] of WAYS) {
    const together = open.filter(
      (one) => one.questions.length === 1 && one.questions[0]!.multimask === multimask && one.clean === clean,
    );
    const prompts = together.map(({ name, guess, questions }) => ({ name, ...promptOf(questions[0]!, guess) }));
    const results = await segmenter.segment(encoding, prompts, { multimask, clean });
    for (const [i, { place }] of together.entries()) answers.set(place, results[i]!);
  }
  for (const { place, name, clean, guess, questions } of open) {
    if (answers.has(place)) continue;
    const answer = await askInTurn(questions, guess && (() => guess), (prompt, { multimask }) =>
      segmenter.segment(encoding, { name, ...prompt() }, { multimask, clean }),
    );
    answers.set(place, answer);
  }
  return objects.map((object, i) => drawnOver(object, guesses[i], answers.get(i), encoding));
}

function drawnOver(
  object: JobObject,
  guess: FirstGuess | undefined,
  answer: ObjectResult | undefined,
  encoding: Encoding,
): Found {
  const { name, added, erased } = object;
  const { width, height } = encoding;
  if (answer && !added && !erased) return answer;
  for (const stroke of [added, erased]) if (stroke) checkSize(stroke.size, encoding, `the strokes of ${name}`);
  const below = answer?.mask ?? (guess instanceof Uint8Array ? guess : undefined);
  const shape = withStrokes(below ? encodeRle(below, width, height) : null, { added, erased });
  const mask = shape ? decodeRle(shape).data : new Uint8Array(width * height);
  const found = { ...answer, name, score: answer?.score ?? null, candidates: answer?.candidates ?? [] };
  return { ...found, ...maskFields({ width, height, data: mask }), ...(answer && { answer: answer.mask }) };
}

/** @throws SamusError PROMPT_MASK_SIZE, PROMPT_LOGITS, RLE_INVALID */
async function firstOf(
  object: JobObject,
  encoding: Encoding,
  readMask: AnswerOptions['readMask'],
): Promise<FirstGuess | undefined> {
  const { name, guess, lowResLogits } = object;
  if (lowResLogits !== undefined) return { lowResLogits: logitsOf(name, lowResLogits) };
  if (guess?.rle) {
    // Check before unpacking: a few bytes of text can request any amount of memory.
    checkSize(guess.rle.size, encoding, `the mask of ${name}`);
    return decodeRle(guess.rle).data;
  }
  if (guess?.path === undefined || !readMask) return undefined;
  const { width, height, data } = await readMask(guess.path);
  checkSize([height, width], encoding, guess.path);
  return data;
}

/** Replaces a first guess from a file by its run lengths, so that the written object needs no other file. */
function withGuess(object: JobObject, guess: FirstGuess | undefined, { width, height }: Encoding): JobObject {
  if (!(guess instanceof Uint8Array) || object.guess?.rle) return object;
  return { ...object, guess: { ...object.guess, rle: encodeRle(guess, width, height) } };
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
function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

function logitsOf(name: string, text: string): Float32Array {
  const bytes = bytesOf(text);
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
