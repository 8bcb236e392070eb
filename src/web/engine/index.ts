/** Creates engines for the page. Callers need only this file, the types of engine.ts, and latestOnly.ts. */
import { keepOffline } from '../offline.js';
import { BrowserEngine } from './browserEngine.js';
import type { Engine, EngineKind, EngineProgress } from './engine.js';
import type { BrowserProvider } from './engineContract.js';
import { servedModels } from './modelFiles.js';
import { ServerEngine } from './serverEngine.js';
import { mostThreads } from './wasmRuntime.js';

export interface EngineOptions {
  /** Name of a model of the server's; default the one that the server says. */
  readonly model?: string;
  /** The browser's engine only: weights to use instead of the model's own, as adapt.ts gives them. */
  readonly weights?: Blob;
  /** Where the browser computes; default `auto`: what is faster on this device. */
  readonly provider?: BrowserProvider | 'auto';
  /** Threads of WebAssembly; default one for each processor, four at most. */
  readonly threads?: number;
  /** Address of the server's root; default the folder of the page. */
  readonly base?: string;
  /** Gives up loading. */
  readonly signal?: AbortSignal;
  progress?(progress: EngineProgress): void;
}

/**
 * An engine that is ready to encode images; of the browser's, the model has been loaded then.
 * @throws SamusError MODEL_UNREACHABLE; of the browser's also what loading the model and starting to run it throws;
 *   the signal's reason
 */
export async function createEngine(kind: EngineKind, options: EngineOptions = {}): Promise<Engine> {
  const { signal, progress = () => undefined, provider = 'auto' } = options;
  const base = new URL(options.base ?? './', document.baseURI).href;
  const model = options.model ?? (await servedModels(base)).default;
  signal?.throwIfAborted();
  if (kind === 'server') return new ServerEngine({ base, model });
  await keepOffline();
  signal?.throwIfAborted();
  const threads = Math.min(options.threads ?? mostThreads(), mostThreads());
  const { weights } = options;
  return BrowserEngine.create({ base, model, provider, threads, signal, progress, ...(weights && { weights }) });
}
