/**
 * Workers of the page for runtime/threadProtocol.ts: the page's end and the worker's.
 */
import { type Contract, type Handlers, serveCalls, ThreadClient } from '../runtime/threadProtocol.js';
import { pageError } from './pageError.js';

/**
 * A worker that answers the calls of its contract.
 * @throws SamusError WORKER_BROKEN from its calls if it could not be loaded or has ended
 */
export function workerClient<C extends Contract>(worker: Worker): ThreadClient<C> {
  return new ThreadClient({
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
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

/** Answers the page's calls from now on. */
export function serveWorker<C extends Contract>(handlers: Handlers<C>): void {
  serveCalls(
    {
      post: (message, transfer) => self.postMessage(message, { transfer: [...transfer] }),
      listen: (receive) => self.addEventListener('message', ({ data }) => receive(data)),
      close: () => self.close(),
    },
    handlers,
  );
}
