/**
 * Predicts a class map with a model that takes no prompts. It has the methods of a Segmenter that evaluation uses (see
 * evaluate/promptableModel.ts): encode an image once, then request each class.
 */
import { SamusError } from '../errors.js';
import { flipImage, type Image } from '../formats/image.js';
import { cleanMask } from '../formats/maskRegions.js';
import { asFloat32, firstNotFinite, float32, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { byClass, classMargin } from '../models/classLogits.js';
import { frameOf, inputShape, networkGraph } from '../models/graphs.js';
import { imageLogits, prepareImage } from '../models/imageFrame.js';
import { takesColour } from '../models/preprocessing.js';
import { architectureOf, classesOf } from '../models/registry.js';
import { LazySession } from '../nn/compile.js';
import type { Runtime } from '../runtime/session.js';
import { flipEach, meanMap } from './flips.js';
import { Segmenter, type SegmenterOptions } from './segmenter.js';
import type { Encoding, Flip, Model } from './types.js';

/** Requests the pixels of a class. */
export interface ClassRequest {
  readonly classId?: number;
  readonly points?: readonly unknown[];
  readonly box?: unknown;
}

export interface ClassAnswer {
  /** 1 where the class wins, width · height values. */
  readonly mask: Uint8Array;
  /** NaN: such models predict no IoU. */
  readonly score: number;
  /** Margin of the class at each pixel: above 0 where it wins. */
  readonly logits: Float32Array;
  /** The same, since there are no other logits to feed back. */
  readonly lowResLogits: Float32Array;
}

export class ClassNetwork {
  readonly name: string;
  readonly config: ModelConfig;
  readonly #flips: readonly Flip[];
  readonly #session: LazySession;

  private constructor(
    { name, config, tensors }: Model,
    runtime: Runtime,
    { flips = [], ...options }: SegmenterOptions,
  ) {
    this.name = name;
    this.config = config;
    this.#flips = flips;
    this.#session = new LazySession(runtime, () => networkGraph(config).outputs, tensors, options);
  }

  /** Whether the network sees the colours of an image. */
  get colour(): boolean {
    return takesColour(inputShape(this.config).preprocessing);
  }

  /** Number of classes, including the background. */
  get classes(): number {
    return classesOf(this.config).classes(this.config);
  }

  /** The network, or a segmenter for a model that answers prompts. Nothing is compiled yet. */
  static orSegmenter(model: Model, runtime: Runtime, options: SegmenterOptions = {}): ClassNetwork | Segmenter {
    const isNetwork = architectureOf(model.config).task === 'classes';
    return isNetwork ? new ClassNetwork(model, runtime, options) : Segmenter.create(model, runtime, options);
  }

  /** Nothing is compiled yet. @throws SamusError MODEL_CLASSES for a model that answers prompts */
  static create(model: Model, runtime: Runtime, options: SegmenterOptions = {}): ClassNetwork {
    classesOf(model.config);
    return new ClassNetwork(model, runtime, options);
  }

  /**
   * The logits of an image, as its embedding: [1, classes, imageSize, imageSize], the background first, or one map, above
   * 0 where the object is.
   * @throws SamusError MODEL_OUTPUT for logits that are not finite, and what sessions throw
   */
  async encode(image: Image): Promise<Encoding> {
    const session = await this.#session.get();
    const { width, height } = image;
    const frame = frameOf(this.config, width, height);
    const predict = async (seen: Image): Promise<TensorData<'float32'>> => {
      const results = await session.run({ image: prepareImage(frame, seen) });
      return asFloat32(results.logits!, 'logits');
    };
    const { data: own, shape } = await predict(image);
    const logits = [own];
    for (const flip of this.#flips) {
      const { data } = await predict(flipImage(image, flip));
      logits.push(flipEach(data, frame, flip));
    }
    const embedding = float32(meanMap(logits), shape);
    if (firstNotFinite(embedding.data) >= 0) {
      const message = 'expected logits of finite numbers, got NaN or infinity';
      throw new SamusError('MODEL_OUTPUT', message, 'check the image, and whether the model works on others');
    }
    return { embedding, width, height };
  }

  /**
   * The pixels of classes; with `clean` the largest part of each, without holes.
   * @throws SamusError MODEL_PROMPTS for a request with a point or a box, MODEL_CLASSES for a class that the model lacks
   */
  async segment(
    { embedding, width, height }: Encoding,
    requests: readonly ClassRequest[],
    { clean = false }: { readonly clean?: boolean } = {},
  ): Promise<ClassAnswer[]> {
    const { imageSize } = this.config;
    const frame = frameOf(this.config, width, height);
    const logits = byClass(embedding.data, imageSize * imageSize).map((map) => imageLogits(frame, map));
    return requests.map(({ classId = 1, points = [], box }) => {
      if (points.length > 0 || box) {
        const title = classesOf(this.config).title;
        const message = `expected no prompt for ${title}, which predicts a class map, got a point or a box`;
        throw new SamusError('MODEL_PROMPTS', message, 'leave the prompt out (samus evaluate --prompt auto)');
      }
      const margin = classMargin(classId, logits);
      const raw = Uint8Array.from(margin, (value) => (value > 0 ? 1 : 0));
      const mask = clean ? cleanMask({ width, height, data: raw }).data : raw;
      return { mask, score: Number.NaN, logits: margin, lowResLogits: margin };
    });
  }

  /**
   * Runs the network directly: tensors in and out, with the names and shapes of models/graphs.ts.
   * @throws SamusError RUNTIME_FEEDS, and what sessions throw
   */
  async run(feeds: Readonly<Record<string, TensorData>>): Promise<Record<string, TensorData>> {
    return (await this.#session.get()).run(feeds);
  }

  /** Compiles the network now instead of on first use. @throws SamusError as {@link run} */
  async prepare(): Promise<void> {
    await this.#session.get();
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
  }
}
