/**
 * Thousands of requests that are wrong in every way that a generator knows: each is answered with a coded error of the
 * client's, tells nothing of the inside, and the server goes on. Then what cannot be said through a client of HTTP, over
 * a socket.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../src/server/securityHeaders.js';
import { createServer, type Server } from '../../src/server/server.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { idOf, picturePng, writeTinyModel } from './serveProcess.js';

const REQUESTS = 10_000;

/** Half a minute on a quiet machine of two cores. */
const PATIENCE_MS = 900_000;

/** In flight: few enough that none is refused for want of a place. */
const AT_ONCE = 16;

const JSON_TYPE = { 'content-type': 'application/json' };

let folder: string;
let server: Server;
let png: Uint8Array;
let id: string;

beforeAll(async () => {
  folder = newFolder();
  const model = await writeTinyModel(folder);
  server = await createServer({
    models: [model],
    version: '0',
    notice: 'test',
    folder,
    logLevel: 'silent',
    limits: { bodyMb: 1, maxPixels: 1e5 },
  });
  png = await picturePng(1);
  id = idOf(png);
  const sent = await server.app.inject({ method: 'POST', url: '/api/v1/images', payload: Buffer.from(png) });
  expect(sent.statusCode).toBe(201);
});

afterAll(async () => {
  await server.drain(0);
  removeFolder(folder);
});

interface Malformed {
  readonly method: 'POST' | 'GET' | 'DELETE' | 'PUT';
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly payload?: string | Buffer;
}

/** Values that are no number of a point: of every type, huge, or of names that JavaScript reserves. */
const junk = fc.oneof(
  fc.constantFrom(null, true, '', '1', 1e300, -1, {}, [], [[]], '__proto__', 'constructor', '\u0000'),
  fc.string({ maxLength: 20 }),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }),
);

/** JSON with one wrong thing in it, as text: some of it no JavaScript value can be. */
const segmentText = fc.oneof(
  junk.map((objects) => JSON.stringify({ objects })),
  junk.map((point) => JSON.stringify({ objects: [{ points: [point] }] })),
  junk.map((box) => JSON.stringify({ objects: [{ box }] })),
  junk.map((mask) => JSON.stringify({ objects: [{ points: [[1, 1]], mask }] })),
  junk.map((name) => JSON.stringify({ objects: [{ points: [[1, 1]], name: [name] }] })),
  junk.map((format) => JSON.stringify({ objects: [{ points: [[1, 1]] }], format: [format] })),
  fc.string({ maxLength: 12 }).map((key) => JSON.stringify({ objects: [{ points: [[1, 1]], [`x${key}`]: 1 }] })),
  fc.integer({ min: 65, max: 400 }).map((n) => JSON.stringify({ objects: Array(n).fill({ points: [[1, 1]] }) })),
  fc.integer({ min: 257, max: 600 }).map((n) => JSON.stringify({ objects: [{ points: Array(n).fill([1, 1]) }] })),
  fc.tuple(fc.nat(1e9), fc.nat(1e9)).map((size) => JSON.stringify({ objects: [{ mask: { size, counts: 'P0' } }] })),
  fc.string({ maxLength: 40 }).map((counts) => JSON.stringify({ objects: [{ mask: { size: [40, 48], counts } }] })),
  fc.base64String({ maxLength: 60 }).map((lowResLogits) => JSON.stringify({ objects: [{ lowResLogits }] })),
  fc.constantFrom(
    '{"objects":[{"points":[[1,1]]}],"__proto__":{"polluted":1}}',
    '{"objects":[{"points":[[1,1]],"__proto__":{"polluted":1}}]}',
    '{"objects":[{"points":[[1,1]],"constructor":{"prototype":{"polluted":1}}}]}',
    '{"objects":[{"points":[[1e999,1]]}]}',
    '{"objects":[{"points":[[NaN,1]]}]}',
    '{"objects":[{"points":[[1,1]]}]',
    `${'['.repeat(20_000)}`,
    '',
    '\ufeff\ufeff{}',
  ),
);

const paths = fc.oneof(
  fc.constantFrom(
    '../x.png',
    '/etc/passwd',
    '..\\x',
    'a/../../x',
    '%2e%2e/x',
    'tiny',
    'CON',
    'a\u0000b',
    'x'.repeat(5000),
    '',
  ),
  fc
    .array(fc.constantFrom('..', '.', '', 'a', '~', '\\', '%2f', 'tiny'), { minLength: 1, maxLength: 6 })
    .map((p) => p.join('/')),
);

const requests: fc.Arbitrary<Malformed> = fc.oneof(
  {
    weight: 6,
    arbitrary: segmentText.map((payload) => ({
      method: 'POST' as const,
      url: `/api/v1/images/${'ID'}/segment`,
      headers: JSON_TYPE,
      payload,
    })),
  },
  {
    weight: 1,
    arbitrary: junk.map((options) => ({
      method: 'POST' as const,
      url: '/api/v1/images/ID/everything',
      headers: JSON_TYPE,
      payload: JSON.stringify({ options: { pointsPerSide: [options] } }),
    })),
  },
  // Images cut off, with bytes turned over, or none at all.
  {
    weight: 4,
    arbitrary: fc.tuple(fc.nat(1e6), fc.nat(255)).map(([at, value]) => {
      const cut = Buffer.from(png.subarray(0, at % (png.length - 60)));
      if (cut.length > 20) cut[16 + (at % 8)] = value;
      return { method: 'POST' as const, url: '/api/v1/images', headers: { 'content-type': 'image/png' }, payload: cut };
    }),
  },
  {
    weight: 2,
    arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => ({
      method: 'POST' as const,
      url: '/api/v1/images',
      headers: { 'content-type': 'application/octet-stream' },
      payload: Buffer.from(bytes),
    })),
  },
  {
    weight: 2,
    arbitrary: paths.map((path) => ({
      method: 'POST' as const,
      url: '/api/v1/images',
      headers: JSON_TYPE,
      payload: JSON.stringify({ path }),
    })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'text/plain',
          'text/html',
          'application/xml',
          'x',
          'multipart/form-data',
          'image',
          'application/json; charset=utf-16',
          'multipart/form-data; boundary=a',
          'multipart/form-data; boundary=',
        ),
        fc.constantFrom('/api/v1/images', '/api/v1/images/ID/segment'),
        fc.string({ maxLength: 50 }),
      )
      .map(([type, url, payload]) => ({ method: 'POST' as const, url, headers: { 'content-type': type }, payload })),
  },
  // Addresses.
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('GET', 'PUT', 'DELETE', 'POST') as fc.Arbitrary<'GET' | 'PUT' | 'DELETE' | 'POST'>,
        paths,
        fc.constantFrom('/models/tiny/', '/ort/', '/api/v1/images/', '/v2/models/', '/assets/', '/api/v1/'),
      )
      .map(([method, path, prefix]) => ({ method, url: `${prefix}${encodeURIComponent(`z${path}`)}`, headers: {} })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('%', '%zz', '%c0%ae', '..%2f..%2f')
      .map((tail) => ({ method: 'GET' as const, url: `/models/${tail}`, headers: {} })),
  },
  // The Open Inference Protocol.
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom('tiny-encoder', 'tiny-decoder', '__proto__', 'constructor'),
        junk,
        fc.constantFrom('inputs', 'outputs', 'parameters', 'id'),
      )
      .map(([name, value, field]) => ({
        method: 'POST' as const,
        url: `/v2/models/${name}/infer`,
        headers: JSON_TYPE,
        payload: JSON.stringify({
          inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', data: [value] }],
          [field]: [value],
        }),
      })),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.string({ maxLength: 12 }), fc.nat(5000), fc.nat(5000)).map(([length, size, bytes]) => {
      const parameters = { binary_data_size: size === 4096 ? 1 : size };
      const json = JSON.stringify({ inputs: [{ name: 'image', shape: [1, 1, 32, 32], datatype: 'FP32', parameters }] });
      const header = length.replace(/[^\x21-\x7e]/g, '') || String(json.length);
      return {
        method: 'POST' as const,
        url: '/v2/models/tiny-encoder/infer',
        headers: { 'inference-header-content-length': header },
        payload: Buffer.concat([Buffer.from(json), Buffer.alloc(bytes)]),
      };
    }),
  },
);

/** The code of an error, in the form of the API or of the Open Inference Protocol. */
function codeOf(url: string, body: string): unknown {
  const answer = JSON.parse(body);
  if (!url.startsWith('/v2')) return answer.error.code;
  expect(typeof answer.error).toBe('string');
  return answer.code;
}

describe('a server', () => {
  it(
    `answers ${REQUESTS} malformed requests with coded errors of the client's`,
    async () => {
      const cases = fc.sample(requests, { numRuns: REQUESTS, seed: 20261123 });
      const statuses = new Map<number, number>();
      for (let i = 0; i < cases.length; i += AT_ONCE) {
        await Promise.all(
          cases.slice(i, i + AT_ONCE).map(async ({ url, ...request }) => {
            const address = url.replace('/ID/', `/${id}/`);
            const { statusCode, body } = await server.app.inject({ ...request, url: address });
            const said = `${request.method} ${url} ${String(request.payload).slice(0, 300)} -> ${statusCode} ${body.slice(0, 300)}`;
            expect(statusCode, said).toBeGreaterThanOrEqual(400);
            expect(statusCode, said).toBeLessThan(500);
            expect(codeOf(address, body), said).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
            expect(body.includes(folder) || /node_modules|\bat .*:\d+:\d+/.test(body), said).toBe(false);
            statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
          }),
        );
      }
      expect(Reflect.get(Object.prototype, 'polluted')).toBeUndefined();
      for (const status of [400, 404, 415, 422]) expect(statuses.get(status), String(status)).toBeGreaterThan(10);
      const objects = [{ points: [[5, 5]] }];
      const good = await server.app.inject({
        method: 'POST',
        url: `/api/v1/images/${id}/segment`,
        payload: { objects },
      });
      expect(good.statusCode).toBe(200);
      const read = async (path: string) => (await server.app.inject(path)).body;
      expect((await describedAnswers(read)).unlisted).toEqual([]);
    },
    PATIENCE_MS,
  );

  it('takes a picture of the whole limit, as bytes or in a form, but JSON of 8 kB with a path only', async () => {
    const url = '/api/v1/images';
    const body = Buffer.concat([png, Buffer.alloc(1e6 - png.length)]);
    const raw = await server.app.inject({ method: 'POST', url, payload: body });
    expect([200, 201], raw.body).toContain(raw.statusCode);
    const form = new FormData();
    form.set('image', new Blob([body]), 'x.png');
    const request = new Request('http://localhost', { method: 'POST', body: form });
    const payload = Buffer.from(await request.arrayBuffer());
    const headers = { 'content-type': request.headers.get('content-type') ?? '' };
    const sent = await server.app.inject({ method: 'POST', url, headers, payload });
    expect([sent.statusCode, sent.json().image], sent.body).toEqual([200, idOf(body)]);
    for (const [size, status, code] of [
      [8192, 404, 'PATH_UNKNOWN'],
      [8193, 400, 'REQUEST_INVALID'],
    ] as const) {
      const path = JSON.stringify({ path: 'none.png' }).padEnd(size);
      const answer = await server.app.inject({ method: 'POST', url, headers: JSON_TYPE, payload: path });
      expect([answer.statusCode, answer.json().error.code], answer.body).toEqual([status, code]);
    }
  });

  it('refuses images of too many pixels by their header, and bodies that are too large', async () => {
    const bomb = Buffer.from(png);
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    const sent = await server.app.inject({ method: 'POST', url: '/api/v1/images', payload: bomb });
    // The header's check sum is wrong by then; either is said before memory for pixels is taken.
    expect([413, 422]).toContain(sent.statusCode);
    const wide = await picturePng(3, 500, 400);
    const large = await server.app.inject({ method: 'POST', url: '/api/v1/images', payload: Buffer.from(wide) });
    expect([large.statusCode, large.json().error.code]).toEqual([413, 'IMAGE_TOO_LARGE']);
    const body = Buffer.alloc(1.5e6, 7);
    const head =
      '--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n';
    const form = await server.app.inject({
      method: 'POST',
      url: '/api/v1/images',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      payload: Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n--b--\r\n')]),
    });
    expect([form.statusCode, form.json().error.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    const ofImage = [`/api/v1/images/${id}/everything`, `/api/v1/images/${id}/segment`];
    for (const url of ['/api/v1/images', '/v2/models/tiny-encoder/infer', ...ofImage]) {
      const type = ofImage.includes(url) ? JSON_TYPE : {};
      const answer = await server.app.inject({ method: 'POST', url, headers: type, payload: body });
      expect([answer.statusCode, codeOf(url, answer.body)], url).toEqual([413, 'REQUEST_TOO_LARGE']);
    }
  });
});

describe('what is no HTTP', () => {
  let port: number;

  beforeAll(async () => {
    port = Number(new URL(await server.listen('127.0.0.1', 0)).port);
  });

  /** What the server says to some bytes, until it has said `last` or closes the connection. */
  function say(last: RegExp, ...parts: readonly (string | Buffer)[]): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part);
      });
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
        // Connections that stay open have said what they have to say.
        if (last.test(text)) socket.destroy();
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });
  }

  it.each([
    ['no request', ['hello there\r\n\r\n'], 400, 'REQUEST_HTTP'],
    ['a TLS greeting', [Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])], 400, 'REQUEST_HTTP'],
    [
      'headers without end',
      [`GET / HTTP/1.1\r\nHost: x\r\nx: ${'y'.repeat(40_000)}`],
      431,
      'REQUEST_HEADERS_TOO_LARGE',
    ],
    [
      'two lengths',
      ['POST /api/v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
      400,
      'REQUEST_HTTP',
    ],
    ['a request to no host', ['GET / HTTP/1.1\r\n\r\n'], 400, 'REQUEST_HTTP'],
    ['an expectation', ['GET /none HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n'], 404, 'ROUTE_UNKNOWN'],
    ['an address that is none', ['GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n'], 400, 'REQUEST_URL'],
    [
      'length and chunks',
      ['POST /api/v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      400,
      'REQUEST_HTTP',
    ],
    [
      'chunks of no size',
      ['POST /api/v1/images HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
      400,
      'REQUEST_HTTP',
    ],
    [
      'a length that is a lie',
      ['POST /api/v1/images HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\nab'],
      413,
      'REQUEST_TOO_LARGE',
    ],
  ])('is answered all the same: %s', async (_, parts, status, code) => {
    const answer = await say(/\r\n\r\n\{.*\}$/s, ...parts);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) {
      expect(answer.toLowerCase(), name).toContain(`\r\n${name}: ${value.toLowerCase()}\r\n`);
    }
  });

  it.each([
    ['too large', `/api/v1/images/ID/segment`, 'application/json', 413, 'REQUEST_TOO_LARGE'],
    ['too large', '/v2/models/tiny-encoder/infer', 'application/json', 413, 'REQUEST_TOO_LARGE'],
    ['too large', '/api/v1/images', 'image/png', 413, 'REQUEST_TOO_LARGE'],
    ['too large', '/api/v1/images', 'application/json', 400, 'REQUEST_INVALID'],
    ['of no type that is taken', '/api/v1/images', 'application/pdf', 415, 'REQUEST_MEDIA_TYPE'],
    ['of no type that is taken', '/api/v1/images/ID/segment', 'application/pdf', 415, 'REQUEST_MEDIA_TYPE'],
  ])(
    'gets the answer of a body that is %s by %s (%s), and the connection goes on',
    async (_, path, type, status, code) => {
      // More than the buffers on the way hold: the client still sends when the answer comes.
      const body = Buffer.alloc(16e6, 'x');
      const head = `POST ${path.replace('ID', id)} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n`;
      const next = 'GET /next HTTP/1.1\r\nHost: x\r\n\r\n';
      const chunked = [
        `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`,
        body,
        '\r\n0\r\n\r\n',
      ];
      for (const parts of [[`${head}Content-Length: ${body.length}\r\n\r\n`, body], chunked]) {
        const answer = await say(/ROUTE_UNKNOWN/, ...parts, next);
        expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
        expect(answer).toContain(code);
        expect(answer).toContain('ROUTE_UNKNOWN');
      }
    },
  );

  it('leaves the server as it was', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/health`)).status).toBe(200);
  });
});
