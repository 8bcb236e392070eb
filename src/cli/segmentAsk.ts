/**
 * Asks the model for the objects of one image, each in the way that its prompts say: all prompts at once, or the way
 * the annotator asks, box first and then click by click; and lays strokes made by hand over the answers. Files are not
 * read here.
 */
import { SamusError } from '../errors.js';
import { decodeRle, type Rle } from '../formats/rle.js';
import { extent } from '../predict/objectResult.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Candidate, Encoding, ObjectPrompt, ObjectResult } from '../predict/types.js';
import type { PromptSpec } from './promptOptions.js';

/** An object and its first guess, at the image's size: every value but 0 is the object. */
export interface Question {
  readonly spec: PromptSpec;
  readonly guess?: Uint8Array;
}

/** A mask, whether the model made it or a person. */
export interface Found extends Pick<ObjectResult, 'name' | 'width' | 'height' | 'mask' | 'area' | 'box'> {
  /** The model's own guess of the IoU; null where it was not asked. */
  readonly score: number | null;
  /** What the model proposed in answer to the last question; none where it was not asked. */
  readonly candidates: readonly Candidate[];
  /** The model's mask, where strokes were laid over it. */
  readonly answer?: Uint8Array;
}

/**
 * The masks of the objects, in their order. Those that are asked once share runs of the decoder.
 * @param multimask of objects that do not say themselves
 * @throws SamusError PROMPT_MASK_SIZE of a stroke, RLE_INVALID, and as Segmenter.segment
 */
export async function askAll(
  segmenter: Segmenter,
  encoding: Encoding,
  questions: readonly Question[],
  multimask: boolean,
): Promise<Found[]> {
  const answers = new Map<Question, ObjectResult>();
  const severalOf = ({ spec }: Question): boolean => spec.multimask ?? multimask;
  const asked = questions.filter(isAsked);
  for (const several of [false, true]) {
    const together = asked.filter((one) => severalOf(one) === several && stepsOf(one).length === 1);
    const results = await segmenter.segment(encoding, together.flatMap(stepsOf), { multimask: several });
    for (const [i, question] of together.entries()) answers.set(question, results[i]!);
  }
  for (const question of asked) {
    if (answers.has(question)) continue;
    let answer: ObjectResult | undefined;
    for (const { mask, ...step } of stepsOf(question)) {
      const guess = answer ? { lowResLogits: answer.lowResLogits } : mask && { mask };
      // Only a first prompt is ambiguous.
      const several = !answer && severalOf(question);
      answer = await segmenter.segment(encoding, { ...step, ...guess }, { multimask: several });
    }
    answers.set(question, answer!);
  }
  return questions.map((question) => drawnOver(question, answers.get(question), encoding));
}

/** Whether the model answers: what a person began with or drew is else taken as it is. */
export function isAsked({ spec: { points, box, oneByOne, added, erased } }: Question): boolean {
  return points.length > 0 || box !== undefined || !(oneByOne || added || erased);
}

/** The questions about one object, each with all prompts so far. */
function stepsOf({ spec: { name, points, box, oneByOne }, guess }: Question): ObjectPrompt[] {
  const whole = { name, points, ...(box && { box }), ...(guess && { mask: guess }) };
  if (!oneByOne) return [whole];
  const steps = points.map((_, i) => ({ ...whole, points: points.slice(0, i + 1) }));
  return box ? [{ ...whole, points: [] }, ...steps] : steps;
}

function drawnOver({ spec, guess }: Question, answer: ObjectResult | undefined, { width, height }: Encoding): Found {
  const { name, added, erased } = spec;
  const found = { name, width, height, score: answer?.score ?? null, candidates: answer?.candidates ?? [] };
  if (answer && !added && !erased) return { ...found, mask: answer.mask, area: answer.area, box: answer.box };
  const mask = answer?.mask.slice() ?? Uint8Array.from(guess ?? new Uint8Array(width * height), Math.sign);
  for (const [stroke, value] of [
    [added, 1],
    [erased, 0],
  ] as const) {
    const pixels = stroke && pixelsOf(stroke, name, width, height);
    if (pixels) for (let i = 0; i < mask.length; i++) if (pixels[i] !== 0) mask[i] = value;
  }
  return { ...found, mask, ...extent(mask, width), ...(answer && { answer: answer.mask }) };
}

function pixelsOf(stroke: Rle, name: string, width: number, height: number): Uint8Array {
  const pixels = decodeRle(stroke);
  if (pixels.width === width && pixels.height === height) return pixels.data;
  throw new SamusError(
    'PROMPT_MASK_SIZE',
    `strokes of ${width}x${height} pixels were expected, those of ${name} have ${pixels.width}x${pixels.height}`,
    'give the image on which they were drawn',
  );
}
