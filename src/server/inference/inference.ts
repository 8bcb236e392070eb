/**
 * The inference threads of a server and what they are asked. Three of them: images are encoded in one, prompts are
 * answered in another, so that a click never waits for an image; and automatic mode, which takes seconds, has a third
 * with one thread of computation, so that it leaves clicks a core.
 */
import type { TensorData } from '../../graph/tensorData.js';
import type { JobRunner, SegmentedImage, SegmentJob } from '../../jobs/segmentJob.js';
import { packTensors, unpackTensors } from '../../runtime/tensorMemory.js';
import type { Embeddings } from '../embeddings.js';
import type { ServedModel } from '../servedModel.js';
import type { ServerLimits, ServerSettings } from '../settings.js';
import { type JobObserver, Lane } from './lane.js';
import type { ModelPart, OutputOf, ThreadSetup } from './messages.js';

/** `everything` takes seconds where the others take milliseconds: a queue as long would be one of minutes. */
const EVERYTHING_SHARE = 16;

export class Inference implements JobRunner {
  readonly encode: Lane;
  readonly decode: Lane;
  readonly everything: Lane;
  readonly #limits: ServerLimits;
  readonly #models: readonly ServedModel[];
  readonly #embeddings: Embeddings;
  #ready = false;

  constructor(
    models: readonly ServedModel[],
    embeddings: Embeddings,
    limits: ServerLimits,
    { threads, version }: Pick<ServerSettings, 'threads' | 'version'>,
    observe: JobObserver,
  ) {
    this.#limits = limits;
    this.#models = models;
    this.#embeddings = embeddings;
    const sources = new Map(models.map(({ name, source }) => [name, source]));
    const setup = (part: ModelPart, count = threads): ThreadSetup => ({
      part,
      models: sources,
      version,
      ...(count !== undefined && { threads: count }),
    });
    const few = Math.max(1, Math.floor(limits.queue / EVERYTHING_SHARE));
    this.encode = new Lane('encode', setup('encoder'), limits.queue, observe, undefined, 2);
    this.decode = new Lane('decode', setup('decoder'), limits.queue, observe);
    this.everything = new Lane('everything', setup('decoder', 1), few, observe);
  }

  get lanes(): readonly Lane[] {
    return [this.encode, this.decode, this.everything];
  }

  /** Whether the models are compiled. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Compiles the models, so that the first request does not pay for it. @throws SamusError what compiling throws */
  async prepare(): Promise<void> {
    if (this.#models.some(({ config }) => config.quantisation === 'int8')) {
      // Loaded for these models only: the server itself creates no sessions.
      const { prepareInt8Threads } = await import('../../runtime/nodeRuntime.node.js');
      await prepareInt8Threads();
    }
    for (const { name } of this.#models) {
      await Promise.all([this.encode, this.decode].map((lane) => lane.run('prepare', { model: name })));
    }
    this.#ready = true;
  }

  /**
   * @param bytes an image file; they are taken away
   * @param frame from 1
   */
  encodeImage(
    model: string,
    bytes: Uint8Array<ArrayBuffer>,
    frame: number,
    signal?: AbortSignal,
  ): Promise<OutputOf<'encode'>> {
    const { maxPixels } = this.#limits;
    return this.encode.run('encode', { model, bytes, frame, maxPixels }, signal, [bytes.buffer]);
  }

  /**
   * Prompts are answered in one thread, everything is looked for in another.
   * @throws SamusError IMAGE_UNKNOWN if the embedding of the image is not kept, and as Lane.run
   */
  async run(job: SegmentJob, signal?: AbortSignal): Promise<SegmentedImage> {
    const { model = this.#models[0]!.name, image } = job;
    const encoded = { model, job, encoding: this.#embeddings.find(model, image.content ?? '') };
    return job.everything
      ? this.everything.run('everything', encoded, signal)
      : this.decode.run('segment', encoded, signal);
  }

  /** Tensors in and out of one half of a model. */
  async infer(
    model: string,
    part: ModelPart,
    feeds: Readonly<Record<string, TensorData>>,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, TensorData>>> {
    const lane = part === 'encoder' ? this.encode : this.decode;
    const { packed, transfer } = packTensors(feeds);
    return unpackTensors(await lane.run('infer', { model, feeds: packed }, signal, transfer));
  }

  /** Ends the threads, once each has finished the job at hand. */
  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }
}
