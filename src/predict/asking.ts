/**
 * Turns the prompts of an object into questions to the decoder: their order and first guesses. The command line, the
 * server and the page share this file. formats/runs.ts applies strokes to the answer.
 */
import type { PromptedObject } from '../formats/annotation.js';
import type { PixelBox } from '../formats/rle.js';
import type { Candidate, ObjectPrompt, PointPrompt } from './types.js';

/** One question to the decoder: the prompts so far. */
export interface Question {
  readonly points: readonly PointPrompt[];
  readonly box?: PixelBox;
  /** Ask for three masks and keep the best. */
  readonly multimask: boolean;
}

type Prompts = Pick<PromptedObject, 'points' | 'multimask' | 'oneByOne'> & { readonly box?: PixelBox | null };

/** Whether there is a click or a box. */
export const hasPrompts = ({ points, box }: Pick<Prompts, 'points' | 'box'>): boolean =>
  points.length > 0 || (box !== null && box !== undefined);

/**
 * Whether to ask the model. Without click and box, it is asked about a first guess alone, unless the user drew strokes or
 * the object is asked click by click; then the first guess is the mask.
 */
export const isAsked = (object: Prompts & Pick<PromptedObject, 'added' | 'erased'>): boolean =>
  hasPrompts(object) || !(object.oneByOne || object.added || object.erased);

/**
 * The questions about one object. One by one: the box alone if there is one, then click by click, as in training. Only
 * the first question may ask for three masks, because a correction is not ambiguous.
 */
export function questionsOf({ points, box, multimask = false, oneByOne = false }: Prompts): Question[] {
  const corners = box ? { box } : {};
  const counts = oneByOne ? [...(box ? [0] : []), ...points.map((_, i) => i + 1)] : [points.length];
  return counts.map((count, i) => ({ points: points.slice(0, count), ...corners, multimask: i === 0 && multimask }));
}

/** The first guess of a question: a mask at the image's size, not 0 inside the object, or a previous answer. */
export type FirstGuess = Uint8Array | Pick<Candidate, 'lowResLogits'>;

/**
 * The answer to the last of several questions. The first uses the first guess, each later one the previous answer.
 * @param guess called if needed
 * @param ask answers one question; `index` is its position
 */
export async function askInTurn<A extends Pick<Candidate, 'lowResLogits'>>(
  questions: readonly Question[],
  guess: (() => FirstGuess) | undefined,
  ask: (prompt: () => ObjectPrompt, question: Question, index: number) => Promise<A>,
): Promise<A> {
  let last: A | undefined;
  for (const [index, question] of questions.entries()) {
    const before = last;
    last = await ask(() => promptOf(question, before ?? guess?.()), question, index);
  }
  if (!last) throw new Error('an object without a question was asked');
  return last;
}

/** One question in the form of the segmenter. */
export function promptOf({ points, box }: Question, before: FirstGuess | undefined): ObjectPrompt {
  return {
    ...(points.length > 0 && { points }),
    ...(box && { box }),
    ...(before && (before instanceof Uint8Array ? { mask: before } : { lowResLogits: before.lowResLogits })),
  };
}
