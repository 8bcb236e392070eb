import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask } from './serverRequests.js';

const URL = 'http://server/api/v1/images/1/segment';
const signal = new AbortController().signal;

/** Answers in turn; the last one from then on. */
function server(...answers: (() => Response)[]) {
  const fetch = vi.fn(async () => (answers.length > 1 ? answers.shift()! : answers[0]!)());
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const json = (body: unknown, status = 200, headers = {}) => new Response(JSON.stringify(body), { status, headers });

describe('ask', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('sends JSON and gives the answer', async () => {
    const fetch = server(() => json({ objects: [] }));
    expect(await ask(URL, { json: { a: 1 } }, signal)).toEqual({ objects: [] });
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}', signal };
    expect(fetch).toHaveBeenCalledWith(URL, request);
  });

  it('retries a busy server after the given time, and eventually gives up', async () => {
    const busy = () => json({ error: {} }, 503, { 'retry-after': '0.01' });
    const fetch = server(busy, busy, () => json({ objects: [] }));
    expect(await ask(URL, { json: {} }, signal)).toEqual({ objects: [] });
    expect(fetch).toHaveBeenCalledTimes(3);
    server(busy);
    await expect(ask(URL, { json: {} }, signal)).rejects.toMatchObject({ code: 'SERVER_BUSY', kind: 'machine' });
  });

  it('stops waiting when it is aborted', async () => {
    server(() => json({}, 503, { 'retry-after': '60' }));
    const controller = new AbortController();
    const answer = ask(URL, { json: {} }, controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 10);
    await expect(answer).rejects.toThrow('enough');
  });

  it("passes the server's errors on", async () => {
    const error = { code: 'IMAGE_UNKNOWN', message: 'gone', hint: 'again', details: { a: 1 } };
    server(() => json({ error }, 404));
    await expect(ask(URL, { json: {} }, signal)).rejects.toMatchObject({ ...error, kind: 'usage' });
  });

  it('reports a missing or foreign server', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(ask(URL, { json: {} }, signal)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    server(() => new Response('<html>', { status: 500 }));
    await expect(ask(URL, { json: {} }, signal)).rejects.toMatchObject({ code: 'SERVER_ANSWER' });
  });
});
