/**
 * `samus batch --queue` and `samus worker` on a real Redis.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasRedis, type RedisForTests, startRedis } from '../support/redis.js';
import { expectComplete, linesOf, PROMPT } from './batchFolder.js';
import { expectSurvival, startWorker, writeScans } from './queueKills.js';
import { newFolder, removeFolder, samus, startSamus } from './samusProcess.js';

const IMAGES = 300;

const document = ({ code, stdout }: { readonly code: number | null; readonly stdout: string }) => ({
  code,
  document: JSON.parse(stdout),
});

describe.skipIf(!hasRedis)('a study in a queue (Redis)', () => {
  let folder = '';
  let redis: RedisForTests;
  const running: ReturnType<typeof startSamus>[] = [];
  const clients: { disconnect(): void }[] = [];
  beforeEach(async () => {
    folder = newFolder();
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ ended }) => ended));
    for (const client of clients.splice(0)) client.disconnect();
    await redis.stop();
    removeFolder(folder);
  });

  /** The queue as other programs see it. */
  const openQueue = (): Queue => {
    const connection = redis.client.duplicate();
    clients.push(connection);
    return new Queue('samus', { connection });
  };
  const batch = async (...args: readonly string[]) =>
    document(await samus(folder, 'batch', ...args, '--queue', redis.url, '--json'));
  const worker = (...args: readonly string[]) => {
    const started = startWorker(folder, redis.url, ...args);
    running.push(started);
    return started;
  };

  it('has one right result for each image, whatever becomes of workers and Redis', { timeout: 900_000 }, async () => {
    await writeScans(folder, IMAGES);
    await expectSurvival(folder, redis, IMAGES);
  });

  it('goes on after its master was killed, and segments no image twice', async () => {
    await writeScans(folder, 60);
    const args = ['batch', 'scans', ...PROMPT, '--out', 'study', '--queue', redis.url, '--json'];
    const master = startSamus(folder, args);
    const { child, ended } = worker('--concurrency', '1');
    while (countOf(join(folder, 'study')) < 5) await wait(20);
    master.child.kill('SIGKILL');
    await master.ended;
    expect(document(await samus(folder, ...args))).toMatchObject({ code: 0, document: { done: 60, failed: [] } });
    expectComplete(join(folder, 'study'), 60);
    child.kill('SIGTERM');
    const { code, stderr } = await ended;
    expect([code, stderr.match(/"outcome":"done"/g)?.length]).toEqual([0, 60]);
    // Nothing is left but what BullMQ keeps about a queue.
    expect((await redis.client.keys('*')).filter((key) => key.includes('study') || /-[0-9a-f]{32}/.test(key))).toEqual(
      [],
    );
  });

  it('shows hashes to Redis, logs and metrics, and no name', async () => {
    await writeScans(folder, 4);
    writeFileSync(join(folder, 'scans', 'scan-broken.png'), 'no image');
    const seen: string[] = [];
    const monitor = await redis.client.monitor();
    // Scripts of BullMQ have several lines.
    monitor.on('monitor', (_: string, words: readonly string[]) =>
      seen.push(...words.filter((word) => !word.includes('\\n'))),
    );
    const { child, ended, port } = await withMetrics();
    const names = ['--object', 'Mrs-Doe', ...PROMPT];
    const { code, document: found } = await batch('scans', ...names, '--out', 'doe-study', '--study', 'jane-doe');
    expect([code, found.done, found.failed.length]).toEqual([1, 4, 1]);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toMatch(/samus_job_duration_seconds_count\{lane="queue",kind="image",outcome="done"\} 4/);
    expect(metrics).toMatch(/samus_queue_jobs\{state="failed"\} 1/);
    child.kill('SIGTERM');
    const { stderr } = await ended;
    monitor.disconnect();
    const text = seen.join('\n');
    expect(text).toContain('IMAGE_FORMAT');
    for (const place of [text, stderr, metrics]) expect(/scan|doe|\.png|phantom/i.exec(place)).toBeNull();
  });

  async function withMetrics() {
    const started = worker('--concurrency', '1', '--metrics-port', '0');
    let text = '';
    started.child.stderr.on('data', (part: string) => {
      text += part;
    });
    while (!/"metricsPort":(\d+)/.test(text)) await wait(20);
    return { ...started, port: Number(/"metricsPort":(\d+)/.exec(text)?.[1]) };
  }

  it('lists failed images with their errors, keeps them as dead letters, and tries them again when asked', async () => {
    await writeScans(folder, 2);
    const good = readFileSync(join(folder, 'scans', 'scan-00001.png'));
    writeFileSync(join(folder, 'scans', 'scan-00001.png'), good.subarray(0, 60));
    worker('--concurrency', '1');
    const args = ['scans', ...PROMPT, '--out', 'study'];
    const first = await batch(...args);
    expect(first).toMatchObject({
      code: 1,
      document: { done: 1, failed: [{ image: 'scans/scan-00001.png', error: { code: 'IMAGE_CORRUPT' } }] },
    });
    expect(first.document.failed[0].error.message).toContain('scan-00001.png');
    const queue = openQueue();
    expect((await queue.getFailed()).map(({ failedReason }) => failedReason)).toEqual(['IMAGE_CORRUPT']);
    await batch(...args, '--retry-failed');
    expect(linesOf(join(folder, 'study'))).toHaveLength(3);
    writeFileSync(join(folder, 'scans', 'scan-00001.png'), good);
    expect(await batch(...args, '--retry-failed')).toMatchObject({ code: 0, document: { done: 2, failed: [] } });
  });

  it('survives jobs that it did not write', async () => {
    await writeScans(folder, 2);
    const queue = openQueue();
    const uuid = '00000000-0000-4000-8000-000000000000';
    const job = { version: 1, study: uuid, run: uuid, key: '0'.repeat(32), offset: 0, length: 10 };
    await queue.add('image', { ...job, version: 2 });
    await queue.add('image', 'garbage');
    await queue.add('image', { ...job, study: '../../etc' });
    await queue.add('image', { ...job, length: 1e12 });
    await queue.add('image', job);
    worker('--concurrency', '1');
    expect(await batch('scans', ...PROMPT, '--out', 'study')).toMatchObject({ code: 0, document: { done: 2 } });
    const reasons = (await queue.getFailed()).map(({ failedReason }) => failedReason).sort();
    expect(reasons).toEqual(['QUEUE_JOB', 'QUEUE_JOB', 'QUEUE_JOB', 'QUEUE_ROOT', 'QUEUE_VERSION']);
  });

  it('takes no jobs of another version', async () => {
    await writeScans(folder, 1);
    await redis.client.set('samus:version', '2');
    expect(await batch('scans', ...PROMPT, '--out', 'study')).toMatchObject({
      code: 3,
      document: { error: { code: 'QUEUE_VERSION' } },
    });
    const { code, stderr } = await worker().ended;
    expect([code, stderr]).toEqual([3, expect.stringContaining('expected jobs of version 1')]);
  });

  it('has one master for each name', async () => {
    await writeScans(folder, 2);
    const args = ['batch', 'scans', ...PROMPT, '--study', 'same', '--queue', redis.url, '--json'];
    const first = startSamus(folder, [...args, '--out', 'one']);
    running.push(first);
    while ((await redis.client.keys('samus:study:*')).length === 0) await wait(20);
    expect(document(await samus(folder, ...args, '--out', 'two'))).toMatchObject({
      code: 2,
      document: { error: { code: 'QUEUE_STUDY_TAKEN' } },
    });
    worker();
    expect((await first.ended).code).toBe(0);
    expect(document(await samus(folder, ...args, '--out', 'two'))).toMatchObject({ code: 0, document: { done: 2 } });
  });

  it('reads and writes below its root only', async () => {
    await writeScans(folder, 1);
    mkdirSync(join(folder, 'inner'));
    const outside = await batch('scans', ...PROMPT, '--out', 'inner/study', '--root', 'inner');
    expect(outside).toMatchObject({ code: 3, document: { error: { code: 'QUEUE_ROOT' } } });
    // A link that leads out.
    rmSync(join(folder, 'inner'), { recursive: true });
    mkdirSync(join(folder, 'inner'));
    symlinkSync(join(folder, 'scans'), join(folder, 'inner', 'scans'));
    const linked = await batch('inner/scans', ...PROMPT, '--out', 'inner/study', '--root', 'inner');
    expect(linked).toMatchObject({ code: 3, document: { error: { code: 'QUEUE_ROOT' } } });
  });

  it('finds mask files of prompts below its root, and no others', async () => {
    await writeScans(folder, 2);
    await samus(folder, 'batch', 'scans/scan-00000.png', '--box', '9,9,40,40', '--model', 'tiny', '--out', 'masks');
    const outside = newFolder();
    const mask = join('masks', 'images', 'scan-00000.object-1.png');
    writeFileSync(join(outside, 'mask.png'), readFileSync(join(folder, mask)));
    const lines = ['image,object,kind,values', `scans/scan-00000.png,a,mask,${mask}`];
    lines.push('scans/scan-00000.png,a,point,20,20', `scans/scan-00001.png,a,mask,${outside}/mask.png`);
    writeFileSync(join(folder, 'prompts.csv'), lines.join('\n'));
    const prompts = ['--prompts', 'prompts.csv', '--model', 'tiny'];
    worker('--concurrency', '1');
    const { document: found } = await batch(...prompts, '--out', 'queued');
    removeFolder(outside);
    expect(found).toMatchObject({ done: 1, failed: [{ error: { code: 'QUEUE_ROOT' } }] });
    await samus(folder, 'batch', ...prompts, '--out', 'alone');
    const result = (study: string) => readFileSync(join(folder, study, 'images', 'scan-00000.a.png'));
    expect(result('queued').equals(result('alone'))).toBe(true);
  });

  it('takes studies of a smaller number of priority first', async () => {
    await writeScans(folder, 6);
    const args = ['batch', 'scans', ...PROMPT, '--queue', redis.url];
    const queue = openQueue();
    const later = startSamus(folder, [...args, '--out', 'later', '--priority', '2']);
    while ((await queue.getJobCountByTypes('prioritized')) < 6) await wait(20);
    const first = startSamus(folder, [...args, '--out', 'first', '--priority', '1']);
    while ((await queue.getJobCountByTypes('prioritized')) < 12) await wait(20);
    running.push(later, first);
    const { child, ended } = worker('--concurrency', '1');
    await Promise.all([later.ended, first.ended]);
    child.kill('SIGTERM');
    const ids = [...(await ended).stderr.matchAll(/"id":"([0-9a-f-]{36})-/g)].map(([, id]) => id);
    const { id } = JSON.parse(readFileSync(join(folder, 'first', 'study.json'), 'utf8'));
    expect(ids.map((one) => one === id)).toEqual([...Array(6).fill(true), ...Array(6).fill(false)]);
  });

  it('keeps to a rate', async () => {
    await writeScans(folder, 8);
    worker('--rate', '2');
    const start = Date.now();
    expect(await batch('scans', ...PROMPT, '--out', 'study')).toMatchObject({ code: 0, document: { done: 8 } });
    expect(Date.now() - start).toBeGreaterThan(3000);
  });

  it('needs a server that answers, at a valid address without a password', async () => {
    await writeScans(folder, 1);
    const errors = [];
    for (const url of ['redis://127.0.0.1:1', 'http://127.0.0.1', `redis://:secret@127.0.0.1:${redis.port}`]) {
      const ended = await samus(folder, 'batch', 'scans', ...PROMPT, '--out', 'study', '--queue', url, '--json');
      expect(ended.stdout).not.toContain('secret');
      errors.push([ended.code, JSON.parse(ended.stdout).error.code]);
    }
    expect(errors).toEqual([
      [4, 'QUEUE_UNREACHABLE'],
      [2, 'QUEUE_URL'],
      [2, 'QUEUE_URL'],
    ]);
  });
});

describe.skipIf(!hasRedis)('access to a queue (Redis)', () => {
  let folder = '';
  beforeAll(async () => {
    folder = newFolder();
    await writeScans(folder, 1);
  });
  afterAll(() => removeFolder(folder));

  it('takes a password from the environment, and TLS', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
    const files = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...request, ...files], { stdio: 'ignore' });
    const redis = await startRedis({ password: 'a secret', tls: { cert, key } });
    const env = { NODE_EXTRA_CA_CERTS: cert, SAMUS_REDIS_PASSWORD: 'a secret' };
    const args = ['batch', 'scans', ...PROMPT, '--out', 'study', '--queue', redis.url, '--json'];
    try {
      const without = document(await startSamus(folder, args, { NODE_EXTRA_CA_CERTS: cert }).ended);
      expect(without).toMatchObject({ code: 3, document: { error: { code: 'QUEUE_ACCESS' } } });
      const unknown = document(await startSamus(folder, args, { SAMUS_REDIS_PASSWORD: 'a secret' }).ended);
      expect(unknown).toMatchObject({ code: 4, document: { error: { code: 'QUEUE_UNREACHABLE' } } });
      const worker = startSamus(folder, ['worker', '--queue', redis.url, '--root', '.'], env);
      expect(document(await startSamus(folder, args, env).ended)).toMatchObject({ code: 0, document: { done: 1 } });
      worker.child.kill('SIGTERM');
      const { code, stderr } = await worker.ended;
      expect([code, stderr.includes('secret')]).toEqual([0, false]);
    } finally {
      await redis.stop();
    }
  });
});

describe('without the packages for queues', () => {
  it('everything else works, and --queue says what is missing', async () => {
    const folder = newFolder();
    await writeScans(folder, 1);
    const preload = new URL('withoutPackages.mjs', import.meta.url).href;
    const env = { NODE_OPTIONS: `--import=${preload}`, SAMUS_TEST_WITHOUT: 'bullmq,ioredis' };
    const args = ['batch', 'scans', ...PROMPT, '--json'];
    const alone = document(await startSamus(folder, [...args, '--out', 'alone'], env).ended);
    expect(alone).toMatchObject({ code: 0, document: { done: 1 } });
    const queued = [...args, '--out', 'queued', '--queue', 'redis://127.0.0.1:6379'];
    const { code, document: found } = document(await startSamus(folder, queued, env).ended);
    expect([code, found.error.code]).toEqual([4, 'QUEUE_PACKAGE']);
    removeFolder(folder);
  });
});

function countOf(study: string): number {
  try {
    return linesOf(study).length;
  } catch {
    return 0;
  }
}
