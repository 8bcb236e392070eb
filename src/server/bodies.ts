/**
 * The bodies of requests: packed ones are unpacked on the way, none takes more than its limit, and all together no more
 * than theirs. Bytes of images are received here, counted as they arrive, and hashed, which names the image; Fastify
 * reads the other bodies.
 */
import { createHash } from 'node:crypto';
import { PassThrough, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SamusError } from '../errors.js';

export interface ImageBytes {
  /** SHA-256 of the bytes, hexadecimal: the image's id. */
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The memory that the bodies of all requests which are not answered yet may take. */
export class UploadBudget {
  #used = 0;

  constructor(readonly maxBytes: number) {}

  get used(): number {
    return this.#used;
  }

  /** @throws SamusError UPLOADS_FULL */
  take(bytes: number): void {
    if (this.#used + bytes > this.maxBytes) {
      throw new SamusError(
        'UPLOADS_FULL',
        `the server is already receiving its limit of ${Math.round(this.maxBytes / 1e6)} MB`,
        'try again in 1 s',
        { retryAfter: 1 },
      );
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/**
 * Takes what a body that Fastify reads may need before any of it is read, until the answer is out or the client gone.
 * Requests are rejected with UPLOADS_FULL while less is left.
 */
export function reserveBodies(app: FastifyInstance, budget: UploadBudget): void {
  app.addHook('onRequest', async (request, reply) => {
    const bytes = mostBytes(request);
    budget.take(bytes);
    reply.raw.once('close', () => budget.give(bytes));
  });
}

/** As long as the client says, or as the route takes at most where it does not say, or says it of a packed body. */
function mostBytes({ headers, routeOptions }: FastifyRequest): number {
  const { bodyLimit = 0 } = routeOptions;
  if (headers['transfer-encoding'] !== undefined || headers['content-encoding'] !== undefined) return bodyLimit;
  const length = Number(headers['content-length'] ?? 0);
  // A longer one is rejected unread, or is an image, which Upload counts.
  return length > bodyLimit ? 0 : length;
}

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** Codings of bodies that are unpacked, as the header Accept-Encoding names them. */
export const CODINGS = 'gzip, deflate, br';

/** Whether a body is packed, by what its head says. */
export function codingOf({ headers }: FastifyRequest): string | undefined {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? '';
  return coding === '' || coding === 'identity' ? undefined : coding;
}

/**
 * Unpacks bodies as they arrive, so that limits count what they are unpacked to.
 * Requests of another coding are rejected with REQUEST_ENCODING, and so are packed forms, whose parser reads the
 * connection itself.
 */
export function unpackBodies(app: FastifyInstance): void {
  app.addHook('preParsing', async (request, _reply, payload) => {
    const coding = codingOf(request);
    const { 'content-length': length, 'transfer-encoding': chunks } = request.headers;
    if (coding === undefined || (chunks === undefined && !Number(length))) return payload;
    const decoder = DECODERS.get(coding)?.();
    if (!decoder)
      throw codingError(`expected a body that is not packed, or packed with ${CODINGS}, got ${shown(coding)}`);
    if (/^multipart\//i.test(request.headers['content-type'] ?? ''))
      throw codingError(`expected a form that is not packed, got one packed with ${coding}`);
    return new UnpackedBody(payload, decoder, coding);
  });
}

class UnpackedBody extends PassThrough {
  /** Fastify compares it with the length that the head names. */
  receivedEncodedLength = 0;

  constructor(packed: Readable, decoder: Transform, coding: string) {
    super();
    packed.on('data', (chunk: Uint8Array) => {
      this.receivedEncodedLength += chunk.length;
    });
    packed.once('error', (error) => this.destroy(error));
    decoder.once('error', () =>
      this.destroy(codingError(`expected a body packed with ${coding}, got one that cannot be unpacked`)),
    );
    this.once('close', () => {
      packed.unpipe(decoder);
      packed.resume();
      decoder.destroy();
    });
    packed.pipe(decoder).pipe(this);
  }
}

/** The part of a header that is allowed in a message. */
function shown(coding: string): string {
  return /^[a-z0-9_, -]{1,40}$/.test(coding) ? coding : 'another coding';
}

function codingError(message: string): SamusError {
  return new SamusError('REQUEST_ENCODING', message, `leave Content-Encoding out, or use one of ${CODINGS}`);
}

/** The part of the budget that one request's image has. */
export class Upload {
  #taken = 0;

  constructor(
    private readonly budget: UploadBudget,
    private readonly maxBytes: number,
  ) {}

  /**
   * Reads a body to its end.
   * @param announced its length, where the client names it
   * @throws SamusError REQUEST_TOO_LARGE, REQUEST_EMPTY, UPLOADS_FULL
   */
  async receive(body: Readable, announced = 0): Promise<ImageBytes> {
    try {
      if (announced > this.maxBytes) throw tooLarge(this.maxBytes);
      return await this.#receive(body);
    } catch (error) {
      // The rest is let go by, unread: a client that is cut off while it sends would not read the answer.
      body.resume();
      throw error;
    }
  }

  /** Gives back what was taken; a second call does nothing. */
  end(): void {
    this.budget.give(this.#taken);
    this.#taken = 0;
  }

  async #receive(body: Readable): Promise<ImageBytes> {
    const hash = createHash('sha256');
    const chunks: Uint8Array[] = [];
    let size = 0;
    const incoming: AsyncIterable<Uint8Array> = body.iterator({ destroyOnReturn: false });
    for await (const chunk of incoming) {
      size += chunk.length;
      if (size > this.maxBytes) throw tooLarge(this.maxBytes);
      this.#take(chunk.length);
      hash.update(chunk);
      chunks.push(chunk);
    }
    if (size === 0) {
      const hint = 'send the bytes of an image file';
      throw new SamusError('REQUEST_EMPTY', 'expected an image in the body, got an empty body', hint);
    }
    // A copy, because its memory moves to another thread.
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return { id: hash.digest('hex'), bytes };
  }

  #take(bytes: number): void {
    this.budget.take(bytes);
    this.#taken += bytes;
  }
}

function tooLarge(maxBytes: number): SamusError {
  return new SamusError(
    'REQUEST_TOO_LARGE',
    `expected a body of at most ${maxBytes} bytes, got a larger one`,
    'send a smaller file, or start the server with a larger --max-body-mb',
    { maxBytes },
  );
}
