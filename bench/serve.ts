/**
 * `npm run bench:serve`: measures the response times of `samus serve` with one client and with many, and whether its memory
 * stays constant. The server is a separate process on the same machine as the clients.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { PhantomOptions } from '#dist/data/phantom.js';
import { makePhantom } from '#dist/data/phantom.js';
import { encodePng } from '#dist/formats/imageWrite.node.js';
import { load, quantile } from './serveLoad.js';

const INTERRUPTED = 130;

interface Options {
  readonly model: string;
  readonly clients: number;
  readonly seconds: number;
  readonly json?: true;
}

interface Entry {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** Images that a single client sends first; the caches are cold for the first few. */
const ALONE = 30;
const WARM_UP = 5;
/** Of a scanner's size, and few enough that several clients send the same image. */
const IMAGES = 60;
const SIZE = { width: 640, height: 480 } satisfies Partial<PhantomOptions>;

function options(): Options {
  return new Command('npm run bench:serve --')
    .description('Measures samus serve on this machine. Run nothing else at the same time.')
    .option('--model <model>', 'the model to serve', 'samus-s')
    .option('--clients <count>', 'number of clients at the same time', Number, 200)
    .option('--seconds <count>', 'duration', Number, 60)
    .option('--json', 'print one list of {name, value, unit} and nothing else')
    .parse()
    .opts<Options>();
}

/** Starts a server on a free port. */
async function start(model: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const program = fileURLToPath(import.meta.resolve('#dist/cli/main.js'));
  const args = ['serve', '--port', '0', '--json', '--log-level', 'error', '--model', model];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  // The server ends with this program.
  process.once('exit', () => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(INTERRUPTED));
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      // After a crash the numbers are invalid.
      if (code !== 0) process.stderr.write(`the server ended with ${signal ?? code}\n`);
      resolve();
    });
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => {
      resolve(JSON.parse(line.toString()).url);
      // With --json, errors are printed on stdout.
      child.stdout.pipe(process.stderr);
    });
    ended.then(() => reject(new Error('the server did not start')));
  });
  return {
    url,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** One request after the other: the time of the model, and the time that the client waits. */
async function alone(url: string, images: readonly Uint8Array[]): Promise<Entry[]> {
  const times = {
    encode: [] as number[],
    decode: [] as number[],
    encodeHttp: [] as number[],
    decodeHttp: [] as number[],
  };
  const post = async (path: string, type: string, body: Uint8Array | string, waited: number[]) => {
    const begin = performance.now();
    const payload = typeof body === 'string' ? body : new Uint8Array(body);
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': type }, body: payload });
    const document = JSON.parse(await answer.text());
    waited.push(performance.now() - begin);
    return document;
  };
  for (const bytes of images) {
    const { image, encode_ms } = await post('/api/v1/images', 'image/png', bytes, times.encodeHttp);
    times.encode.push(encode_ms);
    for (let i = 0; i < 3; i++) {
      const body = JSON.stringify({ objects: [{ points: [[100 + 50 * i, 200]] }] });
      const answer = await post(`/api/v1/images/${image}/segment`, 'application/json', body, times.decodeHttp);
      times.decode.push(answer.decode_ms);
    }
  }
  const median = (values: number[], skip: number) =>
    quantile(
      values.slice(skip).toSorted((a, b) => a - b),
      0.5,
    );
  return [
    { name: 'serve.encode_ms', value: median(times.encode, WARM_UP), unit: 'ms' },
    { name: 'serve.decode_ms', value: median(times.decode, 3 * WARM_UP), unit: 'ms' },
    { name: 'serve.encode_http_ms', value: median(times.encodeHttp, WARM_UP), unit: 'ms' },
    { name: 'serve.decode_http_ms', value: median(times.decodeHttp, 3 * WARM_UP), unit: 'ms' },
  ];
}

async function measure({ model, clients, seconds }: Options): Promise<Entry[]> {
  const images = await Promise.all(
    Array.from({ length: IMAGES }, (_, seed) => encodePng(makePhantom({ seed, ...SIZE }).image)),
  );
  const server = await start(model);
  try {
    const first = await alone(server.url, images.slice(0, ALONE));
    const { encode, decode, refused, errors, memoryMb } = await load({ url: server.url, clients, seconds, images });
    for (const [kind, count] of errors) process.stderr.write(`${count} times: ${kind}\n`);
    const quarter = Math.ceil(memoryMb.length / 4);
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    return [
      ...first,
      { name: 'serve.load_encode_p50_ms', value: quantile(encode, 0.5), unit: 'ms' },
      { name: 'serve.load_encode_p95_ms', value: quantile(encode, 0.95), unit: 'ms' },
      { name: 'serve.load_decode_p50_ms', value: quantile(decode, 0.5), unit: 'ms' },
      { name: 'serve.load_decode_p95_ms', value: quantile(decode, 0.95), unit: 'ms' },
      { name: 'serve.load_accepted_per_s', value: (encode.length + decode.length) / seconds, unit: '1/s' },
      { name: 'serve.load_refused', value: refused, unit: '1' },
      { name: 'serve.load_errors', value: [...errors.values()].reduce((a, b) => a + b, 0), unit: '1' },
      { name: 'serve.load_memory_second_quarter_mb', value: mean(memoryMb.slice(quarter, 2 * quarter)), unit: 'MB' },
      { name: 'serve.load_memory_last_quarter_mb', value: mean(memoryMb.slice(3 * quarter)), unit: 'MB' },
    ];
  } finally {
    await server.stop();
  }
}

const chosen = options();
const entries = await measure(chosen);
const rounded = entries.map(({ value, ...entry }) => ({ ...entry, value: Math.round(value * 10) / 10 }));
if (chosen.json) process.stdout.write(`${JSON.stringify(rounded)}\n`);
else for (const { name, value, unit } of rounded) process.stdout.write(`${name.padEnd(40)} ${value} ${unit}\n`);
