/**
 * One request to a PACS over `fetch`, on Node and in browsers: repeated when the PACS is busy or the network fails, never
 * redirected to another host, and ended when nothing arrives for too long.
 */
import { SamusError } from '../../errors.js';
import { tooLong } from './multipart.js';
import { pacsAnswer, statusError, unreachable } from './pacsErrors.js';

export interface PacsOptions {
  /** Value of the header Authorization. */
  readonly authorization?: string;
  /** Ends whatever runs. */
  readonly signal?: AbortSignal;
  /** Most bytes of an instance; default 2 GB. */
  readonly maxBytes?: number;
  /** Wait before the first repetition, doubled for each further one; default 500 ms. */
  readonly retryMs?: number;
  /** Longest silence of the PACS; default 60 s. */
  readonly silenceMs?: number;
  /** Called after a search whose results have entries without a valid UID, which are left out. */
  readonly onUnusable?: (kind: PacsLevel, count: number) => void;
}

/** What a search finds. */
export type PacsLevel = 'studies' | 'series' | 'instances';

interface PacsRequest {
  readonly accept: string;
  /** Posted; without it the request is a GET. */
  readonly post?: { readonly type: string; readonly body: Blob };
  /** Statuses that are read; default 200. */
  readonly expected?: readonly number[];
}

/** An answer whose body is read as it arrives. */
export interface PacsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const ATTEMPTS = 4;
const RETRY_MS = 500;
/** Longest wait that the PACS may ask for. */
const MOST_WAIT_MS = 30_000;
const SILENCE_MS = 60_000;
/** Slowest upload that is waited for, in bytes per ms: fetch reports no progress. */
const SLOWEST_UPLOAD = 100;
const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 5;

/**
 * Asks and reads, and does both again after 429, 503 and failures of the network.
 * @param read called for each attempt
 * @throws the signal's reason; SamusError PACS_…, and what `read` throws
 */
export async function askPacs<T>(
  url: string,
  request: PacsRequest,
  options: PacsOptions,
  read: (answer: PacsAnswer) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let wait: number | undefined;
    try {
      const response = await send(url, request, options);
      wait = askedWait(response.headers.get('retry-after'));
      return await read(await accepted(response, request));
    } catch (error) {
      options.signal?.throwIfAborted();
      const repeat = error instanceof SamusError && ['PACS_BUSY', 'PACS_UNREACHABLE'].includes(error.code);
      if (!repeat || attempt === ATTEMPTS) throw error;
    }
    const usual = (options.retryMs ?? RETRY_MS) * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
    await pause(Math.min(wait ?? usual, MOST_WAIT_MS), options.signal);
  }
}

/** A JSON document of at most `most` bytes. @throws SamusError PACS_ANSWER, PACS_LIMIT, PACS_UNREACHABLE */
export async function jsonOf({ chunks, status }: PacsAnswer, most: number): Promise<unknown> {
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > most) throw tooLong(most);
    text += decoder.decode(chunk, { stream: true });
  }
  try {
    return JSON.parse(text + decoder.decode());
  } catch {
    throw pacsAnswer('expected DICOM JSON from the PACS, got something else', status);
  }
}

interface Sent {
  readonly status: number;
  readonly headers: Headers;
  readonly chunks: AsyncGenerator<Uint8Array>;
}

async function send(url: string, { accept, post }: PacsRequest, options: PacsOptions): Promise<Sent> {
  const { authorization, signal, silenceMs = SILENCE_MS } = options;
  const silence = new AbortController();
  const uploadMs = (post?.body.size ?? 0) / SLOWEST_UPLOAD;
  let timer = setTimeout(() => silence.abort(), silenceMs + uploadMs);
  const headers = {
    accept,
    ...(authorization !== undefined && { authorization }),
    ...(post && { 'content-type': post.type }),
  };
  const init = {
    method: post ? 'POST' : 'GET',
    headers,
    ...(post && { body: post.body }),
    redirect: 'manual',
    credentials: 'omit',
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  } as const;
  const failed = (error: unknown): unknown => {
    clearTimeout(timer);
    if (signal?.aborted) return signal.reason;
    return unreachable(silence.signal.aborted ? 'it does not answer in time' : networkReason(error));
  };
  let target = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(target, init).catch((error) => Promise.reject(failed(error)));
    if (response.type !== 'opaqueredirect' && !REDIRECTS.includes(response.status)) {
      const beat = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
      };
      const done = (): void => clearTimeout(timer);
      return { status: response.status, headers: response.headers, chunks: chunksOf(response, beat, done, failed) };
    }
    await response.body?.cancel();
    const next = nextTarget(target, response, post !== undefined);
    if (next === undefined || redirects === MOST_REDIRECTS) {
      clearTimeout(timer);
      const hint = 'use the URL that the PACS redirects to, if you trust it';
      throw new SamusError('PACS_REDIRECT', 'expected an answer of the PACS, got a redirect elsewhere', hint);
    }
    target = next;
  }
}

/** Where a redirect leads, if it is within the same origin and repeats the request. */
function nextTarget(from: string, response: Response, posting: boolean): string | undefined {
  const location = response.headers.get('location');
  if (location === null || !URL.canParse(location, from)) return undefined;
  const to = new URL(location, from);
  const repeats = !posting || response.status === 307 || response.status === 308;
  return repeats && to.origin === new URL(from).origin ? to.href : undefined;
}

async function* chunksOf(
  response: Response,
  beat: () => void,
  done: () => void,
  failed: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    while (reader) {
      beat();
      const { done: ended, value } = await reader.read().catch((error) => Promise.reject(failed(error)));
      // A slow reader does not mean that the PACS is silent.
      done();
      if (ended) return;
      yield value;
    }
  } finally {
    done();
    // Nothing more of it is wanted; after the end of the answer this does nothing.
    await reader?.cancel().catch(() => undefined);
  }
}

/** @throws SamusError PACS_… for another status than those that are read */
async function accepted({ status, headers, chunks }: Sent, { expected = [200] }: PacsRequest): Promise<PacsAnswer> {
  if (expected.includes(status)) return { status, contentType: headers.get('content-type') ?? '', chunks };
  await discard(chunks);
  throw statusError(status);
}

/** Lets go of a body. Never started, a generator would not run its end. */
export async function discard(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of chunks) return;
}

/** The code of the operating system behind a failed fetch; never its message, which may hold the address. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return /^[A-Z][A-Z0-9_]{2,40}$/.test(code) ? code : 'the connection failed';
}

/** In ms, of Retry-After in seconds. */
function askedWait(asked: string | null): number | undefined {
  return asked !== null && /^\d{1,6}$/.test(asked.trim()) ? Number(asked) * 1000 : undefined;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
