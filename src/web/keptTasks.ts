/**
 * Tasks by key, such as encoding an image: callers of the same key share one task, a task is aborted when no caller waits
 * for it, and the last few results are kept.
 */

interface Task<V> {
  readonly result: Promise<V>;
  readonly controller: AbortController;
  waiting: number;
  done: boolean;
  kept?: { readonly value: V; readonly size: number };
}

export class KeptTasks<V> {
  readonly #tasks = new Map<string, Task<V>>();

  /**
   * @param most sum of the sizes of all results to keep
   * @param dropped called with each key whose result is dropped, except by {@link delete}
   * @param sizeOf by default `most` is their number
   */
  constructor(
    private readonly most: number,
    private readonly dropped: (key: string, result: V) => void = () => undefined,
    private readonly sizeOf: (result: V) => number = () => 1,
  ) {}

  /**
   * The result for a key: kept, running, or started now.
   * @throws the signal's reason, and what `start` throws
   */
  async get(key: string, start: (signal: AbortSignal) => Promise<V>, signal?: AbortSignal): Promise<V> {
    signal?.throwIfAborted();
    const task = this.#tasks.get(key) ?? this.#begin(key, start);
    // The map is ordered by last use.
    this.#tasks.delete(key);
    this.#tasks.set(key, task);
    this.#limit();
    task.waiting++;
    const leave = (): void => {
      task.waiting--;
      if (task.waiting > 0 || task.done) return;
      this.#forget(key, task);
      task.controller.abort(signal?.reason);
    };
    return abortable(task.result, signal, leave);
  }

  /** The result for a key, if it is kept or running. */
  peek(key: string): Promise<V> | undefined {
    return this.#tasks.get(key)?.result;
  }

  delete(key: string): void {
    this.#tasks.delete(key);
  }

  #begin(key: string, start: (signal: AbortSignal) => Promise<V>): Task<V> {
    const controller = new AbortController();
    const task: Task<V> = { result: start(controller.signal), controller, waiting: 0, done: false };
    task.result.then(
      (value) => {
        task.done = true;
        task.kept = { value, size: this.sizeOf(value) };
        this.#limit();
      },
      () => {
        task.done = true;
        this.#forget(key, task);
      },
    );
    return task;
  }

  #forget(key: string, task: Task<V>): void {
    if (this.#tasks.get(key) === task) this.#tasks.delete(key);
  }

  #limit(): void {
    let total = 0;
    for (const { kept } of this.#tasks.values()) total += kept?.size ?? 1;
    for (const [key, { kept }] of this.#tasks) {
      if (total <= this.most) return;
      if (!kept) continue;
      total -= kept.size;
      this.#tasks.delete(key);
      this.dropped(key, kept.value);
    }
  }
}

/** A promise that rejects when the signal is aborted, after calling `leave`. */
function abortable<V>(promise: Promise<V>, signal: AbortSignal | undefined, leave: () => void): Promise<V> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      leave();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
