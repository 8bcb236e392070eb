import { describe, expect, it } from 'vitest';
import { dicomJson, fakePacs, MULTIPART, sendJson, sendPart } from '../../../test/support/fakePacs.js';
import { dicomWeb } from './dicomWeb.js';
import { unreachable } from './pacsErrors.js';

const UIDS = { study: '1.2.3', series: '1.2.4', instance: '1.2.5' };
const PATH = '/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5';
const FAST = { retryMs: 1 };
const BYTES = new Uint8Array([68, 73, 67, 77]);

/** The error of a call; it holds nothing that identifies anyone. */
async function failureOf(call: Promise<unknown>) {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(JSON.stringify(error)).not.toMatch(/Phantom|PHANTOM|1\.2\.[345]|secret/);
  return error;
}

const stored = (instance: string, more = {}) => ({
  '00081199': dicomJson('SQ', { '00081155': dicomJson('UI', instance), ...more }),
});
const failed = (instance: string, reason?: number) => ({
  '00081198': dicomJson('SQ', {
    '00081155': dicomJson('UI', instance),
    ...(reason !== undefined && { '00081197': dicomJson('US', reason) }),
  }),
});

describe('a PACS that cannot be reached', () => {
  it.each([
    ['https://HOST', 'ERR_SSL_WRONG_VERSION_NUMBER', /does not speak https/, /use http/],
    ['http://127.0.0.1:9', undefined, /./, /check the URL/],
  ])('says why, in words: %s', async (url, reason, words, hint) => {
    const pacs = await fakePacs((response) => response.end());
    const place = url.replace('HOST', new URL(pacs.url).host);
    const error = await failureOf(dicomWeb(place, FAST).studies());
    expect(error).toMatchObject({
      code: 'PACS_UNREACHABLE',
      message: expect.stringMatching(words),
      hint: expect.stringMatching(hint),
      ...(reason !== undefined && { details: { reason } }),
    });
  });

  it.each([
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not of a known authority', /NODE_EXTRA_CA_CERTS/],
    ['CERT_HAS_EXPIRED', 'its certificate is not valid today', /new one/],
    ['ENOTFOUND', 'its host name is not known', /check the URL/],
    ['UND_ERR_SOCKET', 'the connection broke off', /https/],
  ])('names the reason of %s', (code, words, hint) => {
    const error = unreachable(code);
    expect([error.message, error.hint]).toEqual([
      `cannot reach the PACS: ${words} (${code})`,
      expect.stringMatching(hint),
    ]);
    expect(error.details).toEqual({ reason: code });
  });

  it('keeps reasons that are not known', () => {
    expect(unreachable('E_OTHER').message).toBe('cannot reach the PACS: E_OTHER');
  });
});

it('an answer that is not read is let go of', async () => {
  const closed: Promise<void>[] = [];
  const pacs = await fakePacs((response) => {
    closed.push(new Promise((resolve) => response.once('close', resolve)));
    response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"' });
    // It never ends.
    response.write('x');
  });
  expect(await failureOf(dicomWeb(pacs.url, FAST).instance(UIDS))).toMatchObject({ code: 'PACS_ANSWER' });
  await Promise.all(closed);
  expect(closed).toHaveLength(1);
});

describe('entries of a search without a valid UID', () => {
  const instance = (uid: string) => ({ '00080018': dicomJson('UI', uid) });
  const INVALID = ['Phantom^Samus', 'Phantom^Samus', '1.2/3', '', `1${'.2'.repeat(32)}`].map(instance);
  /** What is found, and how many entries are not. */
  async function searched(pages: readonly (readonly object[])[], followsPages = true) {
    const pacs = await fakePacs((response, nth) => sendJson(response, pages[followsPages ? nth - 1 : 0] ?? []));
    const counts: unknown[] = [];
    const onUnusable = (...count: readonly unknown[]) => counts.push(count);
    const found = await dicomWeb(pacs.url, { ...FAST, onUnusable }).instances(UIDS.study, UIDS.series);
    return { uids: found.map((one) => one.instance), counts };
  }

  it('are counted', async () => {
    expect(await searched([[...INVALID, instance('1.2.5')]])).toEqual({ uids: ['1.2.5'], counts: [['instances', 5]] });
    expect(await searched([[instance('1.2.5')]])).toEqual({ uids: ['1.2.5'], counts: [] });
  });

  it('do not end the search, even if they fill a page', async () => {
    expect(await searched([INVALID, [instance('1.2.5')], INVALID.slice(0, 1)])).toEqual({
      uids: ['1.2.5'],
      counts: [['instances', 6]],
    });
  });

  it('are counted once where the PACS knows no pages', async () => {
    expect(await searched([[...INVALID, instance('1.2.5')]], false)).toMatchObject({ counts: [['instances', 5]] });
    expect(await searched([INVALID], false)).toMatchObject({ uids: [], counts: [['instances', 5]] });
  });

  it('do not include those that are filled up with a zero byte', async () => {
    expect(await searched([[instance('1.2.5\0')]])).toEqual({ uids: ['1.2.5'], counts: [] });
  });
});

describe('fetching an instance', () => {
  it.each([
    ['a bare boundary', 'b', 'b'],
    ['a boundary in quotes', 'b:c', '"b:c"'],
  ])('takes %s', async (_, boundary, named) => {
    const pacs = await fakePacs((response) => sendPart(response, BYTES, boundary, named));
    expect(await dicomWeb(pacs.url, { authorization: 'Bearer secret' }).instance(UIDS)).toEqual(BYTES);
    expect(pacs.asked).toEqual([`GET ${PATH}`]);
    expect(pacs.received[0]!.headers).toMatchObject({
      accept: 'multipart/related; type="application/dicom"; transfer-syntax=*',
      authorization: 'Bearer secret',
    });
  });

  it('takes an instance that is no multipart', async () => {
    const pacs = await fakePacs((response) => {
      response.writeHead(200, { 'content-type': 'application/dicom' }).end(BYTES);
    });
    expect(await dicomWeb(pacs.url).instance(UIDS)).toEqual(BYTES);
    expect(await failureOf(dicomWeb(pacs.url, { maxBytes: 3 }).instance(UIDS))).toMatchObject({ code: 'PACS_LIMIT' });
  });

  it.each(['..', '.', '', '1.2/3', '1.2%2f3', 'Phantom', `1${'.2'.repeat(32)}`])(
    'refuses the UID "%s"',
    async (uid) => {
      const pacs = await fakePacs((response) => sendPart(response, BYTES));
      const call = dicomWeb(pacs.url).instance({ ...UIDS, study: uid });
      expect(await failureOf(call)).toMatchObject({ code: 'PACS_UID' });
      expect(pacs.asked).toEqual([]);
    },
  );

  it('tries again when the PACS is busy, at most three times', async () => {
    const pacs = await fakePacs((response, nth) => {
      if (nth < 3) response.writeHead(nth === 1 ? 503 : 429, { 'retry-after': '0' }).end('busy');
      else sendPart(response, BYTES);
    });
    expect(await dicomWeb(pacs.url, FAST).instance(UIDS)).toEqual(BYTES);
    const always = await fakePacs((response) => response.writeHead(503).end());
    expect(await failureOf(dicomWeb(always.url, FAST).instance(UIDS))).toMatchObject({ code: 'PACS_BUSY' });
    expect(always.asked).toHaveLength(4);
  });

  it('begins again when the connection is lost in the middle', async () => {
    const pacs = await fakePacs((response, nth) => {
      if (nth > 1) return sendPart(response, BYTES);
      response.writeHead(200, { 'content-type': `${MULTIPART}b`, 'content-length': '1000' });
      response.write('--b\r\n\r\nDI', () => response.destroy());
    });
    expect(await dicomWeb(pacs.url, FAST).instance(UIDS)).toEqual(BYTES);
    const always = await fakePacs((response) => response.destroy());
    expect(await failureOf(dicomWeb(always.url, FAST).instance(UIDS))).toMatchObject({ code: 'PACS_UNREACHABLE' });
    expect(always.asked).toHaveLength(4);
  });

  it('ends when nothing arrives', async () => {
    const pacs = await fakePacs((response) => {
      response.writeHead(200, { 'content-type': `${MULTIPART}b` }).write('--b\r\n\r\nDI');
    });
    const call = dicomWeb(pacs.url, { ...FAST, silenceMs: 50 }).instance(UIDS);
    expect(await failureOf(call)).toMatchObject({ code: 'PACS_UNREACHABLE' });
  });

  it('ends when it is no longer wanted', async () => {
    const wanted = new AbortController();
    const pacs = await fakePacs(() => wanted.abort(new Error('no longer')));
    await expect(dicomWeb(pacs.url, { ...FAST, signal: wanted.signal }).instance(UIDS)).rejects.toThrow('no longer');
    expect(pacs.asked).toHaveLength(1);
  });

  it('takes no part of 10 GB, announced or not', async () => {
    const announced = await fakePacs((response) => {
      response.writeHead(200, { 'content-type': `${MULTIPART}b` });
      response.write('--b\r\nContent-Length: 10737418240\r\n\r\nDICM');
    });
    expect(await failureOf(dicomWeb(announced.url).instance(UIDS))).toMatchObject({ code: 'PACS_LIMIT' });
    let sent = 0;
    const endless = await fakePacs((response) => {
      response.writeHead(200, { 'content-type': `${MULTIPART}b` });
      response.write('--b\r\n\r\n');
      const chunk = Buffer.alloc(65_536, '\r\n-');
      const more = (): void => {
        while (!response.destroyed && sent < 10 * 2 ** 30) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const call = dicomWeb(endless.url, { maxBytes: 20e6 }).instance(UIDS);
    expect(await failureOf(call)).toMatchObject({ code: 'PACS_LIMIT' });
    expect(sent).toBeLessThan(100e6);
  });

  it.each([
    ['another boundary than it names', 'other', 'b'],
    ['a boundary that only begins alike', 'boundary-1', 'boundary-2'],
  ])('refuses %s', async (_, boundary, named) => {
    const pacs = await fakePacs((response) => sendPart(response, 'Phantom^Samus', boundary, named));
    expect(await failureOf(dicomWeb(pacs.url).instance(UIDS))).toMatchObject({ code: 'PACS_ANSWER' });
  });

  it.each([
    [401, 'PACS_DENIED'],
    [403, 'PACS_DENIED'],
    [404, 'PACS_NOT_FOUND'],
    [406, 'PACS_ANSWER'],
    [500, 'PACS_ANSWER'],
  ])('status %i is %s, asked once', async (status, code) => {
    const pacs = await fakePacs((response) => response.writeHead(status).end(`Phantom^Samus ${PATH}`));
    expect(await failureOf(dicomWeb(pacs.url, FAST).instance(UIDS))).toMatchObject({ code, details: { status } });
    expect(pacs.asked).toHaveLength(1);
  });

  it('refuses pages and empty types', async () => {
    const pacs = await fakePacs((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
    expect(await failureOf(dicomWeb(pacs.url).instance(UIDS))).toMatchObject({ code: 'PACS_ANSWER' });
    const bare = await fakePacs((response) => response.writeHead(200).end('x'));
    expect(await failureOf(dicomWeb(bare.url).instance(UIDS))).toMatchObject({ code: 'PACS_ANSWER' });
  });
});

describe('redirects', () => {
  it.each([301, 302, 307])('to another host, status %i, are not followed, and the token stays here', async (status) => {
    const other = await fakePacs((response) => sendPart(response, BYTES));
    const pacs = await fakePacs((response) => response.writeHead(status, { location: `${other.url}/x` }).end());
    const client = dicomWeb(pacs.url, { authorization: 'Bearer secret' });
    expect(await failureOf(client.instance(UIDS))).toMatchObject({ code: 'PACS_REDIRECT' });
    expect(await failureOf(client.studies())).toMatchObject({ code: 'PACS_REDIRECT' });
    expect(await failureOf(client.store(BYTES, UIDS.instance))).toMatchObject({ code: 'PACS_REDIRECT' });
    expect(other.asked).toEqual([]);
  });

  it('within the host are followed, but not for ever', async () => {
    const pacs = await fakePacs((response, nth) => {
      if (nth === 1) response.writeHead(302, { location: '/elsewhere' }).end();
      else sendPart(response, BYTES);
    });
    expect(await dicomWeb(pacs.url).instance(UIDS)).toEqual(BYTES);
    expect(pacs.asked).toEqual([`GET ${PATH}`, 'GET /elsewhere']);
    const circle = await fakePacs((response) => response.writeHead(302, { location: PATH }).end());
    expect(await failureOf(dicomWeb(circle.url).instance(UIDS))).toMatchObject({ code: 'PACS_REDIRECT' });
    expect(circle.asked).toHaveLength(6);
  });

  it('repeat a file only where they keep the method', async () => {
    const moved = await fakePacs((response, nth) => {
      if (nth === 1) response.writeHead(308, { location: '/dicom-web/other' }).end();
      else sendJson(response, stored('1.2.5'));
    });
    expect(await dicomWeb(moved.url).store(BYTES, '1.2.5')).toEqual({ instance: '1.2.5' });
    const other = await fakePacs((response) => response.writeHead(303, { location: '/dicom-web/other' }).end());
    expect(await failureOf(dicomWeb(other.url).store(BYTES, '1.2.5'))).toMatchObject({ code: 'PACS_REDIRECT' });
  });
});

describe('storing', () => {
  it('sends one part with quotes and a length, not in chunks', async () => {
    const pacs = await fakePacs((response) => sendJson(response, stored('1.2.5')));
    expect(await dicomWeb(pacs.url).store(BYTES, '1.2.5')).toEqual({ instance: '1.2.5' });
    const { headers, body } = pacs.received[0]!;
    const [, boundary] =
      /^multipart\/related; type="application\/dicom"; boundary="([^"]+)"$/.exec(headers['content-type'] ?? '') ?? [];
    const text = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--${boundary}--\r\n`;
    expect(body.toString()).toBe(text);
    expect(headers).toMatchObject({ 'content-length': String(text.length), accept: 'application/dicom+json' });
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(pacs.asked).toEqual(['POST /dicom-web/studies']);
    expect(JSON.stringify(headers)).not.toContain('1.2.5');
  });

  it.each([
    ['200 with the UID', 200, stored('1.2.5'), { instance: '1.2.5' }],
    ['202 with the UID', 202, stored('1.2.5'), { instance: '1.2.5' }],
    [
      'a warning',
      202,
      stored('1.2.5', { '00081196': dicomJson('US', 0xb000) }),
      { instance: '1.2.5', warning: 0xb000 },
    ],
    ['the UID among others that failed', 202, { ...stored('1.2.5'), ...failed('1.2.6', 1) }, { instance: '1.2.5' }],
  ])('succeeds by %s', async (_, status, document, result) => {
    const pacs = await fakePacs((response) => sendJson(response, document, status));
    expect(await dicomWeb(pacs.url).store(BYTES, '1.2.5')).toEqual(result);
  });

  it.each([
    ['202 with failures', 202, failed('1.2.5', 0xa700), 'PACS_REFUSED', { status: 202, reason: '0xA700' }],
    ['200 with failures', 200, failed('1.2.5', 0x0110), 'PACS_REFUSED', { status: 200, reason: '0x0110' }],
    ['409', 409, failed('1.2.5', 0xc000), 'PACS_REFUSED', { status: 409, reason: '0xC000' }],
    ['409 without a reason', 409, {}, 'PACS_REFUSED', { status: 409 }],
    ['400 with an empty list', 400, { '00081198': { vr: 'SQ' } }, 'PACS_REFUSED', { status: 400 }],
    ['413', 413, {}, 'PACS_REFUSED', { status: 413 }],
    ['200 without the UID', 200, {}, 'PACS_ANSWER', { status: 200 }],
    ['200 with another UID', 200, stored('1.2.6'), 'PACS_ANSWER', { status: 200 }],
    ['200 with odd values', 200, { '00081199': { Value: [null, 3, { '00081155': 7 }] } }, 'PACS_ANSWER', {}],
    ['500', 500, {}, 'PACS_ANSWER', { status: 500 }],
  ])('fails by %s', async (_, status, document, code, details) => {
    const pacs = await fakePacs((response) => sendJson(response, document, status));
    const error = await failureOf(dicomWeb(pacs.url, FAST).store(BYTES, '1.2.5'));
    expect(error).toMatchObject({ code, details });
    expect(pacs.asked).toHaveLength(1);
  });

  it('sends the same again after 503 and after a lost connection', async () => {
    const pacs = await fakePacs((response, nth) => {
      if (nth === 1) response.writeHead(503, { 'retry-after': '0' }).end();
      else if (nth === 2) response.destroy();
      else sendJson(response, stored('1.2.5'));
    });
    expect(await dicomWeb(pacs.url, FAST).store(BYTES, '1.2.5')).toEqual({ instance: '1.2.5' });
    expect(new Set(pacs.received.map(({ body }) => body.toString())).size).toBe(1);
    expect(pacs.received).toHaveLength(3);
  });
});

describe('searching', () => {
  const study = (uid: string) => ({
    '0020000D': dicomJson('UI', uid),
    '00080061': dicomJson('CS', 'US', 'SEG'),
    '00201206': dicomJson('IS', '2'),
    '00100010': dicomJson('PN', { Alphabetic: 'Phantom^Samus' }),
  });

  it('reads page after page', async () => {
    const uids = Array.from({ length: 450 }, (_, i) => `1.2.${i + 1}`);
    const pacs = await fakePacs((response, _, { url = '' }) => {
      const asked = new URL(url, 'http://x').searchParams;
      const [offset, limit] = ['offset', 'limit'].map((name) => Number(asked.get(name)));
      // This server gives no more than 100 at a time.
      sendJson(response, uids.slice(offset!, offset! + Math.min(100, limit!)).map(study));
    });
    const found = await dicomWeb(pacs.url).studies({ ModalitiesInStudy: 'US' });
    expect(found.map((one) => one.study)).toEqual(uids);
    expect(found[0]).toMatchObject({ modalities: ['US', 'SEG'], series: 2, instances: null });
    expect(found[0]!.patient.name).toBe('Phantom^Samus');
    expect(pacs.asked[0]).toBe(
      'GET /dicom-web/studies?ModalitiesInStudy=US&includefield=00080061&includefield=00081030&includefield=00201206&includefield=00201208&limit=200&offset=0',
    );
    expect(await dicomWeb(pacs.url).studies({}, 3)).toHaveLength(3);
  });

  it('ends where the PACS knows no pages, and takes 204 as none', async () => {
    const pacs = await fakePacs((response) => sendJson(response, [study('1.2.1'), study('1.2.2')]));
    expect(await dicomWeb(pacs.url).studies()).toHaveLength(2);
    expect(pacs.asked).toHaveLength(2);
    const none = await fakePacs((response) => response.writeHead(204).end());
    expect(await dicomWeb(none.url).series('1.2.3')).toEqual([]);
  });

  it('leaves out UIDs that could lead elsewhere', async () => {
    const pacs = await fakePacs((response) => sendJson(response, ['..', '../../etc/passwd', '1.2.3'].map(study)));
    expect((await dicomWeb(pacs.url).studies()).map((one) => one.study)).toEqual(['1.2.3']);
  });

  it.each(['<html>Phantom^Samus</html>', '{"error": "Phantom^Samus"}', '[{'])('refuses %s', async (body) => {
    const pacs = await fakePacs((response) => response.writeHead(200).end(body));
    expect(await failureOf(dicomWeb(pacs.url).studies())).toMatchObject({ code: 'PACS_ANSWER' });
  });
});

it.each(['', 'localhost', 'ftp://host/x', 'http://samus:secret@host/x', 'http://host/x?secret', 'file:///x'])(
  'refuses the URL "%s" and does not repeat it',
  async (url) => {
    expect(await failureOf(Promise.resolve().then(() => dicomWeb(url)))).toMatchObject({ code: 'PACS_URL' });
  },
);
