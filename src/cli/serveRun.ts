/**
 * The work of `samus serve` and `npm start`: configures, runs and stops the server.
 */
import { readFile } from 'node:fs/promises';
import { SamusError } from '../errors.js';
import { readPacsAuth } from '../formats/dicomweb/pacsAuth.node.js';
import type { Server } from '../server/server.js';
import type { LogFormat, LogLevel, ServerSettings } from '../server/settings.js';
import { explainInterruptBy, uninterrupted } from './interrupt.js';
import { NOTICE, packageVersion } from './packageInfo.js';
import { type ProgressTarget, withProgress } from './progress.js';
import { finish } from './run.js';

export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly model: readonly string[];
  readonly tokenFile?: string;
  readonly folder?: string;
  readonly dicomweb?: string;
  readonly dicomwebAuth?: string;
  readonly allowHost?: readonly string[];
  readonly threads?: number;
  readonly cacheMb: number;
  readonly queue: number;
  readonly maxPixels: number;
  readonly maxBodyMb: number;
  readonly uploadsMb: number;
  readonly drainSeconds: number;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
  readonly json?: boolean;
}

/** Names of the loopback address; no other site can use them as its host name (DNS rebinding). */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

const MIN_TOKEN = 16;

/** Serves until a signal, then exits with code 0. @throws SamusError if it cannot start */
export async function serve(options: ServeOptions): Promise<void> {
  const token = options.tokenFile === undefined ? undefined : await readToken(options.tokenFile);
  const settings = { ...settingsOf(options, token), ...(await pacsOf(options)) };
  // Usage errors above are reported before loading the server.
  const { createServer } = await import('../server/server.js');
  const server = await createServer(settings);
  const warning = settings.pacs && (await import('./pacsClient.js')).unencryptedWarning(settings.pacs.url);
  if (warning !== undefined) server.app.log.warn(warning);
  await runServer(server, {
    listen: () => server.listen(options.host, options.port),
    drainSeconds: options.drainSeconds,
    announce: (url) => {
      const document = {
        url,
        docs: `${url}/docs`,
        models: [...server.models],
        token: token !== undefined,
        notice: NOTICE,
      };
      const signIn = token === undefined ? [] : ['in a browser, add /?token=TOKEN to the address once'];
      finish({ document, lines: [`samus serves at ${url} (API: ${url}/docs)`, ...signIn, `${NOTICE}.`] }, options.json);
    },
  });
}

/** How to run a server. */
export interface Running {
  /** Binds the port. @returns the address; undefined if there is nothing to serve */
  readonly listen: () => Promise<string | undefined>;
  readonly drainSeconds: number;
  /** Called once the models are ready. */
  readonly announce: (url: string) => void;
}

/** Starts a server, waits for SIGINT or SIGTERM, finishes accepted requests, and ends the process. */
export async function runServer(server: Server, { listen, drainSeconds, announce }: Running): Promise<void> {
  const signalled = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve).once('SIGTERM', resolve);
  });
  // In a terminal, progress is plain text; otherwise stderr is a log of JSON lines.
  const { log } = server.app;
  const watched: ProgressTarget = process.stderr.isTTY ? process.stderr : { write: (line) => log.info(line.trimEnd()) };
  explainInterruptBy(() =>
    watched.write('stopping: finishing accepted requests; press Ctrl-C again to stop at once\n'),
  );
  // The program's interrupt handler waits for this; a stopped server is not a failure.
  await uninterrupted(async () => {
    try {
      const url = await listen();
      if (url === undefined) {
        await server.drain(0);
        return;
      }
      await withProgress('preparing the models', () => server.prepare(), watched);
      announce(url);
    } catch (error) {
      await server.drain(0);
      throw error;
    }
    await signalled;
    await server.drain(drainSeconds * 1000);
    process.exit(0);
  });
}

/** Plain for a person at a terminal, JSON for anything else. */
export function usualLogFormat(): LogFormat {
  return process.stderr.isTTY ? 'plain' : 'json';
}

function settingsOf(options: ServeOptions, token: string | undefined): ServerSettings {
  const { host, allowHost = [], folder, threads, model, logLevel, logFormat = usualLogFormat() } = options;
  const loopback = isLoopback(host);
  if (!loopback && token === undefined) {
    throw new SamusError(
      'TOKEN_REQUIRED',
      `the token is missing: anyone on the network can reach ${host}`,
      'add --token-file, or leave out --host to serve only this machine',
      { host },
    );
  }
  const hosts = loopback ? [...LOOPBACK_NAMES, host, ...allowHost] : allowHost;
  return {
    models: model,
    version: packageVersion(),
    notice: NOTICE,
    logLevel,
    logFormat,
    limits: {
      cacheMb: options.cacheMb,
      queue: options.queue,
      maxPixels: options.maxPixels,
      bodyMb: options.maxBodyMb,
      uploadsMb: options.uploadsMb,
    },
    ...(token !== undefined && { token }),
    ...(folder !== undefined && { folder }),
    ...(threads !== undefined && { threads }),
    ...(hosts.length > 0 && { hosts: hosts.map((name) => name.toLowerCase()) }),
  };
}

/** @throws SamusError PACS_AUTH_FILE, USAGE_MISSING_OPTION */
async function pacsOf({ dicomweb: url, dicomwebAuth }: ServeOptions): Promise<Pick<ServerSettings, 'pacs'>> {
  if (url === undefined && dicomwebAuth === undefined) return {};
  if (url === undefined) {
    throw new SamusError(
      'USAGE_MISSING_OPTION',
      'expected --dicomweb with --dicomweb-auth, got none',
      'add --dicomweb',
    );
  }
  return { pacs: { url, ...(dicomwebAuth !== undefined && { authorization: await readPacsAuth(dicomwebAuth) }) } };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

async function readToken(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const message = `cannot read the token file ${path}`;
    throw new SamusError('TOKEN_UNREADABLE', message, 'check the path and its permissions', { path });
  }
  const token = text.trim();
  if (token.length >= MIN_TOKEN && !/\s/.test(token)) return token;
  throw new SamusError(
    'TOKEN_WEAK',
    `expected a token of at least ${MIN_TOKEN} characters without spaces in ${path}`,
    'make one with: openssl rand -hex 32',
  );
}
