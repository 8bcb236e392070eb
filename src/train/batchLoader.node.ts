/**
 * The batches of a training in order, prefetched: while one is computed, the next are read.
 */
import { type SampleList, sampleOrigin } from '../data/sampleList.js';
import type { TensorData } from '../graph/tensorData.js';
import { BatchFeeds } from './batchFeeds.js';
import { SampleOrder } from './sampleOrder.js';
import { SamplePool } from './samplePool.node.js';
import type { SampleShape, TrainingSample } from './trainingSample.js';

export interface Batch {
  /** Inputs of the graph by name, without the weights. Valid until the next call of `get`. */
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** Its samples, for messages. */
  readonly origins: () => readonly string[];
}

export interface BatchLoaderOptions {
  readonly root: string;
  readonly list: SampleList;
  readonly shape: SampleShape;
  readonly batch: number;
  /** Side of the mask input, which stays empty. */
  readonly maskSide: number;
  readonly threads: number;
}

/** Batches prefetched at any time: enough for a slow disk, few enough to save memory. */
const AHEAD = 3;

export class BatchLoader {
  readonly #options: BatchLoaderOptions;
  readonly #pool: SamplePool;
  readonly #order: SampleOrder;
  readonly #ahead = new Map<number, Promise<TrainingSample>[]>();
  readonly #feeds: BatchFeeds;

  constructor(options: BatchLoaderOptions) {
    const { root, list, shape, batch, maskSide, threads } = options;
    this.#options = options;
    this.#pool = new SamplePool({ root, shape }, threads);
    this.#order = new SampleOrder(list.length, shape.seed);
    this.#feeds = new BatchFeeds(shape, batch, maskSide);
  }

  /**
   * Returns a batch and starts making the next ones.
   * @param last the number of the last batch of the training
   * @throws SamusError as reading its images
   */
  async get(number: number, last: number): Promise<Batch> {
    for (let next = number; next <= Math.min(last, number + AHEAD); next++) this.#start(next);
    const samples = await Promise.all(this.#ahead.get(number)!);
    this.#ahead.delete(number);
    for (const [i, sample] of samples.entries()) this.#feeds.place(sample, i);
    return { feeds: this.#feeds.tensors, origins: () => this.#origins(number) };
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #start(number: number): void {
    if (this.#ahead.has(number)) return;
    const { list, batch } = this.#options;
    this.#ahead.set(
      number,
      this.#order.batch(number, batch).map((draw) => this.#pool.make(list.at(draw.index), draw)),
    );
  }

  #origins(number: number): string[] {
    const { list, batch } = this.#options;
    return this.#order.batch(number, batch).map(({ index }) => sampleOrigin(list.at(index)));
  }
}
