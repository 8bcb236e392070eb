/**
 * How `samus serve` behaves under too much work, when clients go away, when it is told to end, and what it writes
 * down of all that.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/server/securityHeaders.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { idOf, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

/** Long enough to do something meanwhile: all masks of a grid, brought to the size of a large image. */
const LONG = { options: { pointsPerSide: 8, scoreThreshold: 0, stabilityThreshold: 0 } };
const [WIDTH, HEIGHT] = [800, 600];

let folder: string;
let png: Uint8Array;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  png = await picturePng(1, WIDTH, HEIGHT);
});

afterAll(() => removeFolder(folder));

const everything = (server: ServeProcess, signal?: AbortSignal) =>
  fetch(`${server.url}/api/v1/images/${idOf(png)}/everything`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(LONG),
    ...(signal && { signal }),
  });

async function metric(server: ServeProcess, line: RegExp): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Waits until something holds, looking now and then. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a server with more to do than it takes on', () => {
  it('answers 503 with the time to wait, keeps answering clicks, and lets go of what nobody waits for', async () => {
    const server = await startServe(folder, '--model', 'tiny', '--queue', '16');
    try {
      expect((await server.postImage(png)).status).toBe(201);
      const leaving = new AbortController();
      const left = [everything(server, leaving.signal), everything(server, leaving.signal)];
      for (const request of left) request.catch(() => undefined);
      const lane = (state: string) => metric(server, new RegExp(`samus_jobs\\{lane="everything",state="${state}"\\}`));
      await until(async () => (await lane('running')) === 1 && (await lane('waiting')) === 1);

      const refused = await everything(server);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await refused.json()).error.code).toBe('QUEUE_FULL');

      const click = await server.post(`/api/v1/images/${idOf(png)}/segment`, { objects: [{ points: [[5, 5]] }] });
      expect(click.status).toBe(200);
      expect(await lane('running')).toBe(1);

      leaving.abort();
      await until(async () => (await lane('running')) === 0 && (await lane('waiting')) === 0);
      const cancelled = /samus_job_duration_seconds_count\{lane="everything",kind="everything",outcome="cancelled"\}/;
      expect(await metric(server, cancelled)).toBe(2);
    } finally {
      await server.stop();
    }
  });
});

describe('a stopping server', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s finishes what it accepted, refuses the rest, and exits with 0',
    async (signal) => {
      const server = await startServe(folder, '--model', 'tiny', '--drain-seconds', '100');
      expect((await server.postImage(png)).status).toBe(201);
      const accepted = everything(server);
      await until(async () => (await metric(server, /samus_jobs\{lane="everything",state="running"\}/)) === 1);
      server.process.kill(signal);
      await until(async () => (await fetch(`${server.url}/v2/health/ready`)).status === 503);
      const health = await (await fetch(`${server.url}/api/v1/health`)).json();
      expect(health).toMatchObject({ name: 'samus', status: 'ending', ready: false });
      const refused = await server.postImage(png);
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).not.toBeNull();
      for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(refused.headers.get(name), name).toBe(value);
      expect((await refused.json()).error.code).toBe('SERVER_DRAINING');
      expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
      const answer = await accepted;
      expect(answer.status).toBe(200);
      expect((await answer.json()).objects.length).toBeGreaterThan(0);
      expect((await server.ended).code).toBe(0);
    },
  );

  it('does not wait for a client that is silent, and says in its log what it waits for', async () => {
    // Longer than what is waited for without a word.
    const server = await startServe(folder, '--model', 'tiny', '--drain-seconds', '2');
    const headers = { expect: '100-continue', 'content-type': 'image/png', 'content-length': 100 };
    const silent = request(`${server.url}/api/v1/images`, { method: 'POST', headers }).on('error', () => undefined);
    silent.flushHeaders();
    // Said when the server has the request.
    await once(silent, 'continue');
    const { code, stderr } = await server.stop();
    expect(code).toBe(0);
    const log = stderr.split('\n').filter((line) => line !== '');
    expect(log.map((line) => JSON.parse(line).msg)).toContainEqual(
      expect.stringMatching(/^stopping: finishing accepted requests/),
    );
  });
});

describe('the log', () => {
  it('contains no pixel, file name, raw address or header', async () => {
    mkdirSync(join(folder, 'scans'));
    writeFileSync(join(folder, 'scans', 'Mustermann.png'), png);
    const server = await startServe(folder, '--model', 'tiny', '--folder', 'scans', '--log-level', 'debug');
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(png)]), 'Mustermann-form.png');
    const headers = {
      'x-patient': 'Mustermann-header',
      authorization: 'Bearer Mustermann-token',
      cookie: 'a=Mustermann',
    };
    await fetch(`${server.url}/api/v1/images?name=Mustermann`, { method: 'POST', body: form, headers });
    await server.post('/api/v1/images', { path: 'Mustermann.png' }, headers);
    await server.post('/api/v1/images', { path: 'Mustermann-none.png' });
    await server.postImage(new TextEncoder().encode('Mustermann'));
    await server.post(`/api/v1/images/${idOf(png)}/segment`, { objects: [{ name: 'Mustermann', points: [[1, 1]] }] });
    await fetch(`${server.url}/Mustermann?Mustermann=1`, { headers });
    await server.post('/v2/models/Mustermann/infer', { id: 'Mustermann' });
    const { stderr } = await server.stop();
    expect(stderr.split('\n').filter((line) => line.includes('answered')).length).toBe(7);
    expect(stderr).not.toContain('Mustermann');
    expect(stderr).not.toContain(idOf(png));
  });
});
