/**
 * Segments images by prompts: the encoder runs once per image, the decoder runs for any number of objects whenever
 * prompts change. Works on any runtime; segmenter.node.ts loads models by name.
 */
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { asFloat32, type StateDict, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig, ModelGraph, PromptKind } from '../models/architecture.js';
import { decoderGraph, encoderGraph, imageFrame, weightsByPart } from '../models/graphs.js';
import { prepareImage } from '../models/imageFrame.js';
import { promptedOf, requirePrompts } from '../models/registry.js';
import { compile } from '../nn/compile.js';
import { type Runtime, type Session, type SessionOptions, takenBy } from '../runtime/session.js';
import { candidatesOf, objectResult } from './objectResult.js';
import { objectName, promptFeeds } from './promptFeeds.js';
import type { Candidate, Encoding, Model, ObjectPrompt, ObjectResult, SegmentOptions } from './types.js';

/** Where and how the sessions run. */
export type SegmenterOptions = Pick<SessionOptions, 'provider' | 'threads'>;

/** Most objects in one decoder run; more use several runs, so that memory does not grow with their number. */
export const MAX_BATCH = 32;

/** A part of the model, compiled on first use; then its weights are released. */
export class LazySession {
  #weights: StateDict | undefined;
  #session: Promise<Session> | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly graph: () => ModelGraph,
    weights: StateDict,
    private readonly options: SegmenterOptions,
  ) {
    this.#weights = weights;
  }

  /** A failed compilation is retried at the next call. */
  async get(): Promise<Session> {
    this.#session ??= this.#create();
    const session = this.#session;
    try {
      return await session;
    } catch (error) {
      if (this.#session === session) this.#session = undefined;
      throw error;
    }
  }

  async dispose(): Promise<void> {
    const session = this.#session;
    this.#weights = undefined;
    this.#session = undefined;
    await (await session?.catch(() => undefined))?.dispose();
  }

  async #create(): Promise<Session> {
    if (!this.#weights) throw disposedError();
    const session = await compile(this.runtime, this.graph().outputs, this.#weights, this.options);
    this.#weights = undefined;
    return session;
  }
}

export class Segmenter {
  readonly name: string;
  readonly config: ModelConfig;
  readonly #encoder: LazySession;
  readonly #decoder: LazySession;
  #disposed = false;

  /** Nothing is compiled yet: the first {@link encode} and the first {@link segment} do that. */
  constructor(model: Model, runtime: Runtime, options: SegmenterOptions = {}) {
    const { name, config, tensors } = model;
    this.name = name;
    this.config = config;
    const weights = weightsByPart(config, tensors);
    this.#encoder = new LazySession(runtime, () => encoderGraph(config), weights.encoder, options);
    this.#decoder = new LazySession(runtime, () => decoderGraph(config), weights.decoder, options);
  }

  /** A segmenter of a model in memory, on the given runtime. */
  static create(model: Model, runtime: Runtime, options: SegmenterOptions = {}): Segmenter {
    return new Segmenter(model, runtime, options);
  }

  /**
   * Encodes an image: the expensive half, done once per image.
   * @throws SamusError SEGMENTER_DISPOSED, and as sessions (PROVIDER_UNAVAILABLE, RUNTIME_…)
   */
  async encode(image: Image): Promise<Encoding> {
    const session = await this.#ready(this.#encoder);
    const { width, height } = image;
    const input = prepareImage(imageFrame(this.config, width, height), image);
    const results = await session.run({ image: input });
    return { embedding: asFloat32(results.image_embeddings!, 'image_embeddings'), width, height };
  }

  /**
   * The mask of one object.
   * @throws SamusError SEGMENTER_DISPOSED, ENCODING_SHAPE for an encoding of another model, PROMPT_… as in
   *   promptFeeds.ts, and as sessions
   */
  segment(encoding: Encoding, object: ObjectPrompt, options?: SegmentOptions): Promise<ObjectResult>;
  /** The masks of several objects, in order; the decoder runs once for all of them. */
  segment(encoding: Encoding, objects: readonly ObjectPrompt[], options?: SegmentOptions): Promise<ObjectResult[]>;
  async segment(
    encoding: Encoding,
    prompts: ObjectPrompt | readonly ObjectPrompt[],
    options: SegmentOptions = {},
  ): Promise<ObjectResult | ObjectResult[]> {
    const { logits = false, clean = true, ...decoding } = options;
    const frame = imageFrame(this.config, encoding.width, encoding.height);
    const results: ObjectResult[] = [];
    for await (const { object, name, candidates } of this.#decode(encoding, [prompts].flat(), decoding)) {
      results.push(objectResult(frame, name, candidates, { logits, ...(clean && { prompt: object }) }));
    }
    return isList(prompts) ? results : results[0]!;
  }

  /**
   * The decoder's masks of several objects, not resized to the image, for callers that request many and keep few. One
   * mask per object, or three with `multimask`.
   * @throws SamusError what {@link segment} throws
   */
  async propose(
    encoding: Encoding,
    objects: readonly ObjectPrompt[],
    options: Omit<SegmentOptions, 'logits' | 'clean'> = {},
  ): Promise<Candidate[][]> {
    const proposals: Candidate[][] = [];
    for await (const { candidates } of this.#decode(encoding, objects, options)) proposals.push(candidates);
    return proposals;
  }

  /**
   * Runs one half of the model directly: tensors in and out, with the names and shapes of models/graphs.ts.
   * @throws SamusError SEGMENTER_DISPOSED, RUNTIME_FEEDS, and what sessions throw
   */
  async run(
    part: 'encoder' | 'decoder',
    feeds: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, TensorData>> {
    return (await this.#ready(this.#part(part))).run(feeds);
  }

  /** Compiles one half now instead of on first use. @throws SamusError as {@link run} */
  async prepare(part: 'encoder' | 'decoder'): Promise<void> {
    await this.#ready(this.#part(part));
  }

  /** Frees the sessions once pending runs have finished. A second call does nothing. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    await Promise.all([this.#encoder.dispose(), this.#decoder.dispose()]);
  }

  /** The masks of each object, in order; checks all prompts before the decoder runs. */
  async *#decode(
    { embedding, width, height }: Encoding,
    objects: readonly ObjectPrompt[],
    { multimask = false, allowEmpty = false }: SegmentOptions,
  ): AsyncGenerator<{ readonly object: ObjectPrompt; readonly name: string; readonly candidates: Candidate[] }> {
    checkEmbedding(this.config, embedding);
    checkKinds(this.config, objects);
    const frame = imageFrame(this.config, width, height);
    const named = objects.map((object, i) => ({ ...object, name: objectName(object, i) }));
    const feeds = batches(named).map((batch) => ({ batch, inputs: promptFeeds(frame, batch, allowEmpty) }));
    for (const { batch, inputs } of feeds) {
      const session = await this.#ready(this.#decoder);
      const outputs = await session.run(takenBy(session, { image_embeddings: embedding, ...inputs }));
      const masks = asFloat32(outputs.low_res_masks!, 'low_res_masks').data;
      const iou = asFloat32(outputs.iou_predictions!, 'iou_predictions').data;
      for (const [o, object] of batch.entries()) {
        yield { object, name: object.name, candidates: candidatesOf(this.config, masks, iou, o, multimask) };
      }
    }
  }

  #part(part: 'encoder' | 'decoder'): LazySession {
    return part === 'encoder' ? this.#encoder : this.#decoder;
  }

  async #ready(session: LazySession): Promise<Session> {
    if (this.#disposed) throw disposedError();
    return session.get();
  }
}

function isList(prompts: ObjectPrompt | readonly ObjectPrompt[]): prompts is readonly ObjectPrompt[] {
  return Array.isArray(prompts);
}

function batches<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / MAX_BATCH);
  return Array.from({ length: count }, (_, i) => items.slice(i * MAX_BATCH, (i + 1) * MAX_BATCH));
}

/** @throws SamusError MODEL_PROMPTS for a kind of prompt that the model does not take */
function checkKinds(config: ModelConfig, objects: readonly ObjectPrompt[]): void {
  const given = objects.flatMap(({ points = [], box, mask }): PromptKind[] => [
    ...(points.length > 0 ? (['points'] as const) : []),
    ...(box ? (['box'] as const) : []),
    ...(mask ? (['mask'] as const) : []),
  ]);
  requirePrompts(config, given);
}

function checkEmbedding(config: ModelConfig, embedding: TensorData<'float32'>): void {
  const expected = [1, ...promptedOf(config).shapes(config).embedding];
  if (expected.join() === embedding.shape.join()) return;
  throw new SamusError(
    'ENCODING_SHAPE',
    `expected an image embedding of shape [${expected.join(', ')}], got [${embedding.shape.join(', ')}]`,
    'encode the image with the same model',
    { expected, came: [...embedding.shape] },
  );
}

function disposedError(): SamusError {
  return new SamusError('SEGMENTER_DISPOSED', 'the segmenter is disposed', 'load the model again');
}
