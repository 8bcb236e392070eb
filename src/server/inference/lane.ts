/**
 * A queue in front of one inference thread. Bounded: jobs that do not fit are rejected at once, with the time after which
 * to try again. Work of a client that went away leaves the queue, or is cancelled where it stands. A thread that ends
 * by itself fails the job at hand and is started anew for the next one.
 */
import { SamusError } from '../../errors.js';
import { builtFile, startThread } from '../../runtime/thread.node.js';
import { ThreadClient } from '../../runtime/threadProtocol.js';
import type { InferenceContract, InputOf, JobKind, OutputOf, ThreadSetup } from './messages.js';

/** Told of each job, for the server's metrics. */
export type JobObserver = (lane: string, kind: JobKind, outcome: 'done' | 'failed' | 'cancelled', ms: number) => void;

interface Entry {
  readonly kind: JobKind;
  readonly signal: AbortSignal | undefined;
  /** Does the job on the thread. */
  readonly work: (thread: ThreadClient<InferenceContract>) => Promise<void>;
  readonly reject: (error: unknown) => void;
}

/** Weight of the last job in the mean time of a job, from which Retry-After is estimated. */
const RECENT = 0.2;

export class Lane {
  readonly #waiting: Entry[] = [];
  readonly #current = new Set<Entry>();
  #thread: ThreadClient<InferenceContract> | undefined;
  #meanMs = 0;
  #closed = false;

  constructor(
    readonly name: string,
    private readonly setup: ThreadSetup,
    private readonly limit: number,
    private readonly observe: JobObserver = () => undefined,
    private readonly program: URL = builtFile('worker.js', import.meta.url),
    /** Jobs that the thread has at once: with two, one whose file takes long to decode does not hold up the next. */
    private readonly together = 1,
  ) {}

  /** The second of two jobs in the thread counts as waiting: the thread computes one of them. */
  get waiting(): number {
    return this.#waiting.length + Math.max(0, this.#current.size - 1);
  }

  get running(): number {
    return Math.min(1, this.#current.size);
  }

  /** Seconds after which a place in the queue is likely. */
  get retryAfter(): number {
    return Math.min(60, Math.max(1, Math.ceil((this.#meanMs * (this.waiting + 1)) / 1000)));
  }

  /**
   * @param signal aborted when no request waits for the result any more
   * @param transfer memory that moves to the thread
   * @throws SamusError QUEUE_FULL, REQUEST_CANCELLED, SERVER_DRAINING, INFERENCE_LOST, and what the job throws
   */
  async run<K extends JobKind>(
    kind: K,
    input: InputOf<K>,
    signal?: AbortSignal,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<OutputOf<K>> {
    if (this.#closed) throw closedError();
    if (signal?.aborted) throw cancelledError();
    if (this.waiting >= this.limit) throw fullError(this.name, this.limit, this.retryAfter);
    return new Promise<OutputOf<K>>((resolve, reject) => {
      // The next job starts when the thread is free.
      const options = { signal, transfer, waitForThread: true };
      const work = async (thread: ThreadClient<InferenceContract>) => resolve(await thread.call(kind, input, options));
      const entry = { kind, signal, work, reject };
      signal?.addEventListener('abort', () => this.#drop(entry), { once: true });
      this.#waiting.push(entry);
      void this.#next();
    });
  }

  /** Finishes the job at hand, or cancels it if possible, rejects the others, and ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#waiting.splice(0)) this.#fail(entry, closedError());
    await this.#thread?.close();
  }

  async #next(): Promise<void> {
    if (this.#current.size >= this.together || this.#closed) return;
    const entry = this.#waiting.shift();
    if (!entry) return;
    this.#current.add(entry);
    const startedAt = performance.now();
    if (!this.#thread || this.#thread.lost) this.#thread = this.#start();
    const thread = this.#thread;
    try {
      await entry.work(thread);
      const ms = performance.now() - startedAt;
      // Compiling a model, which is done once, says nothing of the time that others will wait.
      if (entry.kind !== 'prepare') this.#meanMs += RECENT * (ms - this.#meanMs);
      this.observe(this.name, entry.kind, entry.signal?.aborted ? 'cancelled' : 'done', ms);
    } catch (error) {
      const ms = performance.now() - startedAt;
      this.#fail(entry, error === thread.lost ? lostError() : error, ms);
    }
    this.#current.delete(entry);
    void this.#next();
  }

  /** Removes an abandoned job from the queue. */
  #drop(entry: Entry): void {
    const at = this.#waiting.indexOf(entry);
    if (at < 0) return;
    this.#waiting.splice(at, 1);
    this.#fail(entry, cancelledError());
  }

  /** @param ms that the job ran; one that is still in the queue has not */
  #fail({ kind, signal, reject }: Entry, error: unknown, ms = 0): void {
    const cancelled = signal?.aborted ?? false;
    const closed = error instanceof DOMException && error.name === 'AbortError';
    reject(cancelled ? cancelledError() : closed ? closedError() : error);
    this.observe(this.name, kind, cancelled ? 'cancelled' : 'failed', ms);
  }

  #start(): ThreadClient<InferenceContract> {
    return new ThreadClient(startThread(this.program, { name: this.name, data: this.setup, lostError }));
  }
}

function fullError(lane: string, limit: number, retryAfter: number): SamusError {
  return new SamusError(
    'QUEUE_FULL',
    `the queue is full: ${limit} jobs are waiting (${lane})`,
    `try again in ${retryAfter} s`,
    { lane, waiting: limit, retryAfter },
  );
}

function cancelledError(): SamusError {
  return new SamusError('REQUEST_CANCELLED', 'the request was cancelled', 'ask again');
}

function closedError(): SamusError {
  return new SamusError('SERVER_DRAINING', 'the server is shutting down', 'try again', {
    retryAfter: 5,
  });
}

function lostError(): SamusError {
  return new SamusError(
    'INFERENCE_LOST',
    'the inference thread ended during this job',
    'try again; if it ends again, look for a lack of memory',
  );
}
