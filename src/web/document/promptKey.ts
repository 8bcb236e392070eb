/**
 * Names a set of prompts, so that an answer can be told from a stale one, and orders them into the steps that the
 * model sees. The same model gives the same mask for the same name, which is what makes an export of prompts worth
 * something: whatever else decides a mask belongs in here.
 */
import type { Annotation } from './types.js';

type Prompts = Pick<Annotation, 'points' | 'box' | 'start' | 'multimask'>;

/** One question to the model: all prompts up to this step; the answer of the step before goes in as well. */
export interface PromptStep {
  readonly key: string;
  readonly prompts: Prompts;
}

/** Whether the model has something to answer: a click or a box. A start alone is shown as it is. */
export const hasPrompts = ({ points, box }: Prompts): boolean => points.length > 0 || box !== null;

/** Equal for equal prompts. */
export function promptKey({ points, box, start, multimask }: Prompts): string {
  const clicks = points.map(([x, y, label = 1]) => `${x},${y},${label}`).join(' ');
  return `${box?.join(',') ?? ''}|${clicks}|${start ? hash(start.mask.counts) : ''}${multimask ? '|best of three' : ''}`;
}

/**
 * The steps from the first prompt to all of them: the box alone if there is one, then click by click, each with
 * the mask so far as a guess, as the model was trained.
 */
export function promptSteps({ points, box, start, multimask }: Prompts): PromptStep[] {
  const step = (count: number): PromptStep => {
    const prompts = { points: points.slice(0, count), box, start, multimask };
    return { key: promptKey(prompts), prompts };
  };
  const steps = points.map((_, i) => step(i + 1));
  return box ? [step(0), ...steps] : steps;
}

/** FNV-1a, 32 bits: tells masks apart, proves nothing. */
function hash(text: string): string {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return (state >>> 0).toString(36);
}
