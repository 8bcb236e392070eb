/**
 * Asks the model for the objects of one image as their prompts say (predict/asking.ts), and lays strokes over the answers.
 * Files are not read here.
 */
import { SamusError } from '../errors.js';
import type { PromptedObject } from '../formats/annotation.js';
import { decodeRle, encodeRle, type Rle } from '../formats/rle.js';
import { withStrokes } from '../formats/runs.js';
import { askInTurn, isAsked, promptOf, questionsOf } from '../predict/asking.js';
import { maskFields } from '../predict/objectResult.js';
import type { Segmenter } from '../predict/segmenter.js';
import type { Candidate, Encoding, ObjectResult, SegmentOptions } from '../predict/types.js';

/** An object and its first guess, at the image's size: every value but 0 is the object. */
export interface AskedObject {
  readonly object: PromptedObject & { readonly name: string };
  readonly guess?: Uint8Array;
}

/** A mask, whether the model made it or a person. */
export interface Found extends Pick<ObjectResult, 'name' | 'width' | 'height' | 'mask' | 'area' | 'box' | 'parts'> {
  /** Predicted IoU; null where the model was not asked. */
  readonly score: number | null;
  /** What the model proposed in answer to the last question; none where it was not asked. */
  readonly candidates: readonly Candidate[];
  /** The model's mask, where strokes lie over it. */
  readonly answer?: Uint8Array;
}

/**
 * The masks of the objects, in their order. Those that are asked once share runs of the decoder.
 * @param options `multimask` and `clean` are for objects that do not set them; strokes lie over the cleaned mask
 * @throws SamusError PROMPT_MASK_SIZE of a stroke, RLE_INVALID, and as Segmenter.segment
 */
export async function askAll(
  segmenter: Segmenter,
  encoding: Encoding,
  asked: readonly AskedObject[],
  { multimask = false, clean = true }: Pick<SegmentOptions, 'multimask' | 'clean'> = {},
): Promise<Found[]> {
  const open = asked.flatMap((one) => {
    const { object, guess } = one;
    if (!isAsked(object)) return [];
    const questions = questionsOf({ multimask, ...object });
    return [{ one, name: object.name, guess, questions, clean: object.clean ?? clean }];
  });
  const answers = new Map<AskedObject, ObjectResult>();
  for (const [several, cleaned] of [
    [false, true],
    [false, false],
    [true, true],
    [true, false],
  ] as const) {
    const together = open.filter(
      (one) => one.clean === cleaned && one.questions.length === 1 && one.questions[0]?.multimask === several,
    );
    const prompts = together.map(({ name, guess, questions }) => ({ name, ...promptOf(questions[0]!, guess) }));
    const results = await segmenter.segment(encoding, prompts, { multimask: several, clean: cleaned });
    for (const [i, { one }] of together.entries()) answers.set(one, results[i]!);
  }
  for (const { one, name, guess, questions, clean: cleaned } of open) {
    if (answers.has(one)) continue;
    const answer = await askInTurn(questions, guess && (() => guess), (prompt, { multimask: several }) =>
      segmenter.segment(encoding, { name, ...prompt() }, { multimask: several, clean: cleaned }),
    );
    answers.set(one, answer);
  }
  return asked.map((one) => drawnOver(one, answers.get(one), encoding));
}

function drawnOver({ object, guess }: AskedObject, answer: ObjectResult | undefined, encoding: Encoding): Found {
  const { name, added, erased } = object;
  const { width, height } = encoding;
  const found = { name, score: answer?.score ?? null, candidates: answer?.candidates ?? [] };
  if (answer && !added && !erased) return { ...answer, ...found };
  for (const stroke of [added, erased]) if (stroke) checkSize(stroke, name, width, height);
  const below = answer?.mask ?? guess;
  const shape = withStrokes(below ? encodeRle(below, width, height) : null, { added, erased });
  const mask = shape ? decodeRle(shape).data : new Uint8Array(width * height);
  return { ...found, ...maskFields({ width, height, data: mask }), ...(answer && { answer: answer.mask }) };
}

function checkSize({ size }: Rle, name: string, width: number, height: number): void {
  if (size[1] === width && size[0] === height) return;
  throw new SamusError(
    'PROMPT_MASK_SIZE',
    `expected strokes of ${width}x${height} pixels, got ${size[1]}x${size[0]} of ${name}`,
    'give the image on which they were drawn',
  );
}
