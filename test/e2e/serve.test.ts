/**
 * `samus serve` as programs use it: images in, masks out, over HTTP from a process of its own.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImage } from '../../src/formats/image.js';
import { readImage } from '../../src/formats/imageFile.node.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { polygonsToMask } from '../../src/formats/polygons.js';
import { decodeRle, encodeRle } from '../../src/formats/rle.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Encoding, ObjectPrompt, ObjectResult } from '../../src/predict/types.js';
import { runtime } from '../support/evaluate.js';
import { fixtureBytes } from '../support/imageFixtures.js';
import { tinyModel } from '../support/tinyModel.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';
import { idOf, picture, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const TOKEN = 'a-token-of-enough-characters';

let folder: string;
let server: ServeProcess;
let png: Uint8Array;
let id: string;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  await writeTinyModel(folder, 'second', 2);
  png = await picturePng(1);
  id = idOf(png);
  mkdirSync(join(folder, 'scans', 'inner'), { recursive: true });
  writeFileSync(join(folder, 'scans', 'inner', 'a scan.png'), png);
  writeFileSync(join(folder, 'outside.png'), png);
  symlinkSync(join(folder, 'outside.png'), join(folder, 'scans', 'link.png'));
  symlinkSync(folder, join(folder, 'scans', 'up'));
  writeFileSync(join(folder, 'token.txt'), `${TOKEN}\n`);
  writeFileSync(join(folder, 'weak.txt'), 'short');
  server = await startServe(folder, '--model', 'tiny', '--model', 'second', '--folder', 'scans');
});

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

/** The body of an answer, and that it is of this status. */
async function json(response: Promise<Response>, status = 200) {
  const answer = await response;
  const text = await answer.text();
  expect(answer.status, text).toBe(status);
  return JSON.parse(text);
}

/** Not by `fetch`, which adds `no-cache` of its own to such requests. */
function statusIfNoneMatch(url: string, etag: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'if-none-match': etag } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', reject);
  });
}

const segment = (body: unknown, image = id) => server.post(`/api/v1/images/${image}/segment`, body);

describe('a server', () => {
  it('identifies itself', async () => {
    expect(await json(fetch(`${server.url}/api/v1/health`))).toMatchObject({
      name: 'samus',
      status: 'ok',
      ready: true,
      version: expect.stringMatching(/^\d/),
      notice: expect.stringContaining('not for diagnosis'),
    });
    const models = await json(fetch(`${server.url}/api/v1/models`));
    expect(models.default).toBe('tiny');
    expect(models.models[0]).toEqual({
      name: 'tiny',
      architecture: 'samus',
      imageSize: 32,
      tokenGrid: 8,
      parameters: expect.any(Number),
      licence: 'MIT',
    });
    expect(models.models[1].name).toBe('second');
  });

  it('isolates its pages and lets nothing in from elsewhere', async () => {
    for (const path of ['/', '/api/v1/health', '/nothing', '/docs']) {
      const { headers } = await fetch(`${server.url}${path}`);
      expect(headers.get('cross-origin-opener-policy'), path).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy'), path).toBe('require-corp');
      expect(headers.get('cross-origin-resource-policy'), path).toBe('same-origin');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('content-security-policy'), path).toContain("default-src 'self'");
      expect(headers.get('access-control-allow-origin'), path).toBeNull();
    }
    const { headers } = await fetch(`${server.url}/`);
    expect(headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval'");
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('serves the page, ONNX Runtime and the files of the models', async () => {
    const page = await (await fetch(`${server.url}/`)).text();
    const asset = /assets\/[\w.-]+\.js/.exec(page)![0];
    const script = await fetch(`${server.url}/${asset}`);
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(script.headers.get('content-type')).toContain('javascript');

    const wasm = await fetch(`${server.url}/ort/ort-wasm-simd-threaded.wasm`, { method: 'HEAD' });
    expect(wasm.headers.get('content-type')).toBe('application/wasm');
    await json(fetch(`${server.url}/ort/..%2fpackage.json`), 404);
    await json(fetch(`${server.url}/ort/ort.node.min.mjs`), 404);

    const config = await fetch(`${server.url}/models/tiny/config.json`);
    expect(await config.json()).toMatchObject({ architecture: 'samus', imageSize: 32 });
    const weights = await fetch(`${server.url}/models/tiny/model.safetensors`);
    expect(weights.status).toBe(200);
    const etag = weights.headers.get('etag')!;
    await weights.arrayBuffer();
    expect(await statusIfNoneMatch(`${server.url}/models/tiny/model.safetensors`, etag)).toBe(304);
    await json(fetch(`${server.url}/models/tiny/..%2f..%2ftoken.txt`), 404);
  });

  it('opens its page under one name only, since work is saved for each, and answers programs under both', async () => {
    const { port } = new URL(server.url);
    const ask = (path: string, host: string, accept: string, more: Readonly<Record<string, string>> = {}) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get(`${server.url}${path}`, { headers: { host, accept, ...more } }, (answer) => resolve(answer.resume())).on(
          'error',
          reject,
        );
      });
    const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
    for (const [path, host, place] of [
      ['/', `localhost:${port}`, `${server.url}/`],
      ['/?sample=1', `LOCALHOST:${port}`, `${server.url}/?sample=1`],
      ['/index.html', 'localhost:9000', 'http://127.0.0.1:9000/index.html'],
      ['/', 'localhost', 'http://127.0.0.1/'],
      ['/', 'localhost:none', 'http://127.0.0.1/'],
    ] as const) {
      const { statusCode, headers } = await ask(path, host, html);
      expect([statusCode, headers.location, headers['cache-control']], host).toEqual([307, place, 'no-store']);
    }
    expect((await ask('/', `127.0.0.1:${port}`, html)).statusCode).toBe(200);
    expect((await ask('/', `localhost:${port}`, '*/*')).statusCode).toBe(200);
    // By a proxy with TLS, whose certificate does not hold for 127.0.0.1.
    expect((await ask('/', 'localhost', html, { 'x-forwarded-proto': 'https' })).statusCode).toBe(200);
    expect((await ask('/', 'localhost', html, { 'x-forwarded-proto': 'http' })).statusCode).toBe(307);
    for (const path of ['/api/v1/models', '/docs/json', '/v2', '/models/tiny/config.json']) {
      for (const name of ['localhost', '127.0.0.1']) {
        expect((await ask(path, `${name}:${port}`, html)).statusCode, path).toBe(200);
      }
    }
  });

  it('describes its API and its metrics', async () => {
    const document = await json(fetch(`${server.url}/docs/json`));
    expect(document.openapi).toMatch(/^3\./);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/v1/images', '/api/v1/images/{id}/segment', '/v2/models/{name}/infer']),
    );
    expect((await fetch(`${server.url}/docs`)).status).toBe(200);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/samus_http_requests_total\{method="GET",route="\/api\/v1\/health",status="200"\} \d/);
    expect(metrics).toMatch(/samus_jobs\{lane="encode",state="waiting"\} 0/);
    expect(metrics).toMatch(/samus_cache_bytes \d/);
  });
});

describe('images', () => {
  it('are known by their content, however they are sent', async () => {
    const first = await json(server.postImage(png), 201);
    expect(first).toEqual({
      image: id,
      width: 48,
      height: 40,
      model: 'tiny',
      cached: false,
      encode_ms: expect.any(Number),
    });
    expect(await json(server.postImage(png))).toMatchObject({ image: id, cached: true });
    expect(await json(server.postImage(png, { 'content-type': 'application/octet-stream' }))).toMatchObject({
      image: id,
    });
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'a name.png');
    expect(await json(fetch(`${server.url}/api/v1/images`, { method: 'POST', body: form }))).toMatchObject({
      image: id,
    });
    expect(await json(server.post('/api/v1/images', { path: 'inner/a scan.png' }))).toMatchObject({ image: id });
    expect(await json(fetch(`${server.url}/api/v1/images/${id}`))).toMatchObject({ image: id, cached: true });
  });

  it('of several frames are sent once for each, and say how many there are', async () => {
    const clip = fixtureBytes('frames.tif');
    const first = await json(server.postImage(clip), 201);
    expect(first).toMatchObject({ image: idOf(clip), width: 23, height: 17, frames: 3 });
    expect(await json(server.postImage(clip, {}, '?frame=1'))).toMatchObject({ image: idOf(clip), cached: true });
    const third = await json(server.postImage(clip, {}, '?frame=3'), 201);
    expect(third).toMatchObject({ width: 9, height: 31, frames: 3, cached: false });
    expect(third.image).not.toBe(first.image);
    writeFileSync(join(folder, 'scans', 'clip.tif'), clip);
    const named = { path: 'clip.tif', frame: 3 };
    expect(await json(server.post('/api/v1/images', named))).toMatchObject({ image: third.image, cached: true });
    expect(await json(fetch(`${server.url}/api/v1/images/${third.image}`))).toMatchObject({ frames: 3, height: 31 });
    const answer = await json(segment({ objects: [{ points: [[4, 5]] }] }, third.image));
    expect(answer.objects[0].rle.size).toEqual([31, 9]);
    for (const [query, status, code] of [
      ['?frame=4', 422, 'IMAGE_FRAME'],
      ['?frame=0', 400, 'REQUEST_INVALID'],
      ['?frame=x', 400, 'REQUEST_INVALID'],
    ] as const) {
      expect((await json(server.postImage(clip, {}, query), status)).error.code).toBe(code);
    }
    expect((await json(server.post('/api/v1/images', { path: 'clip.tif', frame: 1.5 }), 400)).error.code).toBe(
      'REQUEST_INVALID',
    );
    // A whole file of a coding that is not read is no damaged one.
    expect((await json(server.postImage(fixtureBytes('zstd.tif')), 415)).error.code).toBe('IMAGE_FORMAT');
  });

  it('are found by a path in another Unicode normal form', async () => {
    writeFileSync(join(folder, 'scans', 'u\u0308.png'), png);
    expect(await json(server.post('/api/v1/images', { path: '\u00fc.png' }))).toMatchObject({ image: id });
  });

  it('are kept for each model apart', async () => {
    const bytes = await picturePng(20);
    expect(await json(server.postImage(bytes, {}, '?model=second'), 201)).toMatchObject({ model: 'second' });
    const objects = [{ points: [[1, 1]] }];
    await json(segment({ model: 'second', objects }, idOf(bytes)));
    expect((await json(segment({ objects }, idOf(bytes)), 404)).error.code).toBe('IMAGE_UNKNOWN');
    expect((await json(server.postImage(bytes, {}, '?model=third'), 404)).error.code).toBe('MODEL_UNKNOWN');
  });

  it('are encoded once for all who send one at the same time', async () => {
    const bytes = await picturePng(21, 400, 300);
    const answers = await Promise.all(Array.from({ length: 6 }, () => json201(server.postImage(bytes))));
    expect(new Set(answers.map(({ encode_ms }) => encode_ms)).size).toBeLessThanOrEqual(2);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('samus_cache_entries');
  });

  it('are forgotten when asked to be', async () => {
    const bytes = await picturePng(22);
    await json(server.postImage(bytes), 201);
    expect((await fetch(`${server.url}/api/v1/images/${idOf(bytes)}`, { method: 'DELETE' })).status).toBe(204);
    expect((await json(segment({ objects: [{ points: [[1, 1]] }] }, idOf(bytes)), 404)).error.code).toBe(
      'IMAGE_UNKNOWN',
    );
  });

  it.each([
    ['../outside.png', 400, 'PATH_INVALID'],
    ['inner/../../outside.png', 400, 'PATH_INVALID'],
    ['/etc/hostname', 400, 'PATH_INVALID'],
    ['C:\\windows\\win.ini', 400, 'PATH_INVALID'],
    ['inner\\a scan.png', 400, 'PATH_INVALID'],
    ['inner/a scan.png\0.jpg', 400, 'PATH_INVALID'],
    ['', 400, 'PATH_INVALID'],
    ['link.png', 404, 'PATH_UNKNOWN'],
    ['up/outside.png', 404, 'PATH_UNKNOWN'],
    ['inner', 404, 'PATH_UNKNOWN'],
    ['none.png', 404, 'PATH_UNKNOWN'],
  ])('cannot be had from outside of the folder: %j', async (path, status, code) => {
    const { error } = await json(server.post('/api/v1/images', { path }), status);
    expect(error.code).toBe(code);
    expect(JSON.stringify(error)).not.toContain(folder);
  });

  it('are refused in whole if they are none, damaged or too large', async () => {
    const cut = png.slice(0, png.length / 2);
    expect((await json(server.postImage(cut), 422)).error.code).toBe('IMAGE_CORRUPT');
    expect((await json(server.postImage(new TextEncoder().encode('no image')), 415)).error.code).toBe('IMAGE_FORMAT');
    expect((await json(server.postImage(new Uint8Array(0)), 400)).error.code).toBe('REQUEST_EMPTY');
    expect((await json(server.postImage(png, { 'content-type': 'text/plain' }), 415)).error.code).toBe(
      'REQUEST_MEDIA_TYPE',
    );
  });
});

it('automatic mode takes no image of more than 8 megapixels, clicks do', async () => {
  const bytes = await encodePng(createImage(3000, 2700, 1, new Uint8Array(3000 * 2700)));
  await json201(server.postImage(bytes));
  const { error } = await json(server.post(`/api/v1/images/${idOf(bytes)}/everything`, {}), 413);
  expect(error.code).toBe('IMAGE_TOO_LARGE');
  await json(segment({ objects: [{ points: [[1, 1]] }] }, idOf(bytes)));
});

async function json201(response: Promise<Response>) {
  const answer = await response;
  expect([200, 201]).toContain(answer.status);
  return answer.json();
}

describe('masks', () => {
  let segmenter: Segmenter;
  let encoding: Encoding;

  beforeAll(async () => {
    segmenter = Segmenter.create(tinyModel(), runtime);
    encoding = await segmenter.encode(picture(1));
    await server.postImage(png);
  });

  afterAll(() => segmenter.dispose());

  const own = (prompt: ObjectPrompt, multimask = false): Promise<ObjectResult> =>
    segmenter.segment(encoding, prompt, { multimask });

  it('are those of the library', async () => {
    const prompts: ObjectPrompt[] = [
      {
        name: 'lesion',
        points: [
          [10, 12],
          [30, 9, 0],
        ],
      },
      { box: [5, 6, 30, 31] },
      { points: [[20.5, 30]], box: [5, 6, 40, 39] },
    ];
    for (const multimask of [false, true]) {
      const { objects, ...document } = await json(segment({ objects: prompts, multimask }));
      expect(document).toMatchObject({
        model: 'tiny',
        image: id,
        width: 48,
        height: 40,
        decode_ms: expect.any(Number),
      });
      for (const [i, prompt] of prompts.entries()) {
        const expected = await own(prompt, multimask);
        expect(objects[i].name).toBe(prompt.name ?? `object-${i + 1}`);
        expect(objects[i].score).toBeCloseTo(expected.score, 5);
        expect(objects[i]).toMatchObject({ area: expected.area, box: expected.box });
        expect(objects[i].rle).toEqual(encodeRle(expected.mask, 48, 40));
      }
      expect(objects[0].points).toEqual([
        [10, 12, 1],
        [30, 9, 0],
      ]);
      expect(objects[1].prompt).toEqual({ points: [], box: [5, 6, 30, 31] });
    }
  });

  it('are cleaned by default', async () => {
    const prompt = { points: [[10, 12]] } as const;
    const answer = async (clean: boolean) => (await json(segment({ objects: [prompt], clean }))).objects[0];
    const raw = await segmenter.segment(encoding, prompt, { clean: false });
    const cleaned = await own(prompt);
    expect(cleaned.mask).not.toEqual(raw.mask);
    expect(await answer(false)).toMatchObject({ rle: encodeRle(raw.mask, 48, 40), area: raw.area, parts: raw.parts });
    expect(await answer(true)).toMatchObject({ rle: encodeRle(cleaned.mask, 48, 40), parts: cleaned.parts });
  });

  it('say the same as run lengths, as PNG and as polygons', async () => {
    const objects = [{ points: [[10, 12]] }];
    const [rle, encoded, polygons] = await Promise.all(
      ['rle', 'png', 'polygons'].map(async (format) => (await json(segment({ objects, format }))).objects[0]),
    );
    const mask = decodeRle(rle.rle).data;
    expect(mask.reduce((sum, value) => sum + value, 0)).toBe(rle.area);
    const image = await readImage(Buffer.from(encoded.png, 'base64'));
    expect(image).toMatchObject({ width: 48, height: 40, channels: 1 });
    expect(image.data).toEqual(mask.map((value) => 255 * value));
    expect(polygonsToMask(polygons.polygons, 48, 40)).toEqual(mask);
    for (const other of [encoded, polygons]) expect(other.rle).toBeUndefined();
  });

  it('take a mask, or the logits of the click before, as a first guess', async () => {
    const first = (await json(segment({ objects: [{ points: [[10, 12]] }], lowResLogits: true }))).objects[0];
    const result = await own({ points: [[10, 12]] });
    const logits = Buffer.from(first.lowResLogits, 'base64');
    expect(logits.length).toBe(4 * 32 * 32);
    expect(logits.readFloatLE(40)).toBeCloseTo(result.lowResLogits[10]!, 4);
    const points = [
      [10, 12],
      [30, 30, 0],
    ];
    const { objects } = await json(
      segment({
        objects: [
          { points, lowResLogits: first.lowResLogits },
          { points, mask: first.rle },
        ],
      }),
    );
    const prompt: ObjectPrompt = {
      points: [
        [10, 12],
        [30, 30, 0],
      ],
    };
    expect(objects[0].rle).toEqual(
      encodeRle((await own({ ...prompt, lowResLogits: result.lowResLogits })).mask, 48, 40),
    );
    expect(objects[1].rle).toEqual(encodeRle((await own({ ...prompt, mask: result.mask })).mask, 48, 40));
  });

  it.each([
    [{}, 'REQUEST_INVALID'],
    [{ objects: [] }, 'REQUEST_INVALID'],
    [{ objects: [{ points: [[1]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ points: [['1', '2']] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ dots: [[1, 2]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{ name: '../x', points: [[1, 2]] }] }, 'REQUEST_INVALID'],
    [{ objects: [{}] }, 'PROMPT_EMPTY'],
    [{ objects: [{ points: [[1, 2, 7]] }] }, 'PROMPT_LABEL'],
    [{ objects: [{ points: [[480, 2]] }] }, 'PROMPT_POINT_OUTSIDE'],
    [{ objects: [{ box: [9, 9, 3, 3] }] }, 'PROMPT_BOX_EMPTY'],
    [{ objects: [{ mask: { size: [4000, 4000], counts: 'P' } }] }, 'PROMPT_MASK_SIZE'],
    [{ objects: [{ lowResLogits: 'AAAA' }] }, 'PROMPT_LOGITS'],
    [{ objects: [{ lowResLogits: 'AAAAAA==' }] }, 'PROMPT_MASK_SIZE'],
    [
      {
        objects: [
          { name: 'a', points: [[1, 2]] },
          { name: 'a', points: [[1, 2]] },
        ],
      },
      'PROMPT_OBJECT_TWICE',
    ],
  ])('are refused for %j', async (body, code) => {
    const { error } = await json(segment(body), 400);
    expect(error).toMatchObject({ code, message: expect.any(String), hint: expect.any(String) });
  });

  it('of everything in the image need no prompts', async () => {
    const options = { pointsPerSide: 4, scoreThreshold: 0, stabilityThreshold: 0 };
    const document = await json(server.post(`/api/v1/images/${id}/everything`, { options, format: 'rle' }));
    expect(document).toMatchObject({ model: 'tiny', image: id, width: 48, height: 40 });
    expect(document.objects.length).toBeGreaterThan(0);
    expect(decodeRle(document.objects[0].rle).width).toBe(48);
    expect(document.objects[0]).toMatchObject({ points: [[expect.any(Number), expect.any(Number), 1]] });
    expect(document.objects[0].stability).toBeLessThanOrEqual(1);
    await json(fetch(`${server.url}/api/v1/images/${id}/everything`, { method: 'POST' }));
    const { error } = await json(
      server.post(`/api/v1/images/${id}/everything`, { options: { pointsPerSide: 1e6 } }),
      400,
    );
    expect(error.code).toBe('REQUEST_INVALID');
  });
});

describe('who may ask', () => {
  it('is no page of another site, and nobody by another name', async () => {
    const origin = { origin: 'https://elsewhere.example' };
    expect((await json(server.postImage(png, origin), 403)).error.code).toBe('ORIGIN_FOREIGN');
    const site = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await json(fetch(`${server.url}/api/v1/models`, { headers: site }), 403)).error.code).toBe(
      'ORIGIN_FOREIGN',
    );
    expect((await server.postImage(png, { origin: server.url })).status).toBe(200);
  });

  it('has the token, if there is one', async () => {
    const guarded = await startServe(folder, '--model', 'tiny', '--host', '0.0.0.0', '--token-file', 'token.txt');
    try {
      const url = guarded.url.replace('0.0.0.0', '127.0.0.1');
      const get = (path: string, headers: Record<string, string> = {}) =>
        fetch(`${url}${path}`, { headers, redirect: 'manual' });
      const missing = await get('/api/v1/models');
      expect(missing.headers.get('www-authenticate')).toContain('Bearer');
      expect((await json(Promise.resolve(missing), 401)).error.code).toBe('TOKEN_MISSING');
      const wrong = { authorization: `Bearer ${TOKEN}x` };
      expect((await json(get('/api/v1/models', wrong), 401)).error.code).toBe('TOKEN_WRONG');
      for (const path of ['/', '/docs', '/metrics', '/v2', '/models/tiny/config.json', '/?token=wrong']) {
        expect((await get(path)).status, path).toBe(401);
      }
      await json(get('/api/v1/models', { authorization: `Bearer ${TOKEN}` }));
      await json(get('/api/v1/health'));
      await json(get('/v2/health/ready'));
      const entered = await get(`/?token=${TOKEN}`);
      expect([entered.status, entered.headers.get('location')]).toEqual([303, '/']);
      const cookie = entered.headers.get('set-cookie')!;
      expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
      await json(get('/api/v1/models', { cookie: cookie.split(';')[0]! }));
    } finally {
      const { stderr } = await guarded.stop();
      expect(stderr).not.toContain(TOKEN);
    }
  });
});

describe('the description of the API', () => {
  it('lists every answer that the server has given so far', async () => {
    const { listed, unlisted } = await describedAnswers(async (path) => (await fetch(`${server.url}${path}`)).text());
    expect(unlisted).toEqual([]);
    expect(listed.filter((answer) => / 4\d\d$/.test(answer)).length).toBeGreaterThan(8);
  });
});

describe('what keeps a server from starting', () => {
  it.each([
    [['--host', '0.0.0.0'], 2, 'TOKEN_REQUIRED'],
    [['--token-file', 'none.txt'], 3, 'TOKEN_UNREADABLE'],
    [['--token-file', 'weak.txt'], 2, 'TOKEN_WEAK'],
    [['--folder', 'none'], 3, 'FOLDER_NOT_FOUND'],
    [['--model', 'tiny', '--model', './tiny'], 2, 'MODEL_NAME_TWICE'],
    [['--model', 'none'], 3, 'MODEL_NOT_FOUND'],
    [['--port', '99999'], 2, 'USAGE_VALUE'],
  ])('is coded: %j', async (args, code, name) => {
    const defaults = args.includes('--model') ? [] : ['--model', 'tiny'];
    const ended = await samus(folder, 'serve', '--json', ...defaults, ...args);
    expect([ended.code, JSON.parse(ended.stdout).error.code]).toEqual([code, name]);
  });

  it('is a port that another program has', async () => {
    const { port } = new URL(server.url);
    const ended = await samus(folder, 'serve', '--json', '--model', 'tiny', '--port', port);
    expect([ended.code, JSON.parse(ended.stdout).error.code]).toEqual([4, 'PORT_TAKEN']);
  });
});
