/** Both ends of the page's workers, on top of runtime/threadProtocol.ts. */
import { type CallOptions, type Contract, type Handlers, serveCalls, ThreadClient } from '../runtime/threadProtocol.js';
import { pageError } from './pageError.js';

/**
 * Connects to a worker.
 * @throws SamusError WORKER_BROKEN from its calls if it could not be loaded or has ended
 */
export function workerClient<C extends Contract>(worker: Worker): ThreadClient<C> {
  return new ThreadClient({
    postMessage: (message, transfer) => worker.postMessage(message, [...transfer]),
    listen: (receive) => worker.addEventListener('message', ({ data }) => receive(data)),
    onLost(lost) {
      const broken = (reason: string | undefined): void => lost(pageError('WORKER_BROKEN', { reason: reason ?? '' }));
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        broken(event.message);
      });
      worker.addEventListener('messageerror', () => broken('a message could not be read'));
    },
    hold: () => undefined,
    ended: async () => worker.terminate(),
    terminate: async () => worker.terminate(),
  });
}

/**
 * A worker that starts on first use and can be released: a thread that has handled large images keeps their memory as
 * long as it lives.
 */
export class PageWorker<C extends Contract> {
  readonly #start: () => Worker;
  #client: ThreadClient<C> | undefined;
  #running = 0;
  #unwanted = false;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  async call<K extends keyof C & string>(
    method: K,
    input: C[K]['input'],
    options?: CallOptions<C[K]['progress']>,
  ): Promise<C[K]['output']> {
    this.#client ??= workerClient(this.#start());
    this.#running++;
    try {
      return await this.#client.call(method, input, options);
    } finally {
      this.#running--;
      this.#endIfIdle();
    }
  }

  /** Whether the worker is running; a call would start it. */
  get started(): boolean {
    return this.#client !== undefined;
  }

  /** Ends the worker as soon as no call is running; the next call starts a new one. */
  letGo(): void {
    this.#unwanted = this.#client !== undefined;
    this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (!this.#unwanted || this.#running > 0) return;
    this.#unwanted = false;
    void this.#client?.terminate();
    this.#client = undefined;
  }
}

/** Starts answering the page's calls. */
export function serveWorker<C extends Contract>(handlers: Handlers<C>): void {
  serveCalls(
    {
      postMessage: (message, transfer) => self.postMessage(message, { transfer: [...transfer] }),
      listen: (receive) => self.addEventListener('message', ({ data }) => receive(data)),
      close: () => self.close(),
    },
    handlers,
  );
}
