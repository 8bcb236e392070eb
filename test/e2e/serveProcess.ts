/**
 * Runs `samus serve` as a process of its own, with a model that is small enough to answer in a moment.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createImage, type Image } from '../../src/formats/image.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { writeModelFolder } from '../../src/formats/modelFolder.node.js';
import { Random } from '../../src/nn/random.js';
import { tinyModel } from '../support/tinyModel.js';
import { type Ended, startSamus } from './samusProcess.js';

/** What a server says when it is ready. */
interface Ready {
  readonly url: string;
  readonly models: readonly string[];
}

export interface ServeProcess extends Ready {
  readonly process: ReturnType<typeof startSamus>['child'];
  readonly ended: Promise<Ended>;
  /** Requests of JSON, as most are. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
  postImage(bytes: Uint8Array, headers?: Record<string, string>, query?: string): Promise<Response>;
  stop(): Promise<Ended>;
}

/** Starts a server in a folder, at any free port; the caller stops it. */
export async function startServe(cwd: string, ...args: readonly string[]): Promise<ServeProcess> {
  const { child, ended } = startSamus(cwd, ['serve', '--port', '0', '--json', ...args]);
  const ready = await new Promise<Ready>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text));
    });
    ended.then((end) => reject(new Error(`the server ended: ${end.stdout}${end.stderr}`)), reject);
  });
  const { url } = ready;
  return {
    ...ready,
    process: child,
    ended,
    post: (path, body, headers = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    postImage: (bytes, headers = {}, query = '') =>
      fetch(`${url}/api/v1/images${query}`, {
        method: 'POST',
        headers: { 'content-type': 'image/png', ...headers },
        body: new Uint8Array(bytes),
      }),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The body of an answer of this status. */
export async function jsonOf(response: Promise<Response>, status = 200) {
  const answer = await response;
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text);
}

/** Writes a tiny SAMUS as a model folder. @returns its path */
export async function writeTinyModel(folder: string, name = 'tiny', seed = 1): Promise<string> {
  const { config, tensors } = tinyModel(undefined, seed);
  const path = join(folder, name);
  const card = '---\nlicense: MIT\n---\n# Tiny\n';
  await writeModelFolder(path, { config: JSON.stringify(config), tensors, card });
  return path;
}

/** Waves with a little noise, so that masks have some shape; each seed gives another picture. */
export function picture(seed: number, width = 48, height = 40): Image {
  const random = Random.seeded(seed);
  const [a, b, c] = [random.uniform(0.05, 0.4), random.uniform(0.05, 0.4), random.uniform(0, 6)];
  const data = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return 128 + 60 * Math.sin(a * x + c) * Math.cos(b * y) + 8 * random.uniform(-1, 1);
  });
  return createImage(width, height, 1, data);
}

export async function picturePng(seed: number, width?: number, height?: number): Promise<Uint8Array> {
  return encodePng(picture(seed, width, height));
}

export function idOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
