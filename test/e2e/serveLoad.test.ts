/**
 * Two hundred clients at once for some seconds; `npm run bench:serve` does it for a minute with a real model.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { load, quantile } from '../../bench/serveLoad.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const CLIENTS = 200;
const SECONDS = 8;

let folder: string;
let server: ServeProcess;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  // Room for a quarter of the images, so that the cache turns over all the time.
  server = await startServe(folder, '--model', 'tiny', '--log-level', 'error', '--queue', '32', '--cache-mb', '1');
});

afterAll(async () => {
  const { code, stderr } = await server.stop();
  removeFolder(folder);
  expect(code).toBe(0);
  expect(stderr).not.toContain('failed');
});

it('two hundred clients get answers or 503 with Retry-After', async () => {
  const images = await Promise.all(Array.from({ length: 400 }, (_, seed) => picturePng(seed, 64, 64)));
  const run = (seconds: number) => load({ url: server.url, clients: CLIENTS, seconds, images, maxPauseMs: 200 });
  await run(2);
  const { encode, decode, refused, errors, memoryMb } = await run(SECONDS);
  // An image that the cache has let go of meanwhile is sent again, which is the contract.
  const others = [...errors].filter(([kind]) => kind !== '404 IMAGE_UNKNOWN');
  expect(others).toEqual([]);
  expect(encode.length).toBeGreaterThan(10);
  expect(decode.length).toBeGreaterThan(10);
  expect(refused).toBeGreaterThan(0);
  expect(quantile(decode, 0.95)).toBeLessThan(20_000);
  const half = Math.floor(memoryMb.length / 2);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  // Node collects when it likes to: what leaks, leaks far more than this in thousands of requests.
  expect(mean(memoryMb.slice(half)) - mean(memoryMb.slice(0, half))).toBeLessThan(80);
});
