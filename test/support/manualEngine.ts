/** An engine of the page whose answers the test gives: it keeps every question until then. */
import { encodeRle } from '../../src/formats/rle.js';
import type { ObjectPrompt } from '../../src/predict/types.js';
import type {
  Engine,
  EngineClassMask,
  EngineEverythingOptions,
  EngineMask,
  EngineModel,
} from '../../src/web/engine/engine.js';

interface Question {
  readonly key: string;
  /** Of `segment` only. */
  readonly prompt?: ObjectPrompt;
  readonly signal: AbortSignal | undefined;
  readonly progress?: EngineEverythingOptions['progress'];
  answer(...masks: EngineMask[]): void;
  fail(error: unknown): void;
}

export class ManualEngine implements Engine {
  readonly kind = 'browser';
  readonly provider = 'wasm';
  readonly model: EngineModel = { name: 'manual', prompts: ['points', 'box', 'mask'], classes: [] };
  readonly asked: Question[] = [];
  disposed = false;

  async encode(): Promise<void> {}

  async segment(key: string, prompt: ObjectPrompt, options: { readonly signal?: AbortSignal } = {}) {
    const [mask] = await this.#ask({ key, prompt, signal: options.signal });
    return mask!;
  }

  everything(key: string, { signal, progress }: EngineEverythingOptions = {}): Promise<EngineMask[]> {
    return this.#ask({ key, signal, progress });
  }

  /** For models without prompts. */
  readonly found: EngineClassMask[] = [];
  async classes(): Promise<EngineClassMask[]> {
    return this.found;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  #ask(question: Omit<Question, 'answer' | 'fail'>): Promise<EngineMask[]> {
    return new Promise((resolve, reject) => {
      this.asked.push({ ...question, answer: (...masks) => resolve(masks), fail: reject });
      question.signal?.addEventListener('abort', () => reject(question.signal?.reason));
    });
  }
}

/** A mask of one row of the square that {@link MANUAL_SIDE} gives. */
export function rowMask(row: number): EngineMask {
  const side = MANUAL_SIDE;
  const data = Uint8Array.from({ length: side * side }, (_, i) => (Math.floor(i / side) === row ? 1 : 0));
  const box = [0, row, side - 1, row] as const;
  return {
    score: 0.5,
    rle: encodeRle({ width: side, height: side, data }),
    area: side,
    box,
    lowResLogits: new Float32Array(1),
  };
}

export const MANUAL_SIDE = 8;
