/**
 * What the bodies of all requests together may take, on every route that reads one: whoever comes when it is taken is
 * told to come back, until the answers are out or the clients gone. What one body may be is in serveMalformed.test.ts.
 */
import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
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
    expect([fits.status, (await fits.json()).code]).toEqual([400, 'REQUEST_JSON']);
    for (const size of [1_000_001, 100e6]) {
      const large = await packed(size);
      expect([large.status, (await large.json()).code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    }
    await released();
  });
});

describe('a packed body', () => {
  const CODINGS: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['Deflate', deflateSync],
    ['br', brotliCompressSync],
  ];
  const pack = (bytes: Uint8Array, by: (typeof CODINGS)[number][1]) => new Uint8Array(by(bytes));
  const bytesOf = (json: object) => new TextEncoder().encode(JSON.stringify(json));
  const errorOf = async (answer: Response) => [answer.status, (await answer.json()).error];

  it.each(CODINGS)('is unpacked by %s: images, and prompts in JSON', async (coding, by) => {
    const png = new Uint8Array(await picturePng(5, 200, 100));
    const plain = await (await post(IMAGES, { 'content-type': 'image/png' }, png)).json();
    for (const type of ['image/png', 'application/octet-stream']) {
      const packed = await post(IMAGES, { 'content-type': type, 'content-encoding': coding }, pack(png, by));
      expect([packed.status, (await packed.json()).image]).toEqual([200, plain.image]);
    }
    const segment = `${IMAGES}/${plain.image}/segment`;
    const prompts = bytesOf({ objects: [{ points: [[60, 50]] }] });
    const answer = await post(segment, { ...JSON_TYPE, 'content-encoding': coding }, pack(prompts, by));
    expect([answer.status, (await answer.json()).objects?.length]).toEqual([200, 1]);
    const path = await post(
      IMAGES,
      { ...JSON_TYPE, 'content-encoding': coding },
      pack(bytesOf({ path: 'none.png' }), by),
    );
    expect((await errorOf(path))[0]).toBe(404);
    await released();
  });

  it('is refused where its coding is unknown, or is not what it says', async () => {
    const png = new Uint8Array(await picturePng(5));
    for (const [path, type, body] of [
      [IMAGES, 'image/png', png],
      [`${IMAGES}/${ID}/segment`, 'application/json', bytesOf({ objects: [] })],
      [`${IMAGES}/${ID}/everything`, 'application/json', bytesOf({})],
    ] as const) {
      for (const [coding, got] of [
        ['zstd', 'zstd'],
        ['gzip, br', 'gzip, br'],
        ['<b>', 'another coding'],
        ['gzip', 'cannot be unpacked'],
        ['deflate', 'cannot be unpacked'],
        ['br', 'cannot be unpacked'],
      ] as const) {
        const answer = await post(path, { 'content-type': type, 'content-encoding': coding }, body);
        expect(answer.headers.get('accept-encoding'), coding).toBe('gzip, deflate, br');
        expect(await errorOf(answer), coding).toEqual([
          415,
          expect.objectContaining({ code: 'REQUEST_ENCODING', message: expect.stringContaining(got) }),
        ]);
      }
    }
    const cut = gzipSync(png).subarray(0, 40);
    const broken = await post(IMAGES, { 'content-type': 'image/png', 'content-encoding': 'gzip' }, new Uint8Array(cut));
    expect((await errorOf(broken))[1]).toMatchObject({ code: 'REQUEST_ENCODING' });
    await released();
  });

  it('takes no more than its limit when it is unpacked', async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(50e6)));
    const packed = (type: string) => post(IMAGES, { 'content-type': type, 'content-encoding': 'gzip' }, bomb);
    // Here one body may be as large as all together, so that either limit may be reached first.
    expect([413, 503]).toContain((await packed('image/png')).status);
    expect(await errorOf(await packed('application/json'))).toEqual([
      400,
      expect.objectContaining({ code: 'REQUEST_INVALID' }),
    ]);
    await released();
  });

  it('of a form is refused by name', async () => {
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(await picturePng(5))]), 'x.png');
    const { headers, body } = await formBody(form);
    const answer = await post(IMAGES, { ...headers, 'content-encoding': 'gzip' }, pack(body, gzipSync));
    expect((await errorOf(answer))[1]).toMatchObject({ code: 'REQUEST_ENCODING' });
  });
});

async function formBody(form: FormData) {
  const request = new Request('http://localhost', { method: 'POST', body: form });
  const headers = { 'content-type': request.headers.get('content-type') ?? '' };
  return { headers, body: new Uint8Array(await request.arrayBuffer()) };
}

it('JSON in the place of an image gets one answer, whatever its size', async () => {
  for (const size of [100, 12_000, 5e6]) {
    const body = JSON.stringify({ image: `data:image/png;base64,${'A'.repeat(size)}` });
    const answer = await post(IMAGES, JSON_TYPE, body);
    expect([answer.status, (await answer.json()).error.code], `${size}`).toEqual([400, 'REQUEST_INVALID']);
  }
});

describe('a form', () => {
  const send = async (fields: readonly (readonly [name: string, value: string | Uint8Array<ArrayBuffer>])[]) => {
    const form = new FormData();
    for (const [name, value] of fields) {
      if (typeof value === 'string') form.append(name, value);
      else form.append(name, new Blob([value]), 'x.png');
    }
    const answer = await fetch(`${url}${IMAGES}`, { method: 'POST', body: form });
    const { error, model } = await answer.json();
    return [answer.status, error?.code ?? model];
  };

  it.each([
    ['application/json', 'tiny', 200, 'tiny'],
    ['application/json', '"tiny"', 200, 'tiny'],
    ['application/json', '{', 404, 'MODEL_UNKNOWN'],
    ['application/octet-stream', 'tiny', 200, 'tiny'],
    ['text/plain', 'tiny', 200, 'tiny'],
    ['image/png', 'none', 404, 'MODEL_UNKNOWN'],
    ['application/json', 'n'.repeat(9000), 404, 'MODEL_UNKNOWN'],
  ])('reads the field model with content type %s', async (type, name, status, result) => {
    const png = Buffer.from(await picturePng(5));
    await send([['image', new Uint8Array(png)]]);
    const part = (head: string, body: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from(`--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n`), body, Buffer.from('\r\n')]);
    const parts = [
      part('name="image"; filename="x.png"\r\nContent-Type: image/png', png),
      part(`name="model"\r\nContent-Type: ${type}`, Buffer.from(name)),
    ];
    for (const order of [parts, [...parts].reverse()]) {
      const answer = await post(
        IMAGES,
        { 'content-type': 'multipart/form-data; boundary=x' },
        Buffer.concat([...order, Buffer.from('--x--\r\n')]),
      );
      const { error, model } = await answer.json();
      expect([answer.status, error?.code ?? model]).toEqual([status, result]);
    }
    await released();
  });

  it('has one answer for its fields in any order', async () => {
    const png = new Uint8Array(await picturePng(5));
    await send([['image', png]]);
    for (const [fields, answer] of [
      [
        [
          ['image', png],
          ['model', 'tiny'],
        ],
        [200, 'tiny'],
      ],
      [
        [
          ['image', png],
          ['model', 'none'],
        ],
        [404, 'MODEL_UNKNOWN'],
      ],
      [
        [
          ['image', png],
          ['note', 'a'],
        ],
        [400, 'REQUEST_PARTS'],
      ],
      [
        [
          ['image', png],
          ['other', png],
        ],
        [400, 'REQUEST_PARTS'],
      ],
      [
        [
          ['image', png],
          ['image', png],
        ],
        [400, 'REQUEST_PARTS'],
      ],
      [
        [
          ['model', 'tiny'],
          ['model', 'tiny'],
        ],
        [400, 'REQUEST_PARTS'],
      ],
      [
        [
          ['other', png],
          ['model', 'tiny'],
        ],
        [400, 'REQUEST_PARTS'],
      ],
    ] as const) {
      expect(await send(fields), JSON.stringify(answer)).toEqual(answer);
      expect(await send([...fields].reverse()), JSON.stringify(answer)).toEqual(answer);
    }
    await released();
  });
});
