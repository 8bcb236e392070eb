/**
 * What the bodies of all requests together may take, on every route that reads one: whoever comes when it is taken is
 * told to come back, until the answers are out or the clients gone. What one body may be is in serveMalformed.test.ts.
 */
import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from '../../src/server/server.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { picturePng, writeTinyModel } from './serveProcess.js';

const IMAGES = '/api/v1/images';
const ID = '0'.repeat(64);
const INFER = '/v2/models/tiny-encoder/infer';
const JSON_TYPE = { 'content-type': 'application/json' };

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = newFolder();
  const models = [await writeTinyModel(folder)];
  const settings = { models, version: '0', notice: 'test', folder, logLevel: 'silent' as const };
  server = await createServer({ ...settings, limits: { bodyMb: 2, uploadsMb: 1 } });
  url = await server.listen('127.0.0.1', 0);
});

afterAll(async () => {
  await server.drain(0);
  removeFolder(folder);
});

/** A client that has announced a body, which the server has heard, and sends none of it. */
async function announced(path: string, headers: Record<string, string>): Promise<ClientRequest> {
  const silent = request(`${url}${path}`, { method: 'POST', headers: { expect: '100-continue', ...headers } });
  silent.on('error', () => undefined).flushHeaders();
  await once(silent, 'continue');
  return silent;
}

async function taken(): Promise<number> {
  const { body } = await server.app.inject('/metrics');
  return Number(/^samus_upload_bytes (\d+)$/m.exec(body)?.[1]);
}

/** Waits until nothing is taken any more. */
async function released(): Promise<void> {
  while ((await taken()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

const post = (path: string, headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>) =>
  fetch(`${url}${path}`, { method: 'POST', headers, body });

describe('all bodies together', () => {
  it.each([
    ['that is long', INFER, { 'content-length': '999995' }, 999_995],
    ['of a length that is not told', INFER, { 'transfer-encoding': 'chunked' }, 1e6],
    ['that is packed', INFER, { 'content-length': '10', 'content-encoding': 'gzip' }, 1e6],
    ['that is long', `${IMAGES}/${ID}/segment`, { 'content-length': '999995', ...JSON_TYPE }, 999_995],
    ['that is long', `${IMAGES}/${ID}/everything`, { 'content-length': '999995', ...JSON_TYPE }, 999_995],
    ['that is long', '/nothing', { 'content-length': '999995', ...JSON_TYPE }, 999_995],
  ])('are bounded: one %s, of %s', async (_, path, headers, bytes) => {
    await released();
    const first = await announced(path, headers);
    expect(await taken()).toBe(bytes);
    const refused = [
      await post(IMAGES, JSON_TYPE, '{"path": "none.png"}'),
      await post(IMAGES, { 'content-type': 'image/png' }, new Uint8Array(await picturePng(1))),
      await post(`${IMAGES}/${ID}/segment`, JSON_TYPE, '{"objects": [{"points": [[1, 1]]}]}'),
      await post(`${IMAGES}/${ID}/everything`, JSON_TYPE, '{"options": {}}'),
    ];
    for (const answer of refused) {
      expect([answer.status, answer.headers.get('retry-after')], answer.url).toEqual([503, '1']);
      expect((await answer.json()).error.code).toBe('UPLOADS_FULL');
    }
    const infer = await post(INFER, {}, '{"inputs": []}');
    expect([infer.status, (await infer.json()).code]).toEqual([503, 'UPLOADS_FULL']);
    // What has no body needs no room.
    expect((await fetch(`${url}/api/v1/models`)).status).toBe(200);

    first.destroy();
    await released();
    expect((await post(IMAGES, JSON_TYPE, '{"path": "none.png"}')).status).toBe(404);
    expect([200, 201]).toContain((await post(IMAGES, {}, new Uint8Array(await picturePng(1)))).status);
    await released();
  });

  it('leave one that is larger than all may be no hope: it is refused for good', async () => {
    for (const path of [IMAGES, INFER]) {
      expect((await post(path, {}, new Uint8Array(1_000_001))).status, path).toBe(413);
    }
  });

  it('are counted with what they are unpacked to', async () => {
    const packed = (size: number) =>
      post(INFER, { 'content-encoding': 'gzip' }, new Uint8Array(gzipSync(' '.repeat(size))));
    const fits = await packed(900_000);
    expect((await fits.json()).code).not.toBe('REQUEST_ENCODING');
    const large = await packed(999_999);
    expect([large.status, (await large.json()).code]).toEqual([400, 'REQUEST_ENCODING']);
    await released();
  });
});
