/**
 * Sends a request to the server, retries while the server is busy, and turns failures into errors that the page can
 * show.
 */
import { isErrorCode } from '../../errorCodes.js';
import { type Json, SamusError } from '../../errors.js';
import type { PixelBox, Rle } from '../../formats/rle.js';
import { pageError } from '../pageError.js';

export interface ServerObject {
  /** Of a model without prompts. */
  readonly class?: number;
  readonly score: number;
  readonly presence?: number;
  readonly absent?: true;
  readonly area: number;
  readonly box: PixelBox | null;
  readonly rle: Rle;
  /** Base64 of little-endian float32. */
  readonly lowResLogits?: string;
}

/** The fields of answers that are used. */
export interface ServerAnswer {
  /** After an upload: the id of the image. */
  readonly image?: string;
  readonly objects?: readonly ServerObject[];
}

/** A request body: an image file or a JSON document. */
export type Body = { readonly png: Uint8Array<ArrayBuffer> } | { readonly json: object };

interface ServerError {
  readonly error?: {
    readonly code?: string;
    readonly message?: string;
    readonly hint?: string;
    readonly details?: { readonly [key: string]: Json };
  };
}

/** Attempts at a busy server. */
const ATTEMPTS = 6;
/** Longest wait between two attempts, in seconds. */
const LONGEST_WAIT = 10;

/**
 * @throws the signal's reason; SamusError SERVER_UNREACHABLE, SERVER_BUSY, SERVER_ANSWER, and the server's own errors
 */
export async function ask(url: string, body: Body, signal: AbortSignal): Promise<ServerAnswer> {
  for (let attempt = 1; ; attempt++) {
    const response = await post(url, body, signal);
    if (response.ok) return response.json();
    if (response.status !== 503) throw await errorOf(response);
    if (attempt === ATTEMPTS) throw pageError('SERVER_BUSY');
    await pause(waitOf(response.headers.get('retry-after'), attempt), signal);
  }
}

async function post(url: string, body: Body, signal: AbortSignal): Promise<Response> {
  const [type, content] =
    'png' in body ? ['image/png', new Blob([body.png])] : ['application/json', JSON.stringify(body.json)];
  try {
    return await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: content, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw pageError('SERVER_UNREACHABLE', { reason: error instanceof Error ? error.message : String(error) });
  }
}

/** In milliseconds, with jitter, so that many pages do not retry at the same time. */
function waitOf(asked: string | null, attempt: number): number {
  const seconds = Number(asked ?? Number.NaN);
  const wanted = Number.isFinite(seconds) && seconds >= 0 ? seconds : 0.5 * 2 ** attempt;
  return Math.min(wanted, LONGEST_WAIT) * 1000 * (0.75 + Math.random() / 2);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort, { once: true });
  });
}

/** The error that an answer of the server holds. */
export async function errorOf(response: Response): Promise<SamusError> {
  const answer: ServerError = await response.json().catch(() => ({}));
  const { code, message, hint = '', details = {} } = answer.error ?? {};
  // Another version of the server may use codes that this page does not know.
  if (code === undefined || message === undefined || !isErrorCode(code))
    return pageError('SERVER_ANSWER', { status: response.status });
  return new SamusError(code, message, hint, details);
}

/** Arguments per call of String.fromCharCode, far below any engine's limit. */
const STEP = 8192;

export function floatsToBase64(values: Float32Array): string {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i]!, true);
  let text = '';
  for (let at = 0; at < bytes.length; at += STEP) text += String.fromCharCode(...bytes.subarray(at, at + STEP));
  return btoa(text);
}

export function floatsFromBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
}
