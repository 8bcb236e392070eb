/**
 * What goes between the page and its workers: calls with an id, and for each of them any number of reports of
 * progress and one answer. Which calls a worker knows is a contract of its own; here is only the envelope.
 */
import type { ErrorCode } from '../../errorCodes.js';
import { type Json, SamusError } from '../../errors.js';

/** What a worker can do: its calls by name, with what they take, give and report while they run. */
export type Contract = Readonly<Record<string, { input: unknown; output: unknown; progress?: unknown }>>;

/** From the page to a worker. */
export type ToWorker<C extends Contract> =
  | { readonly [K in keyof C]: { readonly type: 'call'; id: number; method: K; input: C[K]['input'] } }[keyof C]
  | { readonly type: 'abort'; readonly id: number };

/** From a worker to the page. */
export type FromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly value: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: SentError };

/** An error that has lost its class on the way. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a SamusError. */
  readonly coded?: {
    readonly code: ErrorCode;
    readonly hint: string;
    readonly details: { readonly [key: string]: Json };
  };
}

export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message } = error;
  const sent = error.stack === undefined ? { name, message } : { name, message, stack: error.stack };
  if (!(error instanceof SamusError)) return sent;
  const { code, hint, details } = error;
  return { ...sent, coded: { code, hint, details } };
}

export function receiveError({ name, message, stack, coded }: SentError): Error {
  if (coded) return new SamusError(coded.code, message, coded.hint, coded.details);
  if (name === 'AbortError') return new DOMException(message, name);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
