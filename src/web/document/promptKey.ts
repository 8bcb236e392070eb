/**
 * Names a set of prompts, to distinguish a current answer from a stale one. Equal names must mean equal masks from the
 * same model, so everything that affects a mask is part of the name.
 */
import { type Question, questionsOf } from '../../predict/prompts.js';
import type { Annotation } from './types.js';

type Prompts = Pick<Annotation, 'points' | 'box' | 'start' | 'multimask' | 'raw'>;

/** A question to the model, with a key for it and the questions before it. */
interface PromptStep {
  readonly key: string;
  readonly question: Question;
}

/** A key that is equal for equal prompts. */
export function promptKey({ points, box, start, multimask, raw }: Prompts): string {
  const clicks = points.map(([x, y, label = 1]) => `${x},${y},${label}`).join(' ');
  const how = `${multimask ? '|best of three' : ''}${raw ? '|raw' : ''}`;
  return `${box?.join(',') ?? ''}|${clicks}|${start ? hash(start.mask.counts) : ''}${how}`;
}

/** The questions about an object in order; the page asks click by click. */
export const promptSteps = (prompts: Prompts): PromptStep[] =>
  questionsOf({ ...prompts, multimask: prompts.multimask ?? false, oneByOne: true }).map((question) => ({
    key: promptKey({ ...prompts, points: question.points }),
    question,
  }));

/** FNV-1a, 32 bits: distinguishes masks; not cryptographic. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(36);
}
