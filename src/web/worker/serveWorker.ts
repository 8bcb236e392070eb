/**
 * A worker's side of workerClient.ts: runs a handler for each call and answers. Calls run side by side; a handler
 * that must not be overtaken sees to that itself.
 */
import { type Contract, type FromWorker, sendError, type ToWorker } from './protocol.js';

interface CallContext<Progress> {
  readonly signal: AbortSignal;
  progress(value: Progress): void;
  /** Has memory sent along instead of copied; it is gone here afterwards. */
  transfer(memory: Transferable): void;
}

export type Handlers<C extends Contract> = {
  readonly [K in keyof C]: (input: C[K]['input'], context: CallContext<C[K]['progress']>) => Promise<C[K]['output']>;
};

/** Answers calls from now on. */
export function serveWorker<C extends Contract>(handlers: Handlers<C>): void {
  const running = new Map<number, AbortController>();
  const send = (message: FromWorker, transfer: Transferable[] = []): void => self.postMessage(message, { transfer });
  self.addEventListener('message', async (event) => {
    const message: ToWorker<C> = event.data;
    if (message.type === 'abort') {
      running.get(message.id)?.abort();
      return;
    }
    const { id, method, input } = message;
    const controller = new AbortController();
    running.set(id, controller);
    const transfer: Transferable[] = [];
    try {
      const value = await handlers[method](input, {
        signal: controller.signal,
        progress: (report) => send({ type: 'progress', id, value: report }),
        transfer: (memory) => transfer.push(memory),
      });
      send({ type: 'done', id, value }, transfer);
    } catch (error) {
      send({ type: 'failed', id, error: sendError(error) });
    } finally {
      running.delete(id);
    }
  });
}
