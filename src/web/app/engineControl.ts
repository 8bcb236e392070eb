/**
 * Holds the current engine: loads it on first use, reports progress, switches it, and lets it encode the open image.
 * The rest of the page does not depend on which engine it is.
 */
import { SamusError } from '../../errors.js';
import type { Engine, EngineKind } from '../engine/engine.js';
import { createEngine } from '../engine/index.js';
import { sayError } from './messages.js';
import {
  adaptedInUse,
  chosenModel,
  engineKind,
  engineModel,
  engineName,
  engineStatus,
  type Open,
  opened,
} from './state.js';

let loading: { readonly kind: EngineKind; readonly engine: Promise<Engine> } | null = null;
/** Names of the models of engines that run an adapted one. */
const adaptedNames = new WeakMap<Engine, string>();
let reading: AbortController | null = null;
let ready: { readonly key: string; readonly engine: Engine } | null = null;

/** The engine, once it has encoded the open image; null before. */
export function readyEngine(): Engine | null {
  return ready && ready.key === opened.peek()?.key ? ready.engine : null;
}

/** The name of the model that an engine runs. An adapted model has its own name, because its answers differ. */
export const modelOf = (engine: Engine): string => adaptedNames.get(engine) ?? engine.model.name;

/** Call this when another image is being opened. */
export function readingBegins(): void {
  reading?.abort();
  ready = null;
  if (engineStatus.peek().phase === 'ready') engineStatus.value = { phase: 'encoding' };
}

/** Call this when the image could not be opened; the engine is unaffected. */
export function readingFailed(): void {
  if (engineStatus.peek().phase === 'encoding') engineStatus.value = { phase: 'ready' };
}

/**
 * Loads the engine if needed and encodes an image.
 * @param whenReady called once clicks can be answered
 */
export async function encodeOpen({ key, picture }: Open, whenReady: () => void): Promise<void> {
  reading?.abort();
  const attempt = new AbortController();
  reading = attempt;
  ready = null;
  try {
    const engine = await currentEngine();
    if (attempt.signal.aborted) return;
    engineStatus.value = { phase: 'encoding' };
    await engine.encode({ key, image: picture.image }, attempt.signal);
    if (attempt.signal.aborted) return;
    ready = { key, engine };
    engineStatus.value = { phase: 'ready' };
    named(engine);
    whenReady();
  } catch (error) {
    if (!attempt.signal.aborted) engineFailed(error);
  }
}

/** Reports a failure of the engine; the status line then offers a retry. */
export function engineFailed(error: unknown): void {
  dropIfBroken(error);
  engineStatus.value = { phase: 'failed' };
  sayError(error);
}

/** Drops an engine whose worker has ended, so that a retry starts a new one. */
export function dropIfBroken(error: unknown): void {
  if (error instanceof SamusError && error.code === 'WORKER_BROKEN') dropEngine();
}

/** Switches the engine or its model. The open image has to be encoded again. */
export function switchEngine(kind: EngineKind): void {
  engineKind.value = kind;
  engineName.value = null;
  engineModel.value = null;
  engineStatus.value = { phase: 'none' };
  reading?.abort();
  dropEngine();
}

/** Switches to another of the server's models. */
export function switchModel(name: string): void {
  chosenModel.value = name;
  switchEngine(engineKind.peek());
}

/** Frees the memory that the engine used for images so far, by starting a new engine. */
export function restartEngine(): void {
  if (loading === null) return;
  switchEngine(engineKind.peek());
  void warmUp();
}

function dropEngine(): void {
  const old = loading;
  loading = null;
  ready = null;
  void old?.engine.then((engine) => engine.dispose()).catch(() => undefined);
}

/** Loads the model before the first image is opened. */
export async function warmUp(): Promise<void> {
  try {
    named(await currentEngine());
    if (!opened.peek()) engineStatus.value = { phase: 'ready' };
  } catch (error) {
    engineFailed(error);
  }
}

function currentEngine(): Promise<Engine> {
  const kind = engineKind.peek();
  if (loading?.kind === kind) return loading.engine;
  engineStatus.value = { phase: 'session' };
  const chosen = adaptedInUse.peek();
  const model = chosenModel.peek();
  const engine = createEngine(kind, {
    ...(model !== null && { model }),
    ...(chosen && { model: chosen.from, weights: chosen.weights }),
    progress: ({ phase, loaded, total }) => {
      if (engineKind.peek() !== kind || readyEngine()) return;
      engineStatus.value = phase === 'model' ? { phase, loaded, total } : { phase };
    },
  }).then((made) => {
    if (chosen) adaptedNames.set(made, chosen.name);
    return made;
  });
  loading = { kind, engine };
  // A retry starts from scratch.
  engine.catch(() => {
    if (loading?.engine === engine) loading = null;
  });
  return engine;
}

function named(engine: Engine): void {
  engineName.value = { model: modelOf(engine), provider: engine.provider };
  engineModel.value = engine.model;
}
