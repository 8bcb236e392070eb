/**
 * `samus serve` as programs and browsers meet it: pages, headers, files, tokens, and what keeps it from starting. Images
 * are in serveImages.test.ts, masks in serveMasks.test.ts.
 */
import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newFolder, removeFolder, samus } from './samusProcess.js';
import { jsonOf as json, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

const TOKEN = 'a-token-of-enough-characters';

let folder: string;
let server: ServeProcess;
let png: Uint8Array;

beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  await writeTinyModel(folder, 'second', 2);
  png = await picturePng(1);
  writeFileSync(join(folder, 'token.txt'), `${TOKEN}\n`);
  writeFileSync(join(folder, 'weak.txt'), 'short');
  server = await startServe(folder, '--model', 'tiny', '--model', 'second');
});

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

/** Not by `fetch`, which adds `no-cache` of its own to such requests. */
function statusIfNoneMatch(url: string, etag: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'if-none-match': etag } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    }).on('error', reject);
  });
}

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
      task: 'prompted',
      prompts: ['points', 'box', 'mask'],
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

describe('who may ask', () => {
  it('is no page of another site, and nobody by another name', async () => {
    const origin = { origin: 'https://elsewhere.example' };
    expect((await json(server.postImage(png, origin), 403)).error.code).toBe('ORIGIN_FOREIGN');
    const site = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    expect((await json(fetch(`${server.url}/api/v1/models`, { headers: site }), 403)).error.code).toBe(
      'ORIGIN_FOREIGN',
    );
    expect((await server.postImage(png, { origin: server.url })).status).toBe(201);
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
