/**
 * The engine that calls the server's HTTP interface. It sends the decoded pixels as PNG, so that both engines see the
 * same image, and sends them again if the server has dropped them.
 */
import { SamusError } from '../../errors.js';
import { encodeRle } from '../../formats/rle.js';
import type { ObjectPrompt } from '../../predict/types.js';
import { KeptTasks } from '../keptTasks.js';
import { imageClient } from '../open/openImage.js';
import { pageError } from '../pageError.js';
import type {
  Engine,
  EngineClassMask,
  EngineEverythingOptions,
  EngineImage,
  EngineMask,
  EngineModel,
  EngineSegmentOptions,
} from './engine.js';
import { ask, floatsFromBase64, floatsToBase64, type ServerAnswer, type ServerObject } from './serverRequests.js';

export interface ServerEngineOptions {
  /** Address of the server's root. */
  readonly base: string;
  readonly model: EngineModel;
}

/** An uploaded image, which the server may have dropped since. */
interface Sent {
  readonly source: EngineImage;
  readonly id: string;
}

/** Images whose pixels are kept for another upload. */
const MOST_IMAGES = 12;

export class ServerEngine implements Engine {
  readonly kind = 'server';
  readonly provider = 'cpu';
  readonly #options: ServerEngineOptions;
  readonly #sent = new KeptTasks<Sent>(MOST_IMAGES);
  readonly #disposed = new AbortController();

  constructor(options: ServerEngineOptions) {
    this.#options = options;
  }

  get model(): EngineModel {
    return this.#options.model;
  }

  async encode(image: EngineImage, signal?: AbortSignal): Promise<void> {
    await this.#sent.get(image.key, (shared) => this.#send(image, shared), signal);
  }

  async segment(key: string, prompt: ObjectPrompt, options: EngineSegmentOptions = {}): Promise<EngineMask> {
    const { multimask = false, clean = true, signal } = options;
    const body = {
      multimask,
      clean,
      lowResLogits: true,
      format: 'rle',
      objects: [objectOf(prompt, await this.#image(key))],
    };
    const [object] = masksOf(await this.#ask(key, 'segment', body, signal));
    if (!object) throw pageError('SERVER_ANSWER', { status: 200 });
    return object;
  }

  async everything(key: string, { signal, progress }: EngineEverythingOptions = {}): Promise<EngineMask[]> {
    progress?.(0, 1);
    const objects = await this.#ask(key, 'everything', { lowResLogits: true, format: 'rle' }, signal);
    progress?.(1, 1);
    return masksOf(objects);
  }

  async classes(key: string, signal?: AbortSignal): Promise<EngineClassMask[]> {
    const objects = await this.#ask(key, 'segment', { classes: true, format: 'rle' }, signal);
    return objects.map(({ class: classId = 1, rle, area, box }) => ({ classId, rle, area, box }));
  }

  async dispose(): Promise<void> {
    this.#disposed.abort(new DOMException('the engine was ended', 'AbortError'));
  }

  async #image(key: string): Promise<EngineImage> {
    const sent = await this.#sent.peek(key);
    if (!sent) throw pageError('ENGINE_IMAGE_UNKNOWN', { key });
    return sent.source;
  }

  /** Asks about an image. If the server has dropped it, uploads it again and retries once. */
  async #ask(key: string, what: string, question: object, signal?: AbortSignal): Promise<readonly ServerObject[]> {
    const { model, base } = this.#options;
    const body = { model: model.name, ...question };
    const sent = await this.#sent.peek(key);
    if (!sent) throw pageError('ENGINE_IMAGE_UNKNOWN', { key });
    const address = (id: string): string => new URL(`api/v1/images/${id}/${what}`, base).href;
    const together = this.#with(signal);
    try {
      return objectsOf(await ask(address(sent.id), { json: body }, together));
    } catch (error) {
      if (!(error instanceof SamusError) || error.code !== 'IMAGE_UNKNOWN') throw error;
      if ((await this.#sent.peek(key)) === sent) this.#sent.delete(key);
      const again = await this.#sent.get(key, (shared) => this.#send(sent.source, shared), signal);
      return objectsOf(await ask(address(again.id), { json: body }, together));
    }
  }

  async #send(source: EngineImage, signal: AbortSignal): Promise<Sent> {
    const { base, model } = this.#options;
    const together = this.#with(signal);
    const png = await imageClient().call('png', source.image, { signal: together });
    const url = new URL('api/v1/images', base);
    url.searchParams.set('model', model.name);
    const { image } = await ask(url.href, { png }, together);
    if (image === undefined) throw pageError('SERVER_ANSWER', { status: 200 });
    return { source, id: image };
  }

  #with(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#disposed.signal]) : this.#disposed.signal;
  }
}

/** A prompt in the form of the HTTP interface. @throws SamusError ENGINE_MASK_LOGITS */
function objectOf(prompt: ObjectPrompt, { image }: EngineImage): object {
  const { mask, lowResLogits, ...rest } = prompt;
  if (mask instanceof Float32Array) {
    const hint = 'give a binary mask, or the low-resolution logits of a result';
    throw new SamusError('ENGINE_MASK_LOGITS', 'the server takes no first guess as logits of pixels', hint);
  }
  return {
    ...rest,
    ...(mask && { mask: encodeRle({ width: image.width, height: image.height, data: mask }) }),
    ...(lowResLogits && { lowResLogits: floatsToBase64(lowResLogits) }),
  };
}

function objectsOf({ objects }: ServerAnswer): readonly ServerObject[] {
  if (objects) return objects;
  throw pageError('SERVER_ANSWER', { status: 200 });
}

function masksOf(objects: readonly ServerObject[]): EngineMask[] {
  return objects.map(({ score, presence, absent, rle, area, box, lowResLogits }) => ({
    score,
    ...(presence !== undefined && { presence }),
    ...(absent && { absent }),
    rle,
    area,
    box,
    lowResLogits: floatsFromBase64(lowResLogits ?? ''),
  }));
}
