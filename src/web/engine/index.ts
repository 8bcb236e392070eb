/** Creates engines for the page. Callers need only this file, the types of engine.ts, and latestOnly.ts. */
import { keepOffline } from '../offline.js';
import { BrowserEngine } from './browserEngine.js';
import type { Engine, EngineKind, EngineProgress } from './engine.js';
import type { BrowserProvider } from './engineContract.js';
import { engineModel, servedModels } from './modelFiles.js';
import { ServerEngine } from './serverEngine.js';
import { mostThreads } from './wasmRuntime.js';

export interface EngineOptions {
  /** Name of one of the server's models; default the server's default. */
  readonly model?: string;
  /** Browser only: weights to use instead of the model's own, from adapt.ts. */
  readonly weights?: Blob;
  /** Browser only; the default `auto` uses what is faster on this device. */
  readonly provider?: BrowserProvider | 'auto';
  /** Threads of WebAssembly; default one per processor, at most four. */
  readonly threads?: number;
  /** Address of the server's root; default the folder of the page. */
  readonly base?: string;
  /** Aborts loading. */
  readonly signal?: AbortSignal;
  progress?(progress: EngineProgress): void;
}

/**
 * Creates an engine that is ready to encode images. The browser's engine has loaded its model by then.
 * @throws SamusError MODEL_UNREACHABLE; for the browser also errors of loading and starting the model; the signal's
 *   reason
 */
export async function createEngine(kind: EngineKind, options: EngineOptions = {}): Promise<Engine> {
  const { signal, progress = () => undefined, provider = 'auto' } = options;
  const base = new URL(options.base ?? './', document.baseURI).href;
  const model = engineModel(await servedModels(base), options.model);
  signal?.throwIfAborted();
  if (kind === 'server') return new ServerEngine({ base, model });
  await keepOffline();
  signal?.throwIfAborted();
  const threads = Math.min(options.threads ?? mostThreads(), mostThreads());
  const { weights } = options;
  return BrowserEngine.create({ base, model, provider, threads, signal, progress, ...(weights && { weights }) });
}
