/**
 * A worker as the page sees it: calls that give promises. It knows nothing of what the worker does; serveWorker.ts is
 * its other side.
 */
import type { SamusError } from '../../errors.js';
import { pageError } from '../pageError.js';
import type { Contract, FromWorker, ToWorker } from './protocol.js';
import { receiveError } from './protocol.js';

export interface CallOptions<Progress> {
  readonly signal?: AbortSignal | undefined;
  progress?(value: Progress): void;
  /** Memory that goes to the worker instead of being copied. */
  readonly transfer?: readonly Transferable[];
}

/** A call that has no answer yet. */
interface Pending {
  receive(event: MessageEvent): void;
  fail(error: unknown): void;
}

export class WorkerClient<C extends Contract> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #broken: Error | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener('message', (event) => {
      const message: FromWorker = event.data;
      this.#pending.get(message.id)?.receive(event);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#break(brokenError(event.message));
    });
    worker.addEventListener('messageerror', () => this.#break(brokenError('a message could not be read')));
  }

  /**
   * @throws SamusError WORKER_BROKEN if the worker could not be loaded or has ended; the signal's reason; what the
   *   call throws in the worker
   */
  call<K extends keyof C & string>(
    method: K,
    input: C[K]['input'],
    { signal, progress, transfer = [] }: CallOptions<C[K]['progress']> = {},
  ): Promise<C[K]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#broken) throw this.#broken;
      signal?.throwIfAborted();
      const id = this.#nextId++;
      const abort = (): void => {
        const message: ToWorker<C> = { type: 'abort', id };
        this.#worker.postMessage(message);
        end();
        reject(signal?.reason);
      };
      const end = (): void => {
        this.#pending.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      this.#pending.set(id, {
        receive({ data }) {
          if (data.type === 'progress') {
            progress?.(data.value);
            return;
          }
          end();
          if (data.type === 'done') resolve(data.value);
          else reject(receiveError(data.error));
        },
        fail(error) {
          end();
          reject(error);
        },
      });
      signal?.addEventListener('abort', abort);
      this.#worker.postMessage({ type: 'call', id, method, input }, [...transfer]);
    });
  }

  /** Ends the worker at once; calls under way are rejected. */
  terminate(): void {
    this.#worker.terminate();
    this.#break(new DOMException('the worker was ended', 'AbortError'));
  }

  #break(error: Error): void {
    this.#broken ??= error;
    for (const pending of [...this.#pending.values()]) pending.fail(this.#broken);
  }
}

function brokenError(reason: string | undefined): SamusError {
  return pageError('WORKER_BROKEN', { reason: reason ?? '' });
}
