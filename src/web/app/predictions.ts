/**
 * Keeps masks in step with their prompts. Whenever prompts change (a click, undo, carried prompts, a file), it asks the
 * model for the objects without a current answer, one at a time. Answers are cached.
 */
import { effect } from '@preact/signals';
import { SamusError } from '../../errors.js';
import { decodeRle, packRle, rleCounts } from '../../formats/rle.js';
import { askInTurn, hasPrompts } from '../../predict/prompts.js';
import { seen, withAnswer } from '../document/edit.js';
import { promptKey, promptSteps } from '../document/promptKey.js';
import type { Annotation, PackedMask } from '../document/types.js';
import type { Engine, EngineMask } from '../engine/engine.js';
import { latestOnly } from '../engine/latestOnly.js';
import { nextQuestion, quietly } from './edits.js';
import { encodeOpen, engineFailed, modelOf, readyEngine } from './engineControl.js';
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
  takes,
  thinking,
  tool,
} from './state.js';

/** Each answer holds 16 to 256 kB of logits. */
const MOST_ANSWERS = 200;

/** By image, model and prompts. */
const answers = new Map<string, EngineMask>();
let running = false;
/** Failed questions are not repeated until another one succeeds or the user retries. */
const failed = new Set<string>();
/** Questions with invalid prompts, which are never repeated. */
const refused = new Set<string>();

/** Time to see whether a carried mask fits. */
const SEEING_MS = 1500;

/** Starts answering the prompts of the open document. */
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
    // Answers about another image are of no use.
    opened.value;
    preview.cancel();
  });
}

/** Drops all cached answers. */
export function forgetAnswers(): void {
  answers.clear();
  failed.clear();
  refused.clear();
}

/** Encodes the open image, then answers its prompts. */
export async function prepare(): Promise<void> {
  const open = opened.peek();
  if (!open) return;
  failed.clear();
  await encodeOpen(open, () => void answerAll());
}

/** Previews the mask of a click at a pixel; null hides the preview. */
export function previewAt(pixel: readonly [number, number] | null): void {
  if (pixel && showPreview.peek() && takes('points') && tool.peek() === 'click' && !running) {
    void preview(pixel).catch(() => {
      // A failed preview does not matter: the click itself reports the error.
      hover.value = null;
    });
    return;
  }
  preview.cancel();
  hover.value = null;
}

/** Packs the mask of an engine. */
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
      // Prompts wait for a model that takes them.
      if (!engine || engine.model.prompts.length === 0) break;
      await answerOne(engine, question);
    }
  } finally {
    running = false;
    thinking.value = false;
  }
}

const isOpen = (object: Annotation): boolean => !failed.has(idOf(object)) && !refused.has(idOf(object));
const idOf = (object: Annotation): string => `${object.id} ${promptKey(object)}`;

/** Whether an error concerns the prompts, not the engine. */
const isRefusal = (error: unknown): boolean => error instanceof SamusError && error.code.startsWith('PROMPT_');

async function answerOne(engine: Engine, object: Annotation): Promise<void> {
  const open = opened.peek()!;
  thinking.value = true;
  try {
    const mask = await ask(engine, open.key, object);
    if (opened.peek() !== open) return;
    const answer = {
      mask: packed(mask),
      score: mask.score,
      ...(mask.presence !== undefined && { presence: mask.presence }),
      ...(mask.absent && { absent: true as const }),
      model: modelOf(engine),
      key: promptKey(object),
    };
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

/** After a success, earlier failures are worth a retry. */
function answeredAgain(): void {
  failed.clear();
  if (engineStatus.peek().phase === 'failed') engineStatus.value = { phase: 'ready' };
}

/** Asks about the pixel under the pointer, skipping those that it passed in the meantime. */
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
  // If something has changed, a newer request is under way.
  if (!signal.aborted && document.peek() === present && tool.peek() === 'click') hover.value = packed(mask);
});

const NOTHING: Pick<Annotation, 'points' | 'box' | 'start'> = { points: [], box: null, start: null };

/** The answer to the last question, using cached answers. */
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
