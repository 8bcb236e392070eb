/**
 * The engine inside its worker: encodings by key, one run at a time, abortable between runs. It needs a segmenter, but
 * no browser.
 */
import type { Image } from '../../formats/image.js';
import { encodeRle } from '../../formats/rle.js';
import { segmentObjects } from '../../jobs/segmentObjects.js';
import { promptedOf } from '../../models/registry.js';
import { segmentEverything } from '../../predict/automatic.js';
import type { ClassNetwork } from '../../predict/classNetwork.js';
import { Segmenter } from '../../predict/segmenter.js';
import type { Encoding, ObjectPrompt, ObjectResult } from '../../predict/types.js';
import { pageError } from '../pageError.js';
import type { EngineClassMask, EngineMask } from './engine.js';
import type { Steps, Timings } from './engineContract.js';
import { nextTask } from './wasmRuntime.js';

export class LocalEngine {
  readonly #model: Segmenter | ClassNetwork;
  readonly #encodings = new Map<string, Encoding>();
  #last: Promise<unknown> = Promise.resolve();
  #encodeMs: number | null = null;
  #decodeMs: number | null = null;

  constructor(model: Segmenter | ClassNetwork) {
    this.#model = model;
  }

  get timings(): Timings {
    return { encodeMs: this.#encodeMs, decodeMs: this.#decodeMs };
  }

  /** Runs both halves once on an empty image, to create sessions, allocate memory and compile code. */
  async warmUp(): Promise<void> {
    const image: Image = { width: 8, height: 8, channels: 1, data: new Uint8Array(64) };
    const encoding = await this.#model.encode(image);
    if (this.#model instanceof Segmenter && promptedOf(this.#model.config).prompts.includes('points'))
      await this.#model.segment(encoding, { points: [[4, 4]] });
  }

  async encode(key: string, image: Image, signal: AbortSignal): Promise<void> {
    await this.#inTurn(signal, async () => {
      const begun = performance.now();
      const encoding = await this.#model.encode(image);
      // An aborted caller has dropped the key, so the encoding would never be freed.
      signal.throwIfAborted();
      this.#encodings.set(key, encoding);
      this.#encodeMs = Math.min(this.#encodeMs ?? Number.POSITIVE_INFINITY, performance.now() - begun);
    });
  }

  /** @throws SamusError ENGINE_IMAGE_UNKNOWN, and what the segmenter throws */
  segment(
    key: string,
    prompt: ObjectPrompt,
    options: { readonly multimask: boolean; readonly clean: boolean },
    signal: AbortSignal,
  ): Promise<EngineMask> {
    return this.#inTurn(signal, async () => {
      const begun = performance.now();
      const result = await this.#segmenter().segment(this.#encoding(key), prompt, options);
      this.#decodeMs = Math.min(this.#decodeMs ?? Number.POSITIVE_INFINITY, performance.now() - begun);
      return engineMask(result);
    });
  }

  /** Does not wait for its turn, so that clicks can run in between. */
  async everything(key: string, signal: AbortSignal, progress: (steps: Steps) => void): Promise<EngineMask[]> {
    const results = await segmentEverything(this.#segmenter(), this.#encoding(key), {
      signal,
      progress: (done, total) => progress({ done, total }),
    });
    return results.map(engineMask);
  }

  /** @throws SamusError ENGINE_IMAGE_UNKNOWN, MODEL_CLASSES for a model that answers prompts */
  classes(key: string, signal: AbortSignal): Promise<EngineClassMask[]> {
    return this.#inTurn(signal, async () => {
      const found: EngineClassMask[] = [];
      for await (const one of segmentObjects(this.#model, this.#encoding(key), { auto: true, objects: [] })) {
        const { mask: data, width, height, area, box, object } = one;
        found.push({ classId: object.classId ?? 1, rle: encodeRle({ width, height, data }), area, box });
      }
      return found;
    });
  }

  forget(key: string): void {
    this.#encodings.delete(key);
  }

  /** @throws SamusError MODEL_PROMPTS for a model without prompts */
  #segmenter(): Segmenter {
    if (this.#model instanceof Segmenter) return this.#model;
    promptedOf(this.#model.config);
    throw new Error('a network for classes answers no prompts');
  }

  #encoding(key: string): Encoding {
    const encoding = this.#encodings.get(key);
    if (!encoding) throw pageError('ENGINE_IMAGE_UNKNOWN', { key });
    return encoding;
  }

  /** Runs work in turn. Work that is aborted while it waits never starts. */
  #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      // Runs block the worker, so read messages first: one may be an abort.
      await nextTask();
      signal.throwIfAborted();
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function engineMask({ mask, width, height, score, area, box, lowResLogits, ...there }: ObjectResult): EngineMask {
  const { presence, absent } = there;
  return {
    ...{ score, rle: encodeRle({ width, height, data: mask }), area, box, lowResLogits },
    ...(presence !== undefined && { presence }),
    ...(absent && { absent }),
  };
}
