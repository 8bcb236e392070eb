/** What the worker that adapts a model (adaptWorker.ts) can be asked. */
import type { Adaptation, AdaptExample, AdaptProgress } from '../../train/adapt.js';

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

/** How it went; the adapted weights are there whether they are better or not. */
export interface AdaptOutcome extends Omit<Adaptation, 'tensors'> {
  /** A safetensors file of half-precision floats, as bundled models have them. */
  readonly weights: Blob;
}

export type AdaptContract = {
  adapt: { input: AdaptRequest; output: AdaptOutcome; progress: AdaptProgress };
};
