/**
 * Adapts a model to the user's masks in a worker of the page; nothing leaves the machine. The caller decides whether to
 * use the result; createEngine accepts its weights.
 */
import type { Adaptation, AdaptExample, AdaptProgress } from '../../train/adapt.js';
import { workerClient } from '../pageWorker.js';
import { mostThreads } from './wasmRuntime.js';

interface AdaptRequest {
  /** Address of the server's root. */
  readonly base: string;
  readonly model: string;
  /** Weights to start from, safetensors; the model's own if absent. */
  readonly weights?: Blob;
  readonly samples: readonly AdaptExample[];
  readonly threads: number;
  readonly steps?: number;
}

/** The outcome, with the adapted weights even if they are not better. */
export interface AdaptOutcome extends Omit<Adaptation, 'tensors'> {
  /** A safetensors file of half-precision floats, as bundled models have them. */
  readonly weights: Blob;
}

export type AdaptContract = {
  adapt: { input: AdaptRequest; output: AdaptOutcome; progress: AdaptProgress };
};

export interface AdaptOptions {
  /** Name of the server's model to start from. */
  readonly model: string;
  /** Its weights, if it was adapted before. */
  readonly weights?: Blob;
  /** Address of the server's root; default the folder of the page. */
  readonly base?: string;
  /** Optimizer steps; the default of train/adapt.ts takes a few minutes. */
  readonly steps?: number;
  /** Aborts immediately. */
  readonly signal?: AbortSignal;
  progress?(progress: AdaptProgress): void;
}

/**
 * @param samples one mask per image; no image may occur twice, because some are held out for testing
 * @throws SamusError ADAPT_TOO_FEW, ADAPT_NAN, MODEL_UNREACHABLE, RUNTIME_OUT_OF_MEMORY; the signal's reason
 */
export async function adapt(samples: readonly AdaptExample[], options: AdaptOptions): Promise<AdaptOutcome> {
  const { model, weights, steps, signal, progress } = options;
  const base = new URL(options.base ?? './', document.baseURI).href;
  const worker = new Worker(new URL('./adaptWorker.ts', import.meta.url), { type: 'module' });
  const client = workerClient<AdaptContract>(worker);
  const request = {
    ...{ base, model, samples, threads: mostThreads() },
    ...(weights && { weights }),
    ...(steps !== undefined && { steps }),
  };
  try {
    return await client.call('adapt', request, { signal, progress: (report) => progress?.(report) });
  } finally {
    await client.terminate();
  }
}
