/**
 * A real Redis for tests: Debian's redis-server on a free port of the loopback address, with its data in a folder of its
 * own. It ends with whoever started it, even if that is killed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './freePort.js';

export const hasRedis = spawnSync('redis-server', ['--version']).error === undefined;

export interface RedisForTests {
  readonly url: string;
  readonly port: number;
  /** A connection for looking into it; a test need not close it. */
  readonly client: Redis;
  /** Ends the server as a crash does, and starts it again at the same port with the data that it had. */
  restart(): Promise<void>;
  /** Cuts all connections but that of `client`. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

interface RedisOptions {
  readonly password?: string;
  /** Certificate and key; then only TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Standard input is a pipe from the test: when the test ends, however it ends, `read` returns. */
const WATCH = `folder="$1"; shift; redis-server "$@" >"$folder/log" 2>&1 & child=$!; read -r _; kill -9 "$child"; wait "$child"`;

export async function startRedis({ password, tls }: RedisOptions = {}): Promise<RedisForTests> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'samus-redis-'));
  const args = [
    ...['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'],
    ...(tls ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]),
    ...(tls ? ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key, '--tls-ca-cert-file', tls.cert] : []),
    ...(tls ? ['--tls-auth-clients', 'no'] : []),
    ...(password === undefined ? [] : ['--requirepass', password]),
  ];
  const url = `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`;
  let server = await startServer(folder, args);
  const client = new Redis(url, {
    maxRetriesPerRequest: null,
    ...(password !== undefined && { password }),
    ...(tls && { tls: { ca: readFileSync(tls.cert) } }),
  });
  client.on('error', () => undefined);
  await client.ping();
  return {
    url,
    port,
    client,
    async restart() {
      await endServer(server);
      server = await startServer(folder, args);
    },
    async cut() {
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    },
    async stop() {
      client.disconnect();
      await endServer(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(folder: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', WATCH, 'sh', folder, ...args], { stdio: ['pipe', 'ignore', 'ignore'] });
  for (const started = Date.now(); Date.now() - started < 60_000; await delay(50)) {
    const log = await Promise.resolve(readFileSync(join(folder, 'log'), { encoding: 'utf8', flag: 'a+' }));
    if (/Ready to accept connections/.test(log)) return child;
  }
  throw new Error(`Redis does not start:\n${readFileSync(join(folder, 'log'), 'utf8')}`);
}

async function endServer(child: ChildProcess): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.stdin?.end();
  await ended;
}
