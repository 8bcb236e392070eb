/**
 * Converts ONNX Runtime's failures to coded errors. The binding passes only messages, so their wording decides;
 * unrecognised messages keep their text under a general code.
 */
import { SamusError } from '../errors.js';
import type { Provider, ProviderStatus } from './session.js';

const OUT_OF_MEMORY = /bad_alloc|out of memory|failed to allocate|allocation failed|\bOOM\b|exceeds? .*buffer size/i;

/** WebAssembly addresses 4 GB: the size of a larger buffer overflows before anything is allocated. */
const TOO_LARGE = /SafeInt\w*Overflow|integer overflow/i;

const FEEDS = /invalid (dimensions|rank) for (in|out)put|unexpected input data type|invalid (input|feed|output) name/i;

/** The message of ONNX Runtime without build paths and without values quoted from tensors. */
export function tidyMessage(error: unknown): string {
  return textOf(error)
    .replace(/^.*ERROR_MESSAGE: /s, '')
    .replace(/\S*\/onnxruntime\/\S+:\d+ .*?(?=\[ONNXRuntimeError\]|was false|$)/s, '')
    .replace(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    .replace(/\b(idx|index value|value)\s*[=:]\s*-?\d[\d.e+-]*/gi, '$1 withheld')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 400);
}

/** The reason as the end of a sentence; the message may consist of build paths only. */
function reason(message: string): string {
  return message === '' ? ' without giving a reason' : `: ${message}`;
}

/** The error for a session that could not be created. */
export function creationError(error: unknown): SamusError {
  if (error instanceof SamusError) return error;
  const message = tidyMessage(error);
  if (isOutOfMemory(error)) return outOfMemory('creating a session', error, message);
  return new SamusError(
    'MODEL_INVALID',
    `ONNX Runtime did not accept the model${reason(message)}`,
    'export the model again; if it is unchanged, report this message',
  );
}

/** The error for a run that failed. */
export function runError(error: unknown): SamusError {
  if (error instanceof SamusError) return error;
  const message = tidyMessage(error);
  if (isOutOfMemory(error)) return outOfMemory('running a model', error, message);
  if (FEEDS.test(message)) return feedsError(message);
  return new SamusError(
    'RUNTIME_FAILED',
    `ONNX Runtime failed while running the model${reason(message)}`,
    'check the shapes and values of the inputs; if they are as documented, report this message',
  );
}

/** Feeds or outputs that do not fit the model. */
export function feedsError(message: string): SamusError {
  return new SamusError(
    'RUNTIME_FEEDS',
    `expected tensors that fit the model: ${message}`,
    'give every input of the model, with its documented type and shape',
  );
}

export function disposedError(): SamusError {
  return new SamusError(
    'SESSION_DISPOSED',
    'expected an open session, got one that is disposed',
    'create the session again, or dispose of it later',
  );
}

export function providerError(wanted: Provider, known: readonly ProviderStatus[]): SamusError {
  const reason = known.find((p) => p.name === wanted)?.reason ?? 'this runtime does not know it';
  const usable = known.filter((p) => p.available).map((p) => p.name);
  return new SamusError(
    'PROVIDER_UNAVAILABLE',
    `cannot use the provider ${wanted}: ${reason}`,
    `use one of: ${usable.join(', ')}`,
    { wanted, providers: known.map(({ name, available, reason: why }) => ({ name, available, reason: why })) },
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isOutOfMemory(error: unknown): boolean {
  return OUT_OF_MEMORY.test(textOf(error)) || TOO_LARGE.test(textOf(error));
}

function outOfMemory(doing: string, error: unknown, message: string): SamusError {
  const why = TOO_LARGE.test(textOf(error))
    ? ': a tensor is larger than the runtime can address, which is 4 GB on WebAssembly'
    : message && `: ${message}`;
  return new SamusError(
    'RUNTIME_OUT_OF_MEMORY',
    `not enough memory for ${doing}${why}`,
    'use a smaller preset or batch, close other programs, or run the model natively or on a server in place of WebAssembly',
  );
}
