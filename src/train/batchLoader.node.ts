/**
 * The batches of a training in order. Threads read and augment their samples while the training computes: while one
 * batch is used, the next are made. A sample does not depend on its thread, so the number of threads affects only the
 * speed.
 */
import { type Sample, type SampleList, sampleOrigin } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import type { TensorData } from '../graph/tensorData.js';
import { builtFile, startThread } from '../runtime/thread.node.js';
import { ThreadClient } from '../runtime/threadProtocol.js';
import { BatchFeeds } from './gradientGraph.js';
import { type SampleDraw, SampleOrder, type SampleShape, type TrainingSample } from './trainingSample.js';

export interface Batch {
  /** Inputs of the graph by name, without the weights. Valid until the next call of `get`. */
  readonly feeds: Readonly<Record<string, TensorData>>;
  /** Its samples, for messages. */
  readonly origins: () => readonly string[];
}

/** The `workerData` of sampleWorker.node.ts. */
export interface SampleWorkerData {
  readonly root: string;
  readonly shape: SampleShape;
}

/** The calls of sampleWorker.node.ts. */
export type SampleContract = {
  make: { input: { readonly sample: Sample; readonly draw: SampleDraw }; output: TrainingSample };
};

export interface BatchLoaderOptions extends SampleWorkerData {
  readonly list: SampleList;
  readonly batch: number;
  /** Side of the mask input, which stays empty. */
  readonly maskSide: number;
  /** At least 1. */
  readonly threads: number;
}

/** Batches prefetched at any time: enough for a slow disk, few enough to save memory. */
const AHEAD = 3;

export class BatchLoader {
  readonly #options: BatchLoaderOptions;
  readonly #threads: readonly ThreadClient<SampleContract>[];
  readonly #order: SampleOrder;
  readonly #ahead = new Map<number, Promise<TrainingSample>[]>();
  readonly #feeds: BatchFeeds;
  #next = 0;

  constructor(options: BatchLoaderOptions) {
    const { root, list, shape, batch, maskSide, threads } = options;
    this.#options = options;
    const program = builtFile('sampleWorker.node.js', import.meta.url);
    const data: SampleWorkerData = { root, shape };
    this.#threads = Array.from(
      { length: threads },
      () => new ThreadClient(startThread(program, { name: 'samples', data, lostError })),
    );
    this.#order = new SampleOrder(list.length, shape.seed);
    this.#feeds = new BatchFeeds(shape, batch, maskSide);
  }

  /**
   * Returns a batch and starts making the next ones.
   * @param last the number of the last batch of the training
   * @throws SamusError as reading its images, TRAIN_WORKER if a thread ended
   */
  async get(number: number, last: number): Promise<Batch> {
    for (let next = number; next <= Math.min(last, number + AHEAD); next++) this.#start(next);
    const samples = await Promise.all(this.#ahead.get(number)!);
    this.#ahead.delete(number);
    for (const [i, sample] of samples.entries()) this.#feeds.place(sample, i);
    return { feeds: this.#feeds.tensors, origins: () => this.#origins(number) };
  }

  /** Ends the threads and discards their current work. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #start(number: number): void {
    if (this.#ahead.has(number)) return;
    const { list, batch } = this.#options;
    this.#ahead.set(
      number,
      this.#order.batch(number, batch).map((draw) => this.#make(list.at(draw.index), draw)),
    );
  }

  #make(sample: Sample, draw: SampleDraw): Promise<TrainingSample> {
    const made = this.#threads[this.#next++ % this.#threads.length]!.call('make', { sample, draw });
    // A prefetched sample may fail before anyone awaits it; the caller gets the error when it does.
    made.catch(() => undefined);
    return made;
  }

  #origins(number: number): string[] {
    const { list, batch } = this.#options;
    return this.#order.batch(number, batch).map(({ index }) => sampleOrigin(list.at(index)));
  }
}

function lostError(exitCode: number): SamusError {
  return new SamusError(
    'TRAIN_WORKER',
    `an image reader thread ended with exit code ${exitCode}`,
    'resume the training; if it happens again, check for lack of memory',
    { exitCode },
  );
}
