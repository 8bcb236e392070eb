/**
 * `samus batch --out s3://…`: results in an S3-compatible store.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasRedis, startRedis } from '../support/redis.js';
import { type S3ForTests, startS3 } from '../support/s3.js';
import { linesOf, PROMPT, phantomFiles, results, writeTinyModel } from './batchFolder.js';
import { startWorker } from './queueKills.js';
import { filesIn, newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const IMAGES = 12;
const OUT = 's3://studies/über/a b';

let folder = '';
let store: S3ForTests;
beforeAll(async () => {
  folder = newFolder();
  await writeTinyModel(folder);
  mkdirSync(join(folder, 'scans'));
  for (const [name, bytes] of await phantomFiles(IMAGES)) writeFileSync(join(folder, 'scans', name), bytes);
  await samus(folder, 'batch', 'scans', ...PROMPT, '--out', 'alone');
});
afterAll(() => removeFolder(folder));
beforeEach(async () => {
  store = await startS3('studies');
});
afterEach(() => store.stop());

const start = (state: string, ...args: readonly string[]) =>
  startSamus(folder, ['batch', 'scans', ...PROMPT, '--out', OUT, '--state', state, '--json', ...args], store.env);

async function batch(state: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await start(state, ...args).ended;
  expect(stdout + stderr).not.toContain('test-secret');
  return { code, document: JSON.parse(stdout) };
}

/** The store has what a study without a store has in its folder. */
function expectStored(): void {
  const prefix = '/studies/über/a b/';
  const alone = results(join(folder, 'alone'));
  const stored = Object.fromEntries([...store.objects].map(([path, bytes]) => [path.slice(prefix.length), bytes]));
  for (const [name, content] of Object.entries(alone))
    expect(stored[name]?.toString('latin1') === content, name).toBe(true);
  const others = ['study.json', 'plan.jsonl', 'journal.jsonl', 'failed.csv'];
  expect(Object.keys(stored).sort()).toEqual([...Object.keys(alone), ...others].sort());
}

describe('a study in a store', () => {
  it('has the same results as in a folder, which keeps only the records', async () => {
    const { code, document } = await batch('state-1');
    expect([code, document]).toMatchObject([0, { done: IMAGES, out: OUT, files: { coco: `${OUT}/coco.json` } }]);
    expectStored();
    const local = filesIn(join(folder, 'state-1', 'images'));
    expect(local.every((path) => path.endsWith('.json'))).toBe(true);
    // Nothing is segmented or sent again.
    const lines = linesOf(join(folder, 'state-1')).length;
    expect((await batch('state-1')).document).toMatchObject({ done: IMAGES, images_per_second: 0 });
    expect(linesOf(join(folder, 'state-1'))).toHaveLength(lines);
    expect((await batch('state-other')).document.error.code).toBe('BATCH_STUDY');
  });

  it('gets over passing errors and lost connections', async () => {
    let count = 0;
    store.fail = () => {
      count++;
      if (count % 5 === 2) return { status: 503, code: 'SlowDown' };
      return count % 5 === 4 ? 'cut' : undefined;
    };
    expect(await batch('state-2')).toMatchObject({ code: 0, document: { done: IMAGES, failed: [] } });
    expectStored();
  });

  it.each([
    ['is full', { status: 507, code: 'XMinioStorageFull' }, 'STORE_FULL', 4],
    ['refuses', { status: 403, code: 'AccessDenied' }, 'STORE_ACCESS', 3],
  ])('that %s ends with an error, and is continued later', async (_, failure, code, exit) => {
    let count = 0;
    store.fail = () => (++count > 8 ? failure : undefined);
    const ended = await batch(`state-${code}`);
    expect([ended.code, ended.document.error.code]).toEqual([exit, code]);
    const before = linesOf(join(folder, `state-${code}`));
    expect(before.length).toBeLessThan(IMAGES);
    store.fail = () => undefined;
    expect(await batch(`state-${code}`)).toMatchObject({ code: 0, document: { done: IMAGES, failed: [] } });
    expect(linesOf(join(folder, `state-${code}`)).slice(0, before.length)).toEqual(before);
    expectStored();
  });

  it.skipIf(process.platform === 'win32')('is continued after a kill', async () => {
    const { child, ended } = start('state-3', '--concurrency', '1');
    while (!existsSync(join(folder, 'state-3', 'journal.jsonl')) || linesOf(join(folder, 'state-3')).length < 2) {
      await wait(5);
    }
    child.kill('SIGKILL');
    await ended;
    expect(await batch('state-3')).toMatchObject({ code: 0, document: { done: IMAGES } });
    expect(linesOf(join(folder, 'state-3'))).toHaveLength(IMAGES);
    expectStored();
  });

  it.skipIf(!hasRedis)('can go through a queue (Redis)', async () => {
    const redis = await startRedis();
    const worker = startWorker(folder, redis.url);
    try {
      const found = await batch('state-4', '--queue', redis.url);
      expect(found).toMatchObject({ code: 0, document: { done: IMAGES, failed: [] } });
      expectStored();
    } finally {
      worker.child.kill('SIGKILL');
      await worker.ended;
      await redis.stop();
    }
  });

  it('needs a bucket, credentials and a valid address', async () => {
    const args = ['batch', 'scans', ...PROMPT, '--json', '--state', 'state-5', '--out'];
    const run = async (out: string, env: Readonly<Record<string, string>>) => {
      const { code, stdout } = await startSamus(folder, [...args, out], { ...store.env, ...env }).ended;
      return [code, JSON.parse(stdout).error.code];
    };
    expect(await run('s3://other/x', {})).toEqual([3, 'STORE_BUCKET']);
    expect(await run(OUT, { AWS_SECRET_ACCESS_KEY: 'wrong' })).toEqual([2, 'BATCH_STUDY']);
    expect(await run('s3://other/x', { AWS_SECRET_ACCESS_KEY: 'wrong' })).toEqual([3, 'STORE_ACCESS']);
    expect(await run(OUT, { AWS_SECRET_ACCESS_KEY: '' })).toEqual([2, 'STORE_CREDENTIALS']);
    expect(await run('s3://studies/../x', {})).toEqual([2, 'STORE_URL']);
    expect(await run('s3://', {})).toEqual([2, 'STORE_URL']);
    const closed = { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' };
    expect(await run('s3://other/x', closed)).toEqual([4, 'STORE_UNREACHABLE']);
  });
});
