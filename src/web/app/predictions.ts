/**
 * Keeps masks in step with their prompts. Whenever prompts change (a click, undo, carried prompts, a file), it asks the
 * model for the objects without a current answer, one at a time. Answers are cached.
 */
import { effect } from '@preact/signals';
import { SamusError } from '../../errors.js';
import { decodeRle, packRle, rleCounts } from '../../formats/rle.js';
import { askInTurn, hasPrompts } from '../../predict/asking.js';
import { seen, withAnswer } from '../document/edit.js';
import { promptKey, promptSteps } from '../document/promptKey.js';
import type { Annotation, PackedMask } from '../document/types.js';
import type { Engine, EngineMask } from '../engine/engine.js';
import { latestOnly } from '../engine/latestOnly.js';
import { nextQuestion, quietly } from './edits.js';
import { engineFailed, modelOf, readImage, readyEngine } from './engineControl.js';
import { isAbort, sayError } from './messages.js';
import {
  active,
  adding,
  cleanMasks,
  document,
  engineStatus,
  hover,
  multimask,
  opened,
  showPreview,
  thinking,
  tool,
} from './state.js';

/** Each holds logits of 16 to 256 kB. */
const MOST_ANSWERS = 200;

/** By image, model and prompts. */
const answers = new Map<string, EngineMask>();
let running = false;
/** Questions that failed are not asked again until another one was answered, or the person wants it. */
const failed = new Set<string>();
/** Questions that no engine answers, because their prompts are wrong: they are never asked again. */
const refused = new Set<string>();

/** Long enough to see whether a mask that was carried along fits. */
const SEEING_MS = 1500;

/** Begins to follow the document. */
export function followPrompts(): void {
  effect(() => {
    const [present, open] = [document.value, opened.value];
    if (!present || !open || seen(present) === present) return;
    const timer = setTimeout(() => {
      if (opened.peek() === open && globalThis.document?.visibilityState !== 'hidden') quietly(seen);
    }, SEEING_MS);
    return () => clearTimeout(timer);
  });
  effect(() => {
    if (document.value && opened.value) void answerAll();
  });
  effect(() => {
    // What was asked about another image is of no use any more.
    opened.value;
    preview.cancel();
  });
}

/** Lets go of all answers; what is open is asked anew. */
export function forgetAnswers(): void {
  answers.clear();
  failed.clear();
  refused.clear();
}

/** Has the open image read and then answers what is open. */
export async function prepare(): Promise<void> {
  const open = opened.peek();
  if (!open) return;
  failed.clear();
  await readImage(open, () => void answerAll());
}

/** Shows what a click at a pixel would give; null: shows nothing. */
export function previewAt(pixel: readonly [number, number] | null): void {
  if (pixel && showPreview.peek() && tool.peek() === 'click' && !running) {
    void preview(pixel).catch(() => {
      // A preview that fails is no loss: the click itself tells why.
      hover.value = null;
    });
    return;
  }
  preview.cancel();
  hover.value = null;
}

/** A packed mask out of an engine's. */
export function packed({ rle }: Pick<EngineMask, 'rle'>): PackedMask {
  const { size, counts } = rle;
  return typeof counts === 'string' ? { size, counts } : packRle(rleCounts(rle), size[1], size[0]);
}

async function answerAll(): Promise<void> {
  if (running || !nextQuestion(isOpen)) return;
  running = true;
  preview.cancel();
  try {
    for (let question = nextQuestion(isOpen); question; question = nextQuestion(isOpen)) {
      const engine = readyEngine();
      if (!engine) break;
      await answerOne(engine, question);
    }
  } finally {
    running = false;
    thinking.value = false;
  }
}

const isOpen = (object: Annotation): boolean => !failed.has(idOf(object)) && !refused.has(idOf(object));
const idOf = (object: Annotation): string => `${object.id} ${promptKey(object)}`;

/** Says something of the prompts and nothing of the engine. */
const isRefusal = (error: unknown): boolean => error instanceof SamusError && error.code.startsWith('PROMPT_');

async function answerOne(engine: Engine, object: Annotation): Promise<void> {
  const open = opened.peek()!;
  thinking.value = true;
  try {
    const mask = await ask(engine, open.key, object);
    if (opened.peek() !== open) return;
    const answer = { mask: packed(mask), score: mask.score, model: modelOf(engine), key: promptKey(object) };
    quietly((document) => withAnswer(document, object.id, answer));
    answeredAgain();
  } catch (error) {
    if (isAbort(error) || opened.peek() !== open) return;
    if (isRefusal(error)) {
      refused.add(idOf(object));
      sayError(error);
      return;
    }
    failed.add(idOf(object));
    engineFailed(error);
  }
}

/** An answer came, so what failed before is worth another try. */
function answeredAgain(): void {
  failed.clear();
  if (engineStatus.peek().phase === 'failed') engineStatus.value = { phase: 'ready' };
}

/** Asks for the place under the pointer; of the places it passed meanwhile only the last is asked. */
const preview = latestOnly(async (signal: AbortSignal, place: readonly [number, number]) => {
  const [engine, open, present] = [readyEngine(), opened.peek(), document.peek()];
  const object = active.peek();
  const label = adding.peek() ? 1 : 0;
  if (!engine || !open || !present || (!object && label === 0)) return;
  const { points, box, start } = object ?? NOTHING;
  const several = object && hasPrompts(object) ? object.multimask : multimask.peek();
  const raw = (object ? object.raw : !cleanMasks.peek()) || undefined;
  const prompts = { points: [...points, [...place, label]] as const, box, start, multimask: several, raw };
  const mask = await ask(engine, open.key, prompts, signal);
  // What changed meanwhile asks for itself.
  if (!signal.aborted && document.peek() === present && tool.peek() === 'click') hover.value = packed(mask);
});

const NOTHING: Pick<Annotation, 'points' | 'box' | 'start'> = { points: [], box: null, start: null };

/** The answer to the last step. Known answers are not asked for again. */
function ask(
  engine: Engine,
  key: string,
  prompts: Pick<Annotation, 'points' | 'box' | 'start' | 'multimask' | 'raw'>,
  signal?: AbortSignal,
): Promise<EngineMask> {
  const { start, raw } = prompts;
  const steps = promptSteps(prompts);
  const questions = steps.map(({ question }) => question);
  return askInTurn(questions, start ? () => decodeRle(start.mask).data : undefined, async (prompt, question, i) => {
    const name = `${key} ${modelOf(engine)} ${steps[i]!.key}`;
    const known = answers.get(name);
    if (known) return known;
    const { multimask } = question;
    const answer = await engine.segment(key, prompt(), { multimask, clean: !raw, ...(signal && { signal }) });
    remember(name, answer);
    return answer;
  });
}

function remember(name: string, answer: EngineMask): void {
  answers.set(name, answer);
  for (const oldest of answers.keys()) {
    if (answers.size <= MOST_ANSWERS) break;
    answers.delete(oldest);
  }
}
