/**
 * Images of `samus serve`: how they are sent, known again, found in the folder, and refused.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImage } from '../../src/formats/image.js';
import { encodePng } from '../../src/formats/imageWrite.node.js';
import { fixtureBytes } from '../support/imageFixtures.js';
import { describedAnswers } from './describedAnswers.js';
import { newFolder, removeFolder } from './samusProcess.js';
import { idOf, jsonOf as json, picturePng, type ServeProcess, startServe, writeTinyModel } from './serveProcess.js';

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
  server = await startServe(folder, '--model', 'tiny', '--model', 'second', '--folder', 'scans');
});

afterAll(async () => {
  await server.stop();
  removeFolder(folder);
});

const segment = (body: unknown, image = id) => server.post(`/api/v1/images/${image}/segment`, body);

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
    for (const path of ['inner/a scan.png', './inner/a scan.png', 'inner/./a scan.png']) {
      expect(await json(server.post('/api/v1/images', { path }))).toMatchObject({ image: id });
    }
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
    // Two files whose names differ only in form stay two.
    const other = await picturePng(23);
    writeFileSync(join(folder, 'scans', '\u00fc.png'), other);
    expect(await json(server.post('/api/v1/images', { path: '\u00fc.png' }), 201)).toMatchObject({
      image: idOf(other),
    });
    expect(await json(server.post('/api/v1/images', { path: 'u\u0308.png' }))).toMatchObject({ image: id });
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
    ['./../outside.png', 400, 'PATH_INVALID'],
    ['./inner/.', 404, 'PATH_UNKNOWN'],
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

describe('the description of the API', () => {
  it('lists every answer that the server has given so far', async () => {
    const { listed, unlisted } = await describedAnswers(async (path) => (await fetch(`${server.url}${path}`)).text());
    expect(unlisted).toEqual([]);
    expect(listed.filter((answer) => / 4\d\d$/.test(answer)).length).toBeGreaterThan(5);
  });
});
