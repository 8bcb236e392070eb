/**
 * Who may ask: the token, and the origin of a request. A server on the loopback address needs no token, but any page
 * in the user's browser can reach it; so foreign origins are rejected, and names that are not the server's own (a page
 * may point its own name at 127.0.0.1).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SamusError } from '../errors.js';

/** Answered without a token: what an orchestrator asks. They say nothing but whether the server is well. */
const OPEN_PATHS = ['/api/v1/health', '/v2/health/live', '/v2/health/ready'];

/** The annotator's. */
const PAGE_PATHS = ['/', '/index.html'];

/** Carries the token of a browser, which cannot send a header with a page's first request. */
const COOKIE = 'samus_token';

export interface Access {
  readonly token?: string;
  /** Host names that are the server's own; any if absent. */
  readonly hosts?: readonly string[];
}

/** Rejects requests before reading anything of them. */
export function guardAccess(app: FastifyInstance, { token, hosts }: Access): void {
  const expected = token === undefined ? undefined : digest(token);
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, hosts);
    checkOrigin(request);
    const page = pageElsewhere(request);
    if (page !== undefined) return reply.header('cache-control', 'no-store').redirect(page, 307);
    if (!expected) return;
    const path = pathOf(request);
    if (OPEN_PATHS.includes(path)) return;
    if (path === '/' && (await signIn(request, reply, expected))) return reply;
    checkToken(request, expected);
  });
}

/** @throws SamusError REQUEST_HTTP, HOST_UNKNOWN */
function checkHost(request: FastifyRequest, hosts: readonly string[] | undefined): void {
  if (request.headers.host === undefined && request.raw.httpVersion !== '1.0') {
    throw new SamusError('REQUEST_HTTP', 'expected a Host header, got none', 'send Host');
  }
  if (!hosts || hosts.includes(request.hostname.toLowerCase())) return;
  throw new SamusError(
    'HOST_UNKNOWN',
    'expected a host name of this server, got another',
    'use the address that the server printed, or allow the name with --allow-host',
  );
}

/**
 * Where to open the page instead: on 127.0.0.1 if it was requested on localhost. Both lead to the server, but to a
 * browser they are two sites, and work that is saved in one would not be there in the other.
 */
function pageElsewhere(request: FastifyRequest): string | undefined {
  const { method, hostname, port, headers } = request;
  const asked = method === 'GET' && PAGE_PATHS.includes(pathOf(request)) && /\btext\/html\b/.test(headers.accept ?? '');
  if (!asked || hostname.toLowerCase() !== 'localhost') return undefined;
  // Opened through a proxy with TLS, whose certificate is that of localhost: there the work is saved under https.
  if (/^https\b/i.test(String(headers['x-forwarded-proto']))) return undefined;
  const bound = request.server.server.address();
  if (typeof bound !== 'object' || bound?.address !== '127.0.0.1') return undefined;
  // The port that the client requested; with a tunnel it differs from ours.
  return `http://127.0.0.1${port ? `:${port}` : ''}${request.url}`;
}

/** A page of another origin may send requests, and read no answers; but it shall not even make work. */
function checkOrigin(request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const own = origin === undefined || hostOf(origin) === host;
  // Opening the page by a link from elsewhere is a navigation, which is fine.
  const navigation = request.method === 'GET' && request.headers['sec-fetch-mode'] === 'navigate';
  if (own && (site !== 'cross-site' || navigation)) return;
  throw new SamusError(
    'ORIGIN_FOREIGN',
    'expected a request of the server’s own page, got one from another site',
    'call the server from a program, or from the page that it serves',
  );
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** @throws SamusError TOKEN_MISSING, TOKEN_WRONG */
function checkToken(request: FastifyRequest, expected: Buffer): void {
  const given = bearer(request.headers.authorization) ?? cookie(request.headers.cookie);
  if (given === undefined) {
    const hint = 'send the header Authorization: Bearer TOKEN, or open /?token=TOKEN in the browser';
    throw new SamusError('TOKEN_MISSING', 'expected the token of this server, got none', hint);
  }
  if (timingSafeEqual(digest(given), expected)) return;
  const hint = 'use the token in the file that the server was started with';
  throw new SamusError('TOKEN_WRONG', 'expected the token of this server, got another one', hint);
}

/** `/?token=TOKEN`, once: keeps the token in a cookie and takes it out of the address. */
async function signIn(request: FastifyRequest, reply: FastifyReply, expected: Buffer): Promise<boolean> {
  const given = new URLSearchParams(request.url.split('?')[1] ?? '').get('token');
  if (given === null || !timingSafeEqual(digest(given), expected)) return false;
  const value = Buffer.from(given).toString('base64url');
  await reply
    .header('set-cookie', `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict`)
    .header('cache-control', 'no-store')
    .redirect('/', 303);
  return true;
}

function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1];
}

function cookie(header: string | undefined): string | undefined {
  const value = header === undefined ? undefined : new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)`).exec(header)?.[1];
  return value === undefined ? undefined : Buffer.from(value, 'base64url').toString();
}

/** Of one length whatever the token's, so that a comparison reveals nothing of either. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0]!;
}
