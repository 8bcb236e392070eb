/**
 * The server's log, JSON lines on stderr: method, route, status and time of each request. Never an address as it came,
 * a header, a name of a file or anything of a picture; of an unexpected failure its kind and where it happened,
 * without its message, which may quote any of these.
 */
import { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { LogLevel } from './settings.js';

/** What Fastify needs to know to log nothing of its own about requests. */
export function logOptions(level: LogLevel) {
  return {
    logger:
      level === 'silent'
        ? false
        : { level, base: null, stream: process.stderr, serializers: { req: bare, err: traceOf } },
    logController: new LogController({ disableRequestLogging: true }),
  };
}

export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ method: request.method, route: routeOf(request), status: reply.statusCode, ms }, 'answered');
  });
}

/** The pattern that a request matched: `/api/v1/images/:id/segment`, never what stood in its place. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** Name and frames of an error, without its message. */
export function traceOf(error: unknown): { type: string; code: string; message: string; stack: string } {
  if (!(error instanceof Error)) return { type: typeof error, code: '', message: 'withheld', stack: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { type: error.name, code, message: 'withheld', stack: frames.map((line) => line.trim()).join('; ') };
}

function bare(request: FastifyRequest): { method: string; route: string } {
  return { method: request.method, route: routeOf(request) };
}
