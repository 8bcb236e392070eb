/**
 * Segments images by prompts: the encoder runs once per image, the decoder runs for any number of objects whenever
 * prompts change. Works on any runtime; segmenter.node.ts loads models by name.
 */
import { SamusError } from '../errors.js';
import { flipImage, type Image } from '../formats/image.js';
import { extentOf, type Mask } from '../formats/mask.js';
import { type CleaningPrompt, cleanMask, connectedParts } from '../formats/maskRegions.js';
import { asFloat32, firstNotFinite, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig, PromptKind } from '../models/architecture.js';
import { decoderGraph, encoderGraph, frameOf, inputShape, weightsByPart } from '../models/graphs.js';
import { type ImageFrame, imageLogits, imageMask, prepareImage } from '../models/imageFrame.js';
import { takesColour } from '../models/preprocessing.js';
import { minPresenceOf, presenceOf, requirePresence } from '../models/presence.js';
import { promptedOf, requirePrompts } from '../models/registry.js';
import { LazySession } from '../nn/compile.js';
import { takenBy } from '../runtime/ortSession.js';
import type { Runtime, SessionOptions } from '../runtime/session.js';
import { flipEach, flipPrompt, meanMap } from './flips.js';
import { objectName, type PromptFeeds, promptFeeds } from './prompts.js';
import type { Candidate, Encoding, Flip, Model, ObjectPrompt, ObjectResult, SegmentOptions } from './types.js';

/** Where and how the sessions run. */
export interface SegmenterOptions extends Pick<SessionOptions, 'provider' | 'threads'> {
  /** Answer with the mean of the logits over the image and these flips of it; default none. */
  readonly flips?: readonly Flip[];
}

/** Most objects in one decoder run; more use several runs, so that memory does not grow with their number. */
export const MAX_BATCH = 32;

export class Segmenter {
  readonly name: string;
  readonly config: ModelConfig;
  readonly #flips: readonly Flip[];
  readonly #encoder: LazySession;
  readonly #decoder: LazySession;

  /**
   * Nothing is compiled yet: the first {@link encode} and the first {@link segment} do that.
   * @throws SamusError MODEL_PROMPTS for a model without prompts
   */
  constructor(model: Model, runtime: Runtime, { flips = [], ...options }: SegmenterOptions = {}) {
    const { name, config, tensors } = model;
    this.name = name;
    this.config = config;
    this.#flips = flips;
    promptedOf(config);
    const weights = weightsByPart(config, tensors);
    this.#encoder = new LazySession(runtime, () => encoderGraph(config).outputs, weights.encoder, options);
    this.#decoder = new LazySession(runtime, () => decoderGraph(config).outputs, weights.decoder, options);
  }

  /** A segmenter of a model in memory, on the given runtime. */
  static create(model: Model, runtime: Runtime, options: SegmenterOptions = {}): Segmenter {
    return new Segmenter(model, runtime, options);
  }

  /** Whether the model sees the colours of an image. */
  get colour(): boolean {
    return takesColour(inputShape(this.config).preprocessing);
  }

  /**
   * Encodes an image: the expensive half, done once per image.
   * @throws SamusError SEGMENTER_DISPOSED, and as sessions (PROVIDER_UNAVAILABLE, RUNTIME_…)
   */
  async encode(image: Image): Promise<Encoding> {
    const session = await this.#encoder.get();
    const { width, height } = image;
    const frame = frameOf(this.config, width, height);
    const embed = async (seen: Image): Promise<Encoding['embedding']> => {
      const results = await session.run({ image: prepareImage(frame, seen) });
      return asFloat32(results.image_embeddings!, 'image_embeddings');
    };
    const embedding = await embed(image);
    if (this.#flips.length === 0) return { embedding, width, height };
    const flipped: { flip: Flip; embedding: Encoding['embedding'] }[] = [];
    for (const flip of this.#flips) flipped.push({ flip, embedding: await embed(flipImage(image, flip)) });
    return { embedding, flipped, width, height };
  }

  /**
   * The mask of one object.
   * @throws SamusError SEGMENTER_DISPOSED, ENCODING_SHAPE for an encoding of another model, PROMPT_… as in
   *   prompts.ts, MODEL_PRESENCE, and as sessions
   */
  segment(encoding: Encoding, object: ObjectPrompt, options?: SegmentOptions): Promise<ObjectResult>;
  /** The masks of several objects, in order; the decoder runs once for all of them. */
  segment(encoding: Encoding, objects: readonly ObjectPrompt[], options?: SegmentOptions): Promise<ObjectResult[]>;
  async segment(
    encoding: Encoding,
    prompts: ObjectPrompt | readonly ObjectPrompt[],
    options: SegmentOptions = {},
  ): Promise<ObjectResult | ObjectResult[]> {
    const { logits = false, clean = true, minPresence = minPresenceOf(this.config), ...decoding } = options;
    requirePresence(this.config, options.minPresence);
    const frame = frameOf(this.config, encoding.width, encoding.height);
    const results: ObjectResult[] = [];
    for await (const { object, name, candidates, presence } of this.#decode(encoding, [prompts].flat(), decoding)) {
      const found = { logits, ...(clean && { prompt: object }), ...(presence !== undefined && { presence }) };
      results.push(objectResult(frame, name, candidates, { ...found, minPresence }));
    }
    return isList(prompts) ? results : results[0]!;
  }

  /**
   * The decoder's masks of several objects, not resized to the image, for callers that request many and keep few. One
   * mask per object, or three with `multimask`; none if there is no object.
   * @throws SamusError what {@link segment} throws
   */
  async propose(
    encoding: Encoding,
    objects: readonly ObjectPrompt[],
    { minPresence = minPresenceOf(this.config), ...options }: Omit<SegmentOptions, 'logits' | 'clean'> = {},
  ): Promise<Candidate[][]> {
    const proposals: Candidate[][] = [];
    for await (const { candidates, presence = 1 } of this.#decode(encoding, objects, options)) {
      proposals.push(presence < minPresence ? [] : candidates);
    }
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
    return (await this.#part(part).get()).run(feeds);
  }

  /** Compiles one half now instead of on first use. @throws SamusError as {@link run} */
  async prepare(part: 'encoder' | 'decoder'): Promise<void> {
    await this.#part(part).get();
  }

  /** Frees the sessions once pending runs have finished. A second call does nothing. */
  async dispose(): Promise<void> {
    await Promise.all([this.#encoder.dispose(), this.#decoder.dispose()]);
  }

  /** The masks of each object, in order; checks all prompts before the decoder runs. */
  async *#decode(
    { embedding, flipped = [], width, height }: Encoding,
    objects: readonly ObjectPrompt[],
    { multimask = false, allowEmpty = false }: SegmentOptions,
  ): AsyncGenerator<Decoded> {
    checkEmbedding(this.config, embedding);
    checkKinds(this.config, objects);
    const frame = frameOf(this.config, width, height);
    const named = objects.map((object, i) => ({ ...object, name: objectName(object, i) }));
    const most = promptedOf(this.config).oneObject ? 1 : MAX_BATCH;
    const feeds = batches(named, most).map((batch) => ({ batch, inputs: promptFeeds(frame, batch, allowEmpty) }));
    for (const { batch, inputs } of feeds) {
      const answers = [await this.#answer(embedding, inputs)];
      for (const { flip, embedding: other } of flipped) {
        const mirrored = batch.map((object) => flipPrompt(object, frame, flip));
        const answer = await this.#answer(other, promptFeeds(frame, mirrored, allowEmpty));
        answers.push({ ...answer, masks: flipEach(answer.masks, frame, flip) });
      }
      const { masks, iou, scores } = meanAnswer(answers);
      const presences = scores?.map(presenceOf);
      for (const [o, object] of batch.entries()) {
        const candidates = candidatesOf(this.config, masks, iou, o, multimask);
        yield { object, name: object.name, candidates, ...(presences && { presence: presences[o]! }) };
      }
    }
  }

  /** One run of the decoder. */
  async #answer(embedding: Encoding['embedding'], inputs: PromptFeeds): Promise<DecoderAnswer> {
    const session = await this.#decoder.get();
    const outputs = await session.run(takenBy(session, { image_embeddings: embedding, ...inputs }));
    const score = outputs.object_score_logits;
    const scores = score && asFloat32(score, 'object_score_logits').data;
    if (scores && firstNotFinite(scores) >= 0) throw notFinite();
    return {
      ...(scores && { scores }),
      masks: asFloat32(outputs.low_res_masks!, 'low_res_masks').data,
      iou: asFloat32(outputs.iou_predictions!, 'iou_predictions').data,
    };
  }

  #part(part: 'encoder' | 'decoder'): LazySession {
    return part === 'encoder' ? this.#encoder : this.#decoder;
  }
}

/** What one run of the decoder returns: logits [O, masks, lowRes, lowRes], predicted IoU [O, masks], object scores [O]. */
interface DecoderAnswer {
  readonly masks: Float32Array;
  readonly iou: Float32Array;
  readonly scores?: Float32Array;
}

/** The only answer, or the mean over the image and its flips. */
function meanAnswer(answers: readonly DecoderAnswer[]): DecoderAnswer {
  if (answers.length === 1) return answers[0]!;
  const scores = answers.flatMap((one) => (one.scores ? [one.scores] : []));
  return {
    masks: meanMap(answers.map((one) => one.masks)),
    iou: meanMap(answers.map((one) => one.iou)),
    ...(scores.length > 0 && { scores: meanMap(scores) }),
  };
}

/** The answer to one object's prompts. */
interface Decoded {
  readonly object: ObjectPrompt;
  readonly name: string;
  readonly candidates: Candidate[];
  /** Only from a model with an object score. */
  readonly presence?: number;
}

function isList(prompts: ObjectPrompt | readonly ObjectPrompt[]): prompts is readonly ObjectPrompt[] {
  return Array.isArray(prompts);
}

function batches<T>(items: readonly T[], most: number): T[][] {
  const count = Math.ceil(items.length / most);
  return Array.from({ length: count }, (_, i) => items.slice(i * most, (i + 1) * most));
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

/**
 * The requested masks of one object: the decoder's first for a clear prompt, the others for an ambiguous one.
 * @throws SamusError MODEL_OUTPUT if the decoder returns NaN or infinite values
 * @param logits of all objects [O, masks, lowRes, lowRes]
 * @param iou of all objects [O, masks]
 */
export function candidatesOf(
  config: ModelConfig,
  logits: Float32Array,
  iou: Float32Array,
  object: number,
  multimask: boolean,
): Candidate[] {
  const { lowRes, masks } = promptedOf(config).shapes(config);
  const size = lowRes ** 2;
  // A model with one mask uses it for ambiguous prompts too.
  const ambiguous = multimask && masks > 1;
  const first = object * masks + (ambiguous ? 1 : 0);
  return Array.from({ length: ambiguous ? masks - 1 : 1 }, (_, i) => {
    const at = first + i;
    const lowResLogits = logits.slice(at * size, (at + 1) * size);
    const score = iou[at]!;
    if (Number.isFinite(score) && firstNotFinite(lowResLogits) < 0) return { score, lowResLogits };
    throw notFinite();
  });
}

function notFinite(): SamusError {
  const hint = 'try another image; if that fails too, the model is damaged';
  return new SamusError('MODEL_OUTPUT', 'expected a mask and a score of finite numbers, got NaN or infinity', hint);
}

export interface ResultOptions {
  /** The prompt for cleaning; without it the mask stays unchanged. */
  readonly prompt?: CleaningPrompt;
  readonly logits?: boolean;
  /** Probability that the object is there, and the one below which its mask is empty. */
  readonly presence?: number;
  readonly minPresence?: number;
}

/** Logit of all pixels if there is no object. */
const NOTHING = -10;

/** The result of the candidate with the best predicted IoU. */
export function objectResult(
  frame: ImageFrame,
  name: string,
  candidates: readonly Candidate[],
  { prompt, logits = false, presence, minPresence = 0 }: ResultOptions = {},
): ObjectResult {
  const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
  const { width, height } = frame;
  if (presence !== undefined && presence < minPresence) {
    const pixels = width * height;
    const mask = maskFields({ width, height, data: new Uint8Array(pixels) });
    const result = { name, ...mask, ...best, candidates, presence, absent: true } as const;
    return logits ? { ...result, logits: new Float32Array(pixels).fill(NOTHING) } : result;
  }
  const raw = { width, height, data: imageMask(frame, best.lowResLogits) };
  const fields = maskFields(prompt ? cleanMask(raw, prompt) : raw);
  const result = { name, ...fields, ...best, candidates, ...(presence !== undefined && { presence }) };
  return logits ? { ...result, logits: imageLogits(frame, best.lowResLogits) } : result;
}

/** A mask in the form of results. */
export function maskFields(mask: Mask): Pick<ObjectResult, 'width' | 'height' | 'mask' | 'area' | 'box' | 'parts'> {
  const { width, height, data } = mask;
  return { width, height, mask: data, ...extentOf(data, width), parts: connectedParts(mask).sizes.length };
}
