/**
 * The protocol between threads, on Node and in a browser: calls with an id, and for each call any number of progress
 * reports and one answer. A thread's contract lists its calls. The platforms differ only in the channel, which
 * thread.node.ts and web/pageWorker.ts provide.
 */
import type { ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';

/** The calls of a thread by name: arguments, results and progress reports. */
export type Contract = Readonly<Record<string, { input: unknown; output: unknown; progress?: unknown }>>;

type ToThread<C extends Contract> =
  | { readonly [K in keyof C]: { readonly type: 'call'; id: number; method: K; input: C[K]['input'] } }[keyof C]
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'close' };

type FromThread<Output, Progress> =
  | { readonly type: 'progress'; readonly id: number; readonly value: Progress }
  | { readonly type: 'done'; readonly id: number; readonly value: Output }
  | { readonly type: 'failed'; readonly id: number; readonly error: WireError }
  | { readonly type: 'closed' };

/** One end of a connection between two threads; `postMessage` is that of the platform. */
interface Channel {
  postMessage(message: object, transfer: readonly ArrayBuffer[]): void;
  listen<Message>(receive: (message: Message) => void): void;
}

/** A thread from its owner's side. */
export interface Thread extends Channel {
  /** Calls `lost` with the reason when the thread has ended or failed to start. */
  onLost(lost: (error: Error) => void): void;
  /** Whether the thread keeps the process alive. */
  hold(needed: boolean): void;
  /** Resolves when a thread that has closed its channel is gone. */
  ended(): Promise<void>;
  /** Ends the thread at once. */
  terminate(): Promise<void>;
}

/** The connection to the owner from the thread's side. */
export interface OwnerChannel extends Channel {
  close(): void;
}

export interface CallOptions<Progress> {
  readonly signal?: AbortSignal | undefined;
  /** Whether an aborted call waits until the thread is free again; by default it is rejected at once. */
  readonly waitForThread?: boolean;
  progress?(value: Progress): void;
  /** Memory that moves to the thread instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** A pending call. Only the call itself knows the types of its answer. */
interface Pending {
  receive(message: Exclude<FromThread<never, never>, { type: 'closed' }>): void;
  fail(error: unknown): void;
}

/** A thread that answers calls. An idle one does not keep the process alive. */
export class ThreadClient<C extends Contract> {
  readonly #thread: Thread;
  readonly #pending = new Map<number, Pending>();
  readonly #closed: Promise<void>;
  #nextId = 1;
  #closing = false;
  #lost: Error | undefined;

  constructor(thread: Thread) {
    this.#thread = thread;
    this.#closed = new Promise((resolve) => {
      thread.onLost((error) => {
        this.#lose(error);
        resolve();
      });
      thread.listen((message: FromThread<never, never>) => {
        if (message.type === 'closed') resolve();
        else this.#pending.get(message.id)?.receive(message);
      });
    });
    thread.hold(false);
  }

  /** The reason why the thread accepts no more calls. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** @throws what the call throws in the thread; the signal's reason; the reason why the thread is lost */
  call<K extends keyof C & string>(
    method: K,
    input: C[K]['input'],
    { signal, waitForThread = false, progress, transfer = [] }: CallOptions<C[K]['progress']> = {},
  ): Promise<C[K]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#lost) throw this.#lost;
      signal?.throwIfAborted();
      const id = this.#nextId++;
      const end = (): void => {
        signal?.removeEventListener('abort', abort);
        this.#pending.delete(id);
        if (this.#pending.size === 0 && !this.#closing) this.#thread.hold(false);
      };
      const abort = (): void => {
        this.#post({ type: 'abort', id });
        if (waitForThread) return;
        end();
        reject(signal?.reason);
      };
      this.#pending.set(id, {
        receive(message: FromThread<C[K]['output'], C[K]['progress']>) {
          if (message.type === 'progress') progress?.(message.value);
          else if (message.type === 'done') {
            end();
            resolve(message.value);
          } else if (message.type === 'failed') {
            end();
            reject(unpackError(message.error));
          }
        },
        fail(error) {
          end();
          reject(error);
        },
      });
      signal?.addEventListener('abort', abort);
      this.#thread.hold(true);
      this.#thread.postMessage({ type: 'call', id, method, input }, transfer);
    });
  }

  /** Aborts running calls, waits for them, and ends the thread. */
  async close(): Promise<void> {
    if (!this.#lost && !this.#closing) {
      this.#closing = true;
      // An otherwise idle process would end now, and abort while the thread computes.
      this.#thread.hold(true);
      this.#post({ type: 'close' });
    }
    await this.#closed;
    await this.#thread.ended();
  }

  /** Ends the thread at once and rejects pending calls. */
  async terminate(): Promise<void> {
    this.#lose(new DOMException('the thread was ended', 'AbortError'));
    await this.#thread.terminate();
  }

  #post(message: ToThread<C>): void {
    this.#thread.postMessage(message, []);
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    for (const pending of [...this.#pending.values()]) pending.fail(this.#lost);
  }
}

interface CallContext<Progress> {
  /** Aborted when the caller no longer waits for the answer. */
  readonly signal: AbortSignal;
  progress(value: Progress): void;
  /** Moves memory to the owner instead of copying it; the thread loses it. Shared memory stays. */
  transfer(memory: ArrayBufferLike): void;
}

export type Handlers<C extends Contract> = {
  readonly [K in keyof C]: (input: C[K]['input'], context: CallContext<C[K]['progress']>) => Promise<C[K]['output']>;
};

/**
 * Answers the calls of a thread's owner from now on. Calls run concurrently; handlers that need an order must keep it
 * themselves.
 * @param close called when the owner ends the thread, after the last call
 */
export function serveCalls<C extends Contract>(
  owner: OwnerChannel,
  handlers: Handlers<C>,
  close: () => Promise<void> = async () => undefined,
): void {
  const running = new Map<number, { readonly controller: AbortController; readonly ended: Promise<void> }>();
  const send = (message: FromThread<unknown, unknown>, transfer: readonly ArrayBuffer[] = []): void =>
    owner.postMessage(message, transfer);

  const answer = async <K extends keyof C>(id: number, method: K, input: C[K]['input'], signal: AbortSignal) => {
    const transfer = new Set<ArrayBuffer>();
    try {
      const value = await handlers[method](input, {
        signal,
        progress: (report) => send({ type: 'progress', id, value: report }),
        transfer: (memory) => {
          if (memory instanceof ArrayBuffer) transfer.add(memory);
        },
      });
      send({ type: 'done', id, value }, [...transfer]);
    } catch (error) {
      send({ type: 'failed', id, error: packError(error) });
    } finally {
      running.delete(id);
    }
  };

  owner.listen(async (message: ToThread<C>) => {
    if (message.type === 'abort') running.get(message.id)?.controller.abort();
    else if (message.type === 'close') {
      const calls = [...running.values()];
      for (const { controller } of calls) controller.abort();
      // A session created by a call after the others were freed would outlive the thread.
      await Promise.all(calls.map(({ ended }) => ended));
      await close();
      send({ type: 'closed' });
      owner.close();
    } else {
      const controller = new AbortController();
      const { id, method, input } = message;
      running.set(id, { controller, ended: answer(id, method, input, controller.signal) });
    }
  });
}

/** An error in a form that can be sent between threads, where classes are lost. */
interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of an error of the operating system. */
  readonly system?: string;
  /** Of a SamusError. */
  readonly coded?: { code: ErrorCode; hint: string; details: { readonly [key: string]: Json } };
}

export function packError(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack } = error;
  const packed = { name, message, ...(stack !== undefined && { stack }) };
  if (error instanceof SamusError) {
    const { code, hint, details } = error;
    return { ...packed, coded: { code, hint, details } };
  }
  return 'code' in error && typeof error.code === 'string' ? { ...packed, system: error.code } : packed;
}

export function unpackError({ name, message, stack, system, coded }: WireError): Error {
  if (coded) return new SamusError(coded.code, message, coded.hint, coded.details);
  if (name === 'AbortError') return new DOMException(message, name);
  const error = system === undefined ? new Error(message) : Object.assign(new Error(message), { code: system });
  if (stack !== undefined) error.stack = stack;
  return error;
}
