/**
 * What the prompts of an object mean: which questions the decoder is asked, in which order, and with which first guess.
 * The command line, the server and the page all ask by this file. How strokes lie over the answer is in formats/runs.ts.
 */
import type { PromptedObject } from '../formats/annotation.js';
import type { PixelBox } from '../formats/rle.js';
import type { Candidate, ObjectPrompt, PointPrompt } from './types.js';

/** One question to the decoder: the prompts so far. */
export interface Question {
  readonly points: readonly PointPrompt[];
  readonly box?: PixelBox;
  /** Ask for three masks and take the best. */
  readonly multimask: boolean;
}

type Prompts = Pick<PromptedObject, 'points' | 'multimask' | 'oneByOne'> & { readonly box?: PixelBox | null };

/** Whether there is a click or a box. */
export const hasPrompts = ({ points, box }: Pick<Prompts, 'points' | 'box'>): boolean =>
  points.length > 0 || (box !== null && box !== undefined);

/**
 * Whether the model is asked. Without click and box it is asked about a first guess alone, but not where a person drew, or
 * where the object is asked click by click: the first guess then is the mask.
 */
export const isAsked = (object: Prompts & Pick<PromptedObject, 'added' | 'erased'>): boolean =>
  hasPrompts(object) || !(object.oneByOne || object.added || object.erased);

/**
 * The questions about one object. One by one: the box alone if there is one, then click by click, as the model was
 * trained. Only the first may ask for three masks: a correction is not ambiguous.
 */
export function questionsOf({ points, box, multimask = false, oneByOne = false }: Prompts): Question[] {
  const corners = box ? { box } : {};
  const counts = oneByOne ? [...(box ? [0] : []), ...points.map((_, i) => i + 1)] : [points.length];
  return counts.map((count, i) => ({ points: points.slice(0, count), ...corners, multimask: i === 0 && multimask }));
}

/** What a question goes on from: a mask at the image's size, every value but 0 being the object, or an answer. */
export type FirstGuess = Uint8Array | Pick<Candidate, 'lowResLogits'>;

/**
 * The answer to the last of some questions. The first is asked with the first guess, each later one with the answer
 * before it.
 * @param guess called where it is needed
 * @param ask answers one question; `index` is its place
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

/** One question as the segmenter takes it. */
export function promptOf({ points, box }: Question, before: FirstGuess | undefined): ObjectPrompt {
  return {
    ...(points.length > 0 && { points }),
    ...(box && { box }),
    ...(before && (before instanceof Uint8Array ? { mask: before } : { lowResLogits: before.lowResLogits })),
  };
}
