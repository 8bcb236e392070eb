/**
 * The server's log on stderr, JSON lines for programs or plain ones for people: method, route, status and time of each
 * request. It never shows an address as requested, a header, a file name or anything of a picture; of an unexpected
 * failure it shows the kind and the place, not the message, which may quote any of these.
 */
import { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { LogFormat, LogLevel } from './settings.js';

/** Keeps Fastify from logging requests itself. */
export function logOptions(level: LogLevel, format: LogFormat) {
  return {
    logger:
      level === 'silent'
        ? false
        : {
            ...{ level, base: null, serializers: { req: bare, err: traceOf } },
            stream: format === 'plain' ? { write: writePlain } : process.stderr,
          },
    logController: new LogController({ disableRequestLogging: true }),
  };
}

function writePlain(line: string): void {
  process.stderr.write(plainLine(line));
}

/** Fields of a line that may be there. */
interface LogRecord {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly reqId?: string;
  readonly method?: string;
  readonly route?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly err?: ReturnType<typeof traceOf>;
}

const PINO_ERROR = 50;

/** A line of the log as a person reads it, with its line feed. @param json as pino writes it */
export function plainLine(json: string): string {
  const { level, time, msg = '', reqId, method, route, status, ms, err }: LogRecord = JSON.parse(json);
  const clock = new Date(time).toTimeString().slice(0, 8);
  if (status !== undefined) return `${clock} ${method} ${route} ${status} ${ms} ms\n`;
  const severe = level >= PINO_ERROR ? 'error: ' : '';
  const trace = err ? `: ${[err.type, err.code, err.stack].filter((part) => part !== '').join(' ')}` : '';
  return `${clock} ${severe}${msg}${trace}${severe && reqId ? ` (request ${reqId})` : ''}\n`;
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
function traceOf(error: unknown): { type: string; code: string; message: string; stack: string } {
  if (!(error instanceof Error)) return { type: typeof error, code: '', message: 'withheld', stack: '' };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { type: error.name, code, message: 'withheld', stack: frames.map((line) => line.trim()).join('; ') };
}

function bare(request: FastifyRequest): { method: string; route: string } {
  return { method: request.method, route: routeOf(request) };
}
