/**
 * Connections to Redis or Valkey for BullMQ. Both packages are optional and loaded here, when a queue is used. The
 * password comes from the environment, never from the address, which is visible in lists of processes.
 */
import type { Redis } from 'ioredis';
import { SamusError } from '../../errors.js';
import { QUEUE_VERSION, VERSION_KEY, versionError } from './queueProtocol.js';

export type QueuePackage = typeof import('bullmq');

/** How long the first connection may take. */
const CONNECT_MS = 10_000;

/** Longest pause between attempts to connect again. */
const RECONNECT_MS = 2000;

/** Called when the connection is lost, and when it is back. */
export type ConnectionObserver = (state: 'lost' | 'back') => void;

/** A server that a queue is on. */
export class RedisServer {
  readonly bullmq: QueuePackage;
  readonly #connect: (options: object) => Redis;
  readonly #clients: Redis[] = [];

  private constructor(bullmq: QueuePackage, connect: (options: object) => Redis) {
    this.bullmq = bullmq;
    this.#connect = connect;
  }

  /**
   * Connects once, and checks that the jobs of the queue are of this version.
   * @throws SamusError QUEUE_URL, QUEUE_PACKAGE, QUEUE_UNREACHABLE, QUEUE_ACCESS, QUEUE_VERSION
   */
  static async open(url: string): Promise<RedisServer> {
    const address = checkedAddress(url);
    const [bullmq, Client] = await loadPackages();
    const { SAMUS_REDIS_USERNAME: username, SAMUS_REDIS_PASSWORD: password } = process.env;
    const account = { ...(username && { username }), ...(password && { password }) };
    const server = new RedisServer(bullmq, (options) => new Client(address.href, { ...account, ...options }));
    await server.#probe(address);
    return server;
  }

  /** A client that connects again whenever it has lost its connection, and repeats what was not answered. */
  client(observe: ConnectionObserver = () => undefined): Redis {
    const client = this.#connect({
      maxRetriesPerRequest: null,
      retryStrategy: (times: number) => Math.min(50 * 2 ** times, RECONNECT_MS),
    });
    let lost = false;
    client.on('close', () => {
      if (!lost && client.status !== 'end') observe('lost');
      lost = true;
    });
    client.on('ready', () => {
      if (lost) observe('back');
      lost = false;
    });
    // Reported as a lost connection.
    client.on('error', () => undefined);
    this.#clients.push(client);
    return client;
  }

  close(): void {
    for (const client of this.#clients) client.disconnect();
  }

  async #probe({ host }: URL): Promise<void> {
    const client = this.#connect({ lazyConnect: true, connectTimeout: CONNECT_MS, retryStrategy: () => null });
    let reason = 'no answer';
    client.on('error', (error: Error) => {
      reason = 'code' in error ? String(error.code) : error.message;
    });
    try {
      await client.connect();
      const version = await client.set(VERSION_KEY, String(QUEUE_VERSION), 'NX').then(() => client.get(VERSION_KEY));
      if (version !== String(QUEUE_VERSION)) throw versionError(version ?? 'none');
    } catch (error) {
      if (error instanceof SamusError) throw error;
      const text = error instanceof Error ? error.message : String(error);
      const refused = [text, reason].find((one) => /NOAUTH|WRONGPASS|NOPERM|AUTH/.test(one));
      if (refused !== undefined) throw accessError(host);
      const message = `cannot reach the queue at ${host}: ${text.startsWith('Connection is closed') ? reason : text}`;
      const hint = 'check the address, and that Redis or Valkey runs there; without --queue, samus batch needs none';
      throw new SamusError('QUEUE_UNREACHABLE', message, hint, { host });
    } finally {
      client.disconnect();
    }
  }
}

async function loadPackages(): Promise<readonly [QueuePackage, typeof Redis]> {
  try {
    return [await import('bullmq'), (await import('ioredis')).Redis];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && /MODULE_NOT_FOUND/.test(String(error.code)))) throw error;
    const message = 'expected the packages bullmq and ioredis for --queue, got none';
    throw new SamusError('QUEUE_PACKAGE', message, 'install samus with its optional dependencies');
  }
}

/** @throws SamusError QUEUE_URL */
function checkedAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (!address || !/^rediss?:$/.test(address.protocol) || address.hostname === '') {
    const message = 'expected the address of a queue as redis://HOST:PORT or rediss://HOST:PORT, got another';
    throw new SamusError('QUEUE_URL', message, 'write it like redis://127.0.0.1:6379');
  }
  if (address.username !== '' || address.password !== '') {
    const message = 'expected an address without user and password, which others can see in the list of processes';
    const hint = 'set them as SAMUS_REDIS_USERNAME and SAMUS_REDIS_PASSWORD in the environment';
    throw new SamusError('QUEUE_URL', message, hint);
  }
  return address;
}

function accessError(host: string): SamusError {
  const hint = 'set SAMUS_REDIS_PASSWORD, and SAMUS_REDIS_USERNAME if the server has users, in the environment';
  return new SamusError('QUEUE_ACCESS', `the queue at ${host} refused the access`, hint, { host });
}
