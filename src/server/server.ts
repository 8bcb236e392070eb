/**
 * The server as a whole: Fastify with its limits, the guards in front of every route, the routes, and how it ends.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { dicomWeb } from '../formats/dicomweb/dicomWeb.js';
import { guardAccess } from './access.js';
import { reserveBodies, UploadBudget, unpackBodies } from './bodies.js';
import type { ServerContext } from './context.js';
import { describeRoutes } from './docs.js';
import { Embeddings } from './embeddings.js';
import { sendError, statusOf } from './httpErrors.js';
import { openImageFolder } from './imageFolder.js';
import { Inference } from './inference/inference.js';
import { logOptions, logRequests } from './log.js';
import { Metrics } from './metrics.js';
import { oipRoutes } from './oip/routes.js';
import { imageRoutes } from './routes/images.js';
import { infoRoutes } from './routes/info.js';
import { pacsRoutes } from './routes/pacs.js';
import { pageRoutes } from './routes/pages.js';
import { segmentRoutes } from './routes/segment.js';
import { SECURITY_HEADERS } from './securityHeaders.js';
import { describeModels } from './servedModel.js';
import { bodyLimit, MAX_BODY_BYTES, SERVER_LIMITS, type ServerSettings } from './settings.js';

/** Time to send a request's head, its whole, and to be silent between two, in ms. */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_MS = 30_000;
/**
 * A connection on which nothing moves for so long is cut off, and the work for it with it. An answer may take that: an image
 * of SAM in a full queue on a slow machine.
 */
const SILENCE_MS = 300_000;

const MAX_HEADER_BYTES = 16_384;

/** What is answered while the server ends. */
const ANSWERED_WHILE_DRAINING = ['/api/v1/health', '/v2/health/live', '/v2/health/ready', '/metrics'];

/** Code of what is on the wire and no HTTP, by Node's code of it. */
const WIRE_ERRORS: Readonly<Record<string, readonly [code: ErrorCode, message: string, hint: string]>> = {
  HPE_HEADER_OVERFLOW: [
    'REQUEST_HEADERS_TOO_LARGE',
    'expected headers within the limit of the server, got larger ones',
    'send fewer',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'the request did not arrive in time', 'send it at once'],
};

export interface Server {
  readonly app: FastifyInstance;
  /** Names of the models that it serves. */
  readonly models: readonly string[];
  /**
   * Takes requests from now on. @returns the address
   * @throws SamusError PORT_TAKEN, PORT_FORBIDDEN, HOST_UNAVAILABLE
   */
  listen(host: string, port: number): Promise<string>;
  /** Compiles the models. @throws SamusError what compiling throws */
  prepare(): Promise<void>;
  /** Finishes accepted requests, rejects new ones, and ends; aborts requests that take longer than `maxMs`. */
  drain(maxMs: number): Promise<void>;
}

/** @throws SamusError MODEL_…, FOLDER_NOT_FOUND, PACS_URL, and what reading models throws */
export async function createServer(settings: ServerSettings): Promise<Server> {
  const { version, notice, token, hosts, pacs, logLevel = 'info', logFormat = 'json' } = settings;
  const limits = { ...SERVER_LIMITS, ...settings.limits };
  const models = await describeModels(settings.models);
  const folder = settings.folder === undefined ? undefined : await openImageFolder(settings.folder);
  // Rejects a wrong address now, not at its first use.
  if (pacs) dicomWeb(pacs.url);
  const metrics = new Metrics();
  const embeddings = new Embeddings(limits.cacheMb * 1e6);
  const inference = new Inference(models, embeddings, limits, settings, metrics.observeJob);
  const uploads = new UploadBudget(limits.uploadsMb * 1e6);
  let draining = false;
  const context: ServerContext = {
    version,
    notice,
    models,
    limits,
    inference,
    embeddings,
    uploads,
    metrics,
    ...(folder && { folder }),
    ...(pacs && { pacs }),
    isDraining: () => draining,
  };

  const app = fastify({
    ...logOptions(logLevel, logFormat),
    // Node would answer a request that names no host by itself, and bare: access.ts does it.
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requireHostHeader: false },
    bodyLimit: bodyLimit(limits, MAX_BODY_BYTES),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: SILENCE_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    frameworkErrors: (error, request, reply) => {
      // Before any hook has run.
      reply.headers(SECURITY_HEADERS);
      sendError(error, request, reply);
    },
    clientErrorHandler: answerWireError,
  });
  // An unknown expectation is ignored; Node would reject it without an error document.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.removeContentTypeParser('text/plain');
  // Answers are made here, so that their schemas describe them and need not shape them.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(sendError);
  app.setNotFoundHandler(async () => {
    throw new SamusError('ROUTE_UNKNOWN', 'cannot find anything at this address', 'see /docs for what there is');
  });

  // Before everything that can reject a request.
  app.addHook('onRequest', async (_, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  const active = countActive(app, () => draining);
  guardAccess(app, { ...(token !== undefined && { token }), ...(hosts && { hosts }) });
  reserveBodies(app, uploads);
  unpackBodies(app);
  logRequests(app);
  await describeRoutes(app, version, notice);
  metrics.watch(inference, embeddings, uploads);
  metrics.serve(app);
  infoRoutes(app, context);
  imageRoutes(app, context);
  segmentRoutes(app, context);
  pacsRoutes(app, context);
  await app.register((scope) => oipRoutes(scope, context));
  await app.register((scope) => pageRoutes(scope, context));
  app.addHook('onClose', () => inference.close());
  await app.ready();

  return {
    app,
    models: models.map(({ name }) => name),
    listen: (host, port) => listen(app, host, port),
    prepare: () => inference.prepare(),
    async drain(maxMs) {
      draining = true;
      await active.none(maxMs);
      const close = app.close();
      // Nothing is waited for any more: what is still open took too long, or is idle.
      app.server.closeAllConnections();
      await close;
    },
  };
}

/** Counts the requests that are being answered, and rejects new ones while the server ends. */
function countActive(app: FastifyInstance, isDraining: () => boolean) {
  let count = 0;
  let onNone = (): void => undefined;
  app.addHook('onRequest', async (request, reply) => {
    if (isDraining() && !ANSWERED_WHILE_DRAINING.includes(request.url)) {
      const message = 'the server is shutting down';
      throw new SamusError('SERVER_DRAINING', message, 'try again in 5 s', { retryAfter: 5 });
    }
    count++;
    reply.raw.once('close', () => {
      count--;
      if (count === 0) onNone();
    });
  });
  return {
    /** Waits until none is left, at most `maxMs`. */
    none: (maxMs: number) =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        onNone = () => {
          clearTimeout(timer);
          resolve();
        };
        if (count === 0) onNone();
      }),
  };
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port, listenTextResolver: () => 'listening' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const details = { host, port };
    if (code === 'EADDRINUSE') {
      const hint = 'choose another with --port, or end the program that has it';
      throw new SamusError('PORT_TAKEN', `expected port ${port} of ${host} to be free, got one in use`, hint, details);
    }
    if (code === 'EACCES') {
      const hint = 'choose one from 1024 on with --port';
      throw new SamusError('PORT_FORBIDDEN', `this user may not use port ${port}`, hint, details);
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
      const message = `expected an address of this machine, got ${host}`;
      throw new SamusError('HOST_UNAVAILABLE', message, 'name one with --host, such as 127.0.0.1', details);
    }
    throw error;
  }
}

/** Requests that are not valid HTTP also get an error document. */
function answerWireError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const unreadable = ['REQUEST_HTTP', 'expected a request of HTTP/1.1, got something else', 'send one'] as const;
  const known = new SamusError(...(WIRE_ERRORS[error.code ?? ''] ?? unreadable));
  const body = JSON.stringify(known.toJSON());
  const status = statusOf(known);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
