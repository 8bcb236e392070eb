/**
 * Many clients of a server at the same time. Each sends its next request as soon as it has an answer, nine clicks for each
 * image. A client that is asked to retry later does so. The benchmark of the server and its tests use them.
 */
import { Agent, request } from 'node:http';

export interface LoadOptions {
  readonly url: string;
  readonly clients: number;
  readonly seconds: number;
  /** Image files; each client sends them in its own order. */
  readonly images: readonly Uint8Array[];
  /** The longest wait after a 503, in ms; default: as long as its Retry-After header says. */
  readonly maxPauseMs?: number;
}

export interface LoadResult {
  /** Times of accepted requests in ms, sorted. */
  readonly encode: readonly number[];
  readonly decode: readonly number[];
  /** 503s with Retry-After. */
  readonly refused: number;
  /** All other failures (other statuses, broken connections) by kind, with their number. */
  readonly errors: ReadonlyMap<string, number>;
  /** Resident memory of the server in MB, sampled regularly. */
  readonly memoryMb: readonly number[];
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
  readonly ms: number;
}

const CLICKS = 9;
const MEMORY_EVERY_MS = 1000;

export async function load({ url, clients, seconds, images, maxPauseMs }: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients + 1 });
  const end = performance.now() + seconds * 1000;
  const encode: number[] = [];
  const decode: number[] = [];
  const errors = new Map<string, number>();
  const memoryMb: number[] = [];
  let refused = 0;

  const fail = (kind: string): void => void errors.set(kind, (errors.get(kind) ?? 0) + 1);

  /** The answer, or undefined if it was not accepted. */
  async function ask(path: string, type: string, body: Uint8Array, times: number[]): Promise<string | undefined> {
    try {
      const answer = await send(agent, `${url}${path}`, type, body);
      if (answer.status === 200 || answer.status === 201) {
        times.push(answer.ms);
        return answer.text;
      }
      if (answer.status === 503 && answer.retryAfter !== undefined) {
        refused++;
        await pause(Math.min(Number(answer.retryAfter) * 1000, maxPauseMs ?? Number.POSITIVE_INFINITY));
      } else fail(`${answer.status} ${/"code":"(\w+)"/.exec(answer.text)?.[1] ?? ''}`);
    } catch (error) {
      fail(error instanceof Error && 'code' in error ? String(error.code) : String(error));
    }
    return undefined;
  }

  async function client(index: number): Promise<void> {
    for (let round = 0; performance.now() < end; round++) {
      const bytes = images[(index * 7 + round) % images.length]!;
      const text = await ask('/api/v1/images', 'image/png', bytes, encode);
      if (text === undefined) continue;
      const { image, width, height } = JSON.parse(text);
      for (let i = 0; i < CLICKS && performance.now() < end; i++) {
        const point = [(width * (i + 0.5)) / CLICKS, (height * ((i * 4) % CLICKS)) / CLICKS];
        const body = Buffer.from(JSON.stringify({ objects: [{ points: [point] }] }));
        await ask(`/api/v1/images/${image}/segment`, 'application/json', body, decode);
      }
    }
  }

  async function watch(): Promise<void> {
    while (performance.now() < end) {
      const { text } = await send(agent, `${url}/metrics`);
      const bytes = /^samus_process_resident_memory_bytes (\S+)$/m.exec(text)?.[1];
      if (bytes !== undefined) memoryMb.push(Number(bytes) / 1e6);
      await pause(MEMORY_EVERY_MS);
    }
  }

  await Promise.all([watch(), ...Array.from({ length: clients }, (_, i) => client(i))]);
  agent.destroy();
  const sorted = (times: number[]) => times.toSorted((a, b) => a - b);
  return { encode: sorted(encode), decode: sorted(decode), refused, errors, memoryMb };
}

/** The value that the given share of the sorted values does not exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function send(agent: Agent, url: string, type?: string, body?: Uint8Array): Promise<Answer> {
  const start = performance.now();
  const headers = type && body ? { 'content-type': type, 'content-length': body.length } : {};
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: body ? 'POST' : 'GET', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const retryAfter = answer.headers['retry-after'];
        resolve({ status: answer.statusCode ?? 0, retryAfter, text, ms: performance.now() - start });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
