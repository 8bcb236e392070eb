/**
 * "Learn from my corrections": collects one finished mask per image, adapts the model to them in a worker, and keeps
 * the outcome until the user decides. It never starts using a model by itself.
 */
import { computed, signal } from '@preact/signals';
import { decodeRle, rleArea } from '../../formats/rle.js';
import type { AdaptExample, AdaptProgress } from '../../train/adapt.js';
import type { ImageDocument, PackedMask } from '../document/types.js';
import { adapt } from '../engine/adapt.js';
import { engineModel, type ServedModels, servedModels } from '../engine/modelFiles.js';
import { openFrame } from '../open/openImage.js';
import { pageError } from '../pageError.js';
import type { AdaptedModel } from '../storage/adaptedStore.js';
import { text } from '../text/en.js';
import { adaptedFolder } from './adaptedFolder.js';
import { keyOf } from './entries.js';
import { asMessage, isAbort, say, sayError } from './messages.js';
import { documentsOf } from './persist.js';
import { download } from './resultsFolder.js';
import { chosenModel, dialog, entries, message } from './state.js';
import { TimeLeft } from './timeLeft.js';

export interface Learning {
  readonly stage: 'gathering' | AdaptProgress['stage'];
  readonly done: number;
  readonly total: number;
  /** Loss of the last step. */
  readonly loss: number | null;
  readonly secondsLeft: number | null;
}

/** Progress of the running adaptation, or null. */
export const learning = signal<Learning | null>(null);
/** Outcome of the last run. */
export const learned = signal<AdaptedModel | null>(null);
export const learningFailure = signal<{ readonly text: string; readonly hint: string } | null>(null);

/** An image that is listed twice counts once: it must not be in both the training and the test set. */
export const examplesReady = computed(() => {
  const done = entries.value.filter(({ committed, failure }) => committed > 0 && !failure);
  return new Set(done.map(({ id, key }) => key ?? id)).size;
});

/** How many of them have a corrected mask. */
export const correctedReady = computed(() => {
  const done = entries.value.filter(({ corrected, failure }) => corrected > 0 && !failure);
  return new Set(done.map(({ id, key }) => key ?? id)).size;
});

/** Limit on all images together: they and their copy for the worker have to fit into memory. */
const MOST_PIXELS = 60e6;

let running: AbortController | null = null;

export function stopLearning(): void {
  running?.abort();
}

/** Leaving the page would discard minutes of work, so the browser asks for confirmation. */
const askBeforeLeaving = (event: Event): void => event.preventDefault();

export async function learn(): Promise<void> {
  if (running) return;
  const attempt = new AbortController();
  const { signal: stop } = attempt;
  running = attempt;
  addEventListener('beforeunload', askBeforeLeaving);
  learned.value = null;
  learningFailure.value = null;
  learning.value = { stage: 'gathering', done: 0, total: examplesReady.peek(), loss: null, secondsLeft: null };
  const time = new TimeLeft();
  let steps = 0;
  try {
    const corrected = correctedReady.peek();
    const examples = await gather(stop);
    const base = new URL('./', globalThis.document.baseURI).href;
    const from = promptable(await servedModels(base), chosenModel.peek());
    const config = await configOf(from, base);
    // Always start from the bundled model: an adapted one has already seen the test images.
    const { weights, ...scores } = await adapt(examples, {
      model: from,
      signal: stop,
      progress(report) {
        if (stop.aborted) return;
        if (report.stage === 'training') steps = report.total;
        const loss = report.loss ?? learning.peek()?.loss ?? null;
        learning.value = { ...report, loss, secondsLeft: time.after(report) };
      },
    });
    const made = new Date().toISOString();
    const name = `${from}-adapted-${scores.better ? '' : 'not-better-'}${made.replace(/[-:]|\.\d+Z$/g, '')}`;
    learned.value = { name, from, config, weights, made, steps, corrected, ...scores };
    if (dialog.peek() !== 'learn') say(scores.better ? text.learn.better : text.learn.notBetter(from));
  } catch (error) {
    if (isAbort(error)) say(text.learn.stopped);
    else {
      const failure = asMessage(error);
      learningFailure.value = failure;
      if (dialog.peek() !== 'learn') message.value = { tone: 'error', ...failure };
    }
  } finally {
    removeEventListener('beforeunload', askBeforeLeaving);
    learning.value = null;
    running = null;
  }
}

export async function downloadModel(model: AdaptedModel): Promise<void> {
  try {
    download(`${model.name}.zip`, await adaptedFolder(model));
  } catch (error) {
    sayError(error);
  }
}

/** The largest finished mask of each file: frames of a clip resemble each other, so only one of them is used. */
async function gather(stop: AbortSignal): Promise<AdaptExample[]> {
  const examples: AdaptExample[] = [];
  const seen = new Set<string>();
  let pixels = 0;
  for (const entry of entries.peek().filter(({ committed, failure }) => committed > 0 && !failure)) {
    const key = await keyOf(entry.id);
    const found = seen.has(key) ? null : largest(await documentsOf(key));
    seen.add(key);
    if (!found) continue;
    const { frame, mask } = found;
    const [height, width] = mask.size;
    pixels += width * height;
    if (pixels > MOST_PIXELS) {
      say(text.learn.tooMany(examples.length));
      break;
    }
    const { image } = await openFrame(entry.file, stop, frame);
    if (image.width === width && image.height === height) examples.push({ image, mask: decodeRle(mask).data });
    const before = learning.peek();
    if (before) learning.value = { ...before, done: examples.length };
  }
  return examples;
}

/** @param works the work on each frame */
function largest(works: ReadonlyMap<number, ImageDocument>) {
  let best: { readonly frame: number; readonly mask: PackedMask } | null = null;
  let most = 0;
  for (const [frame, { objects }] of works) {
    for (const { committed, shape } of objects) {
      const area = committed && shape ? rleArea(shape) : 0;
      if (shape && area > most) [best, most] = [{ frame, mask: shape }, area];
    }
  }
  return best;
}

/**
 * From the server, or offline from the engine's cache.
 * @throws SamusError MODEL_UNREACHABLE
 */
/** The chosen model, else the default, else the first, of those that take prompts. */
function promptable(served: ServedModels, chosen: string | null): string {
  const names = [...(chosen === null ? [] : [chosen]), served.default, ...served.models.map(({ name }) => name)];
  return names.find((name) => engineModel(served, name).prompts.length > 0) ?? served.default;
}

async function configOf(model: string, base: string): Promise<string> {
  const url = new URL(`models/${encodeURIComponent(model)}/config.json`, base).href;
  const answer = await fetch(url, { cache: 'no-cache' }).catch(() => null);
  if (answer?.ok) return answer.text();
  const kept = typeof caches === 'undefined' ? undefined : await caches.match(url);
  if (!kept) throw pageError('MODEL_UNREACHABLE', { name: model, reason: 'its config.json cannot be read' });
  return kept.text();
}
