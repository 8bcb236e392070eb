/**
 * Threads that read and augment samples while the training computes. What a sample becomes does not depend on the
 * thread, so that their number changes nothing but the waiting.
 */
import { Worker } from 'node:worker_threads';
import type { Sample } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { unpackError, type WireError } from '../runtime/workerMessages.js';
import type { Draw } from './sampleOrder.js';
import type { SampleShape, TrainingSample } from './trainingSample.js';

export interface SampleWorkerData {
  readonly root: string;
  readonly shape: SampleShape;
}

export interface SampleOrderMessage {
  readonly id: number;
  readonly sample: Sample;
  readonly draw: Draw;
}

export type FromSampleWorker =
  | { readonly id: number; readonly sample: TrainingSample }
  | { readonly id: number; readonly error: WireError };

interface Waiting {
  readonly resolve: (sample: TrainingSample) => void;
  readonly reject: (error: Error) => void;
}

export class SamplePool {
  readonly #workers: Worker[];
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #lost: Error | undefined;

  /** @param threads at least 1 */
  constructor(data: SampleWorkerData, threads: number, program: URL = builtProgram()) {
    this.#workers = Array.from({ length: threads }, () => {
      // Without the flags of this process: those of `node --eval`, for one, would keep the thread from starting.
      const worker = new Worker(program, { workerData: data, name: 'samus samples', execArgv: [] });
      worker.on('message', (message: FromSampleWorker) => this.#receive(message));
      worker.on('error', (error) => this.#lose(error));
      worker.on('exit', (code) => this.#lose(endedError(code)));
      return worker;
    });
  }

  /** Makes a sample. @throws SamusError what reading the image throws, TRAIN_WORKER if the thread ended */
  make(sample: Sample, draw: Draw): Promise<TrainingSample> {
    const id = this.#next++;
    const made = new Promise<TrainingSample>((resolve, reject) => {
      if (this.#lost) return reject(this.#lost);
      this.#waiting.set(id, { resolve, reject });
      const message: SampleOrderMessage = { id, sample, draw };
      this.#workers[id % this.#workers.length]!.postMessage(message);
    });
    // A sample that was asked for ahead may fail before anyone waits for it; whoever does gets the error then.
    made.catch(() => undefined);
    return made;
  }

  /** Ends the threads; what they still make is lost. */
  async close(): Promise<void> {
    this.#lost ??= endedError(0);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #receive(message: FromSampleWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('sample' in message) waiting?.resolve(message.sample);
    else waiting?.reject(unpackError(message.error));
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}

function endedError(exitCode: number): SamusError {
  return new SamusError(
    'TRAIN_WORKER',
    'the threads that read the images were expected to go on, one ended',
    'resume the training; if it happens again, look whether the machine is out of memory',
    { exitCode },
  );
}

/** Node 20 runs no TypeScript: from the sources, as in tests, the built program is started. */
function builtProgram(): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/train/' : './';
  return new URL(`${folder}sampleWorker.node.js`, import.meta.url);
}
