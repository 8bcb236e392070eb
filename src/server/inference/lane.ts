/**
 * A queue in front of one inference thread. Bounded: what does not fit is refused at once, with the time after which
 * to try again. Work of a client that went away leaves the queue, or is cancelled where it stands. A thread that ends
 * by itself fails the job at hand and is started anew for the next one.
 */
import { Worker } from 'node:worker_threads';
import { SamusError } from '../../errors.js';
import { unpackError } from '../../runtime/workerMessages.js';
import type { FromThread, Job, JobKind, JobResult, ResultOf, ThreadSetup, ToThread } from './messages.js';
import { workerProgram } from './workerProgram.js';

/** What the server's metrics want to know of each job. */
export type JobObserver = (lane: string, kind: JobKind, outcome: 'done' | 'failed' | 'cancelled', ms: number) => void;

interface Entry {
  readonly id: number;
  readonly job: Job;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
  readonly forget: () => void;
}

/** Weight of the last job in the mean time of a job, which is what Retry-After is told from. */
const RECENT = 0.2;

export class Lane {
  readonly #waiting: Entry[] = [];
  #current: Entry | undefined;
  #startedAt = 0;
  #thread: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #nextId = 0;
  #meanMs = 0;
  #closed = false;

  constructor(
    readonly name: string,
    private readonly setup: ThreadSetup,
    private readonly limit: number,
    private readonly observe: JobObserver = () => undefined,
    private readonly program: URL = workerProgram(),
  ) {}

  get waiting(): number {
    return this.#waiting.length;
  }

  get running(): number {
    return this.#current ? 1 : 0;
  }

  /** Seconds after which a place in the queue is likely. */
  get retryAfter(): number {
    return Math.min(60, Math.max(1, Math.ceil((this.#meanMs * (this.#waiting.length + 1)) / 1000)));
  }

  /**
   * @param signal aborted when nobody waits for the result any more
   * @throws SamusError QUEUE_FULL, REQUEST_CANCELLED, SERVER_CLOSED, INFERENCE_LOST, and what the job throws
   */
  async run<J extends Job>(job: J, signal?: AbortSignal): Promise<ResultOf<J['kind']>> {
    if (this.#closed) throw closedError();
    if (signal?.aborted) throw cancelledError();
    if (this.#waiting.length >= this.limit) throw fullError(this.name, this.limit, this.retryAfter);
    const result = await new Promise<JobResult>((resolve, reject) => {
      const id = this.#nextId++;
      const onAbort = (): void => this.#cancel(id);
      signal?.addEventListener('abort', onAbort, { once: true });
      const forget = (): void => signal?.removeEventListener('abort', onAbort);
      this.#waiting.push({ id, job, signal, resolve, reject, forget });
      this.#next();
    });
    if (isOf<J['kind']>(result, job.kind)) return result;
    throw new Error(`the result of a ${job.kind} job was expected, one of ${result.kind} came`);
  }

  /** Finishes the job at hand, or cancels it where it can be, refuses the others, and ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#waiting.splice(0)) this.#settle(entry, closedError());
    this.#post({ type: 'close' });
    // A process that has nothing else to do would end now, and abort where the thread computes.
    this.#thread?.ref();
    await this.#exited;
  }

  #next(): void {
    if (this.#current || this.#closed) return;
    const entry = this.#waiting.shift();
    if (!entry) return;
    this.#current = entry;
    this.#startedAt = performance.now();
    this.#thread ??= this.#start();
    const transfer = entry.job.kind === 'encode' ? [entry.job.bytes.buffer] : [];
    this.#thread.postMessage({ type: 'run', id: entry.id, job: entry.job } satisfies ToThread, transfer);
  }

  #cancel(id: number): void {
    const at = this.#waiting.findIndex((entry) => entry.id === id);
    const [entry] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (entry) this.#settle(entry, cancelledError());
    else if (this.#current?.id === id) this.#post({ type: 'cancel', id });
  }

  #start(): Worker {
    // Without the flags of this process: those of `node --eval`, for one, would keep the thread from starting.
    const thread = new Worker(this.program, { name: `samus ${this.name}`, workerData: this.setup, execArgv: [] });
    thread.on('message', (message: FromThread) => this.#receive(message));
    thread.on('error', () => this.#lose(thread));
    this.#exited = new Promise((resolve) => {
      thread.on('exit', () => {
        this.#lose(thread);
        resolve();
      });
    });
    // Whether the process lives is the server's business.
    thread.unref();
    return thread;
  }

  #receive(message: FromThread): void {
    const entry = this.#current;
    if (entry?.id !== message.id) return;
    this.#current = undefined;
    this.#settle(entry, message.type === 'done' ? message.result : unpackError(message.error));
    this.#next();
  }

  #lose(thread: Worker): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    const entry = this.#current;
    this.#current = undefined;
    if (entry) this.#settle(entry, lostError());
    this.#next();
  }

  #settle(entry: Entry, outcome: JobResult | Error): void {
    entry.forget();
    const failed = outcome instanceof Error;
    const ms = performance.now() - this.#startedAt;
    const cancelled = entry.signal?.aborted ?? false;
    if (!failed) {
      // Compiling a model, which is done once, says nothing of the time that others will wait.
      if (entry.job.kind !== 'prepare') this.#meanMs += RECENT * (ms - this.#meanMs);
      entry.resolve(outcome);
    } else entry.reject(cancelled ? cancelledError() : outcome);
    this.observe(this.name, entry.job.kind, cancelled ? 'cancelled' : failed ? 'failed' : 'done', ms);
  }

  #post(message: ToThread): void {
    this.#thread?.postMessage(message);
  }
}

function isOf<K extends JobKind>(result: JobResult, kind: JobKind): result is ResultOf<K> {
  return result.kind === kind;
}

function fullError(lane: string, limit: number, retryAfter: number): SamusError {
  return new SamusError(
    'QUEUE_FULL',
    `the server has as much to do as it takes on: ${limit} jobs wait (${lane})`,
    `try again in ${retryAfter} s`,
    { lane, waiting: limit, retryAfter },
  );
}

function cancelledError(): SamusError {
  return new SamusError('REQUEST_CANCELLED', 'nobody waits for the result any more', 'ask again');
}

function closedError(): SamusError {
  return new SamusError('SERVER_DRAINING', 'the server is ending and takes on no more work', 'try again', {
    retryAfter: 5,
  });
}

function lostError(): SamusError {
  return new SamusError(
    'INFERENCE_LOST',
    'the inference thread was expected to go on, it ended during this job',
    'try again; if it ends again, look for a lack of memory',
  );
}
