/**
 * Threads that read and augment samples while the training computes. A sample does not depend on its thread, so the
 * number of threads affects only the speed.
 */
import type { Sample } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { builtFile, startThread } from '../runtime/thread.node.js';
import { ThreadClient } from '../runtime/threadProtocol.js';
import type { Draw } from './sampleOrder.js';
import type { SampleShape, TrainingSample } from './trainingSample.js';

export interface SampleWorkerData {
  readonly root: string;
  readonly shape: SampleShape;
}

export type SampleContract = {
  make: { input: { readonly sample: Sample; readonly draw: Draw }; output: TrainingSample };
};

export class SamplePool {
  readonly #threads: ThreadClient<SampleContract>[];
  #next = 0;

  /** @param threads at least 1 */
  constructor(data: SampleWorkerData, threads: number) {
    const program = builtFile('sampleWorker.node.js', import.meta.url);
    this.#threads = Array.from(
      { length: threads },
      () => new ThreadClient(startThread(program, { name: 'samples', data, lostError })),
    );
  }

  /** Makes a sample. @throws SamusError what reading the image throws, TRAIN_WORKER if the thread ended */
  make(sample: Sample, draw: Draw): Promise<TrainingSample> {
    const made = this.#threads[this.#next++ % this.#threads.length]!.call('make', { sample, draw });
    // A prefetched sample may fail before anyone awaits it; the caller gets the error when it does.
    made.catch(() => undefined);
    return made;
  }

  /** Ends the threads and discards their current work. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
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
