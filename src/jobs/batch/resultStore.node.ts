/**
 * Results in an S3-compatible store. An object appears as a whole or not at all, and the store checks its SHA-256.
 * Address and credentials of the store come from the environment, as for other programs: AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
 */
import { openAsBlob } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { SamusError } from '../../errors.js';
import type { ItemExecutor } from './runStudy.node.js';
import { STUDY_FILES, sha256 } from './studyFolder.node.js';

/** Attempts of a request that gets no answer, or a passing error of the store; the pauses double. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 200;

/** Statuses that another attempt may change. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** As stores say that they have no room. */
const NO_ROOM = /QuotaExceeded|StorageFull|InsufficientStorage|EntityTooLarge/;

const EMPTY = sha256('');

/** Whether results go to a store. */
export const isStoreUrl = (out: string): boolean => /^s3:/i.test(out);

export class ResultStore {
  /** `s3://BUCKET/PREFIX`, without a slash at its end. */
  readonly url: string;
  readonly #client: AwsClient;
  /** Of the prefix, with a slash at its end. */
  readonly #address: string;

  private constructor(url: string, client: AwsClient, address: string) {
    this.url = url;
    this.#client = client;
    this.#address = address;
  }

  /** @throws SamusError STORE_URL, STORE_CREDENTIALS */
  static of(url: string): ResultStore {
    const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(url) ?? [];
    if (bucket === undefined || /(^|\/)\.{0,2}(\/|$)/.test(prefix === '' ? 'none' : prefix)) {
      const message = `expected a place for results as s3://BUCKET/PREFIX, got ${url}`;
      throw new SamusError('STORE_URL', message, 'write it like s3://studies/breast-2026');
    }
    const { env } = process;
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = env;
    if (!accessKeyId || !secretAccessKey) {
      const message = 'the credentials of the store are missing';
      const hint = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment';
      throw new SamusError('STORE_CREDENTIALS', message, hint);
    }
    const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
    const endpoint = (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || `https://s3.${region}.amazonaws.com`).replace(
      /\/+$/,
      '',
    );
    if (!URL.canParse(endpoint)) {
      const message = 'expected the address of the store in AWS_ENDPOINT_URL, got another text';
      throw new SamusError('STORE_URL', message, 'write it like https://store.example:9000');
    }
    const session = AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {};
    const account = { accessKeyId, secretAccessKey, ...session };
    const path = [bucket, ...prefix.split('/').filter((part) => part !== '')].map(encodeURIComponent).join('/');
    const client = new AwsClient({ ...account, region, service: 's3', retries: 0 });
    return new ResultStore(url.replace(/\/$/, ''), client, `${endpoint}/${path}/`);
  }

  /** Stores a file. @throws SamusError STORE_ACCESS, STORE_BUCKET, STORE_FULL, STORE_UNREACHABLE */
  async put(name: string, file: string, hash: string): Promise<void> {
    const response = await this.#request(name, async () => {
      // Read from the disk while it is sent.
      const body = await openAsBlob(file);
      return { method: 'PUT', body, headers: { 'x-amz-content-sha256': hash } };
    });
    if (!response.ok) throw await this.#error(response);
    await response.arrayBuffer();
  }

  /** The text of an object; undefined if there is none. @throws SamusError as {@link put} */
  async read(name: string): Promise<string | undefined> {
    const response = await this.#request(name, async () => ({ headers: { 'x-amz-content-sha256': EMPTY } }));
    const text = await response.text();
    if (response.ok) return text;
    if (response.status === 404 && !text.includes('NoSuchBucket')) return undefined;
    throw await this.#error(new Response(text, { status: response.status }));
  }

  async #request(name: string, init: () => Promise<RequestInit>): Promise<Response> {
    const address = this.#address + name.split('/').map(encodeURIComponent).join('/');
    let reason = '';
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#client.fetch(address, await init());
        if (!PASSING.has(response.status) || attempt === ATTEMPTS) return response;
        await response.arrayBuffer();
      } catch (error) {
        reason = reasonOf(error);
        if (attempt === ATTEMPTS) throw this.#unreachable(reason);
      }
      await delay(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  async #error(response: Response): Promise<SamusError> {
    const { status } = response;
    const text = await response.text();
    const [, code = ''] = /<Code>(\w{1,60})<\/Code>/.exec(text) ?? [];
    const answer = code === '' ? `HTTP ${status}` : `${code} (HTTP ${status})`;
    const details = { status, reason: code };
    if (status === 507 || NO_ROOM.test(code)) {
      const hint = 'free some space, or raise the limit';
      return new SamusError('STORE_FULL', `cannot write to ${this.url}: no room: ${answer}`, hint, details);
    }
    if (status === 401 || status === 403) {
      const hint = 'check the credentials in the environment, AWS_REGION, and what they may do in this bucket';
      return new SamusError('STORE_ACCESS', `${this.url} refused the access: ${answer}`, hint, details);
    }
    if (status === 404) {
      const hint = 'create the bucket, or correct its name or AWS_ENDPOINT_URL';
      return new SamusError('STORE_BUCKET', `cannot find the bucket of ${this.url}: ${answer}`, hint, details);
    }
    return this.#unreachable(answer);
  }

  #unreachable(reason: string): SamusError {
    const message = `expected an answer of the store for ${this.url}, got ${reason}`;
    return new SamusError('STORE_UNREACHABLE', message, 'check AWS_ENDPOINT_URL and the network', { reason });
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return String(cause);
}

/** Moves the results of each image to a store, but for the record, which the tables need. */
export function storing<Executor extends ItemExecutor>(
  executor: Executor,
  store: ResultStore,
  folder: string,
): ItemExecutor {
  return {
    size: executor.size,
    async run(item, planned) {
      const result = await executor.run(item, planned);
      for (const [path, , hash] of result.files) await store.put(path, join(folder, path), hash);
      for (const [path] of result.files.slice(0, -1)) await rm(join(folder, path), { force: true });
      return { ...result, stored: true };
    },
    recorded: (item, done) => executor.recorded?.(item, done),
  };
}

/** The files about the whole study, `study.json` last. */
export const TABLES = [
  ...[STUDY_FILES.measurements, STUDY_FILES.coco, STUDY_FILES.failed],
  ...[STUDY_FILES.plan, STUDY_FILES.journal, STUDY_FILES.study],
] as const;
