/**
 * Runs only the newest of many requests, for hovering and clicking, where requests arrive faster than answers. One
 * request runs to its end; of those that wait, only the newest is kept.
 */

export interface LatestOnly<A extends readonly unknown[], R> {
  /** The answer, or undefined if the request was superseded before it started, or cancelled. */
  (...question: A): Promise<R | undefined>;
  /** Aborts the running request and drops the waiting one. */
  cancel(): void;
}

interface Waiting {
  begin(): void;
  drop(): void;
}

/** @param ask rejects when its signal is aborted; the arguments of the request follow the signal */
export function latestOnly<A extends readonly unknown[], R>(
  ask: (signal: AbortSignal, ...question: A) => Promise<R>,
): LatestOnly<A, R> {
  let running: AbortController | undefined;
  let waiting: Waiting | undefined;

  const run = async (question: A): Promise<R | undefined> => {
    const controller = new AbortController();
    running = controller;
    try {
      return await ask(controller.signal, ...question);
    } catch (error) {
      if (controller.signal.aborted) return undefined;
      throw error;
    } finally {
      if (running === controller) {
        running = undefined;
        const next = waiting;
        waiting = undefined;
        next?.begin();
      }
    }
  };

  const latest = (...question: A): Promise<R | undefined> => {
    if (!running) return run(question);
    waiting?.drop();
    return new Promise((resolve) => {
      waiting = { begin: () => resolve(run(question)), drop: () => resolve(undefined) };
    });
  };
  latest.cancel = (): void => {
    const [aborted, dropped] = [running, waiting];
    running = undefined;
    waiting = undefined;
    aborted?.abort();
    dropped?.drop();
  };
  return latest;
}
