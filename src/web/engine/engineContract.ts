/** The calls of the worker that runs the model (engineWorker.ts). */
import type { Image } from '../../formats/image.js';
import type { ObjectPrompt } from '../../predict/types.js';
import type { EngineClassMask, EngineMask, EngineProgress } from './engine.js';

export type BrowserProvider = 'wasm' | 'webgpu';

interface LoadRequest {
  /** Address of the server's root, where `models/` and `ort/` lie. */
  readonly base: string;
  readonly model: string;
  /** Weights to use instead of the server's (adapt.ts). */
  readonly weights?: Blob;
  readonly provider: BrowserProvider;
  readonly threads: number;
}

/** The shortest times so far, in milliseconds; null if nothing has run. */
export interface Timings {
  readonly encodeMs: number | null;
  readonly decodeMs: number | null;
}

/** Progress of the automatic mode. */
export interface Steps {
  readonly done: number;
  readonly total: number;
}

export type EngineContract = {
  /** Loads a model and prepares it to run. Must be the first call, and only once. */
  load: { input: LoadRequest; output: null; progress: EngineProgress };
  encode: { input: { readonly key: string; readonly image: Image }; output: null };
  segment: {
    input: {
      readonly key: string;
      readonly prompt: ObjectPrompt;
      readonly multimask: boolean;
      readonly clean: boolean;
    };
    output: EngineMask;
  };
  everything: { input: { readonly key: string }; output: EngineMask[]; progress: Steps };
  classes: { input: { readonly key: string }; output: EngineClassMask[] };
  /** Drops an encoding. */
  forget: { input: string; output: null };
  timings: { input: null; output: Timings };
};
