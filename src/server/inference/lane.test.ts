import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { Lane } from './lane.js';
import type { JobKind } from './messages.js';

/** A thread that does jobs only when the model's name says how: after so many ms, with an error, or not at all. */
const PROGRAM = `
  import { parentPort } from 'node:worker_threads';
  const running = new Map();
  parentPort.on('message', (message) => {
    if (message.type === 'close') {
      for (const timer of running.values()) clearTimeout(timer);
      return parentPort.close();
    }
    const failed = (message, id) => parentPort.postMessage({ type: 'failed', id, error: { name: 'Error', message } });
    if (message.type === 'abort') {
      clearTimeout(running.get(message.id));
      return failed('aborted', message.id);
    }
    const { id, input: { model } } = message;
    if (model === 'exit') process.exit(3);
    if (model === 'fail') return failed('as told', id);
    running.set(id, setTimeout(() => parentPort.postMessage({ type: 'done', id, value: null }), Number(model)));
  });`;
const program = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);

const seen: string[] = [];
const times: number[] = [];
const lanes: Lane[] = [];

function lane(limit = 10, together = 1): Lane {
  const observe = (_: string, __: JobKind, outcome: string, ms: number): void => {
    seen.push(outcome);
    times.push(ms);
  };
  const made = new Lane(
    'test',
    { part: 'encoder', models: new Map(), version: '1' },
    limit,
    observe,
    program,
    together,
  );
  lanes.push(made);
  return made;
}

const job = (model: string | number) => ({ model: String(model) });

afterEach(async () => {
  await Promise.all(lanes.splice(0).map((made) => made.close()));
  seen.length = 0;
  times.length = 0;
});

describe('a lane', () => {
  it('does its jobs one at a time, in their order', async () => {
    const made = lane();
    const order: number[] = [];
    const jobs = [30, 1, 1].map((ms, i) => made.run('prepare', job(ms)).then(() => order.push(i)));
    expect([made.running, made.waiting]).toEqual([1, 2]);
    await Promise.all(jobs);
    expect(order).toEqual([0, 1, 2]);
    expect([made.running, made.waiting]).toEqual([0, 0]);
  });

  it('has the next job in the thread where one takes long, and counts it as waiting', async () => {
    const made = lane(2, 2);
    const order: number[] = [];
    const jobs = [200, 1, 2].map((ms) => made.run('prepare', job(ms)).then(() => order.push(ms)));
    expect([made.running, made.waiting]).toEqual([1, 2]);
    await expect(made.run('prepare', job(1))).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await Promise.all(jobs);
    expect(order).toEqual([1, 2, 200]);
  });

  it('refuses what does not fit, with the time to wait', async () => {
    const made = lane(1);
    const accepted = [made.run('prepare', job(20)), made.run('prepare', job(1))];
    const full = { kind: 'machine', code: 'QUEUE_FULL', details: { retryAfter: 1 } };
    await expect(made.run('prepare', job(1))).rejects.toMatchObject(full);
    await Promise.all(accepted);
    await made.run('prepare', job(1));
  });

  it('lets go of jobs that nobody waits for, queued and running', async () => {
    const made = lane();
    const [first, second] = [new AbortController(), new AbortController()];
    const running = made.run('prepare', job(60_000), first.signal);
    const queued = made.run('prepare', job(60_000), second.signal);
    const last = made.run('prepare', job(1));
    const cancelled = { kind: 'interrupted', code: 'REQUEST_CANCELLED' };
    second.abort();
    await expect(queued).rejects.toMatchObject(cancelled);
    first.abort();
    await expect(running).rejects.toMatchObject(cancelled);
    await last;
    expect(seen).toEqual(['cancelled', 'cancelled', 'done']);
    // The one in the queue has taken no time of the thread.
    expect(times[0]).toBe(0);
    await expect(made.run('prepare', job(1), first.signal)).rejects.toMatchObject(cancelled);
  });

  it('passes errors on, and outlives its thread', async () => {
    const made = lane();
    await expect(made.run('prepare', job('fail'))).rejects.toThrow('as told');
    const lost = made.run('prepare', job('exit'));
    const next = made.run('prepare', job(1));
    await expect(lost).rejects.toMatchObject({ code: 'INFERENCE_LOST' });
    await next;
  });

  it('takes nothing on once it is closed', async () => {
    const made = lane();
    await made.run('prepare', job(1));
    const waiting = [made.run('prepare', job(60_000)), made.run('prepare', job(1))];
    const outcomes = Promise.allSettled(waiting);
    await made.close();
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(made.run('prepare', job(1))).rejects.toMatchObject({ code: 'SERVER_DRAINING' });
  });

  it('is waited for by a process that has nothing else to do', () => {
    const built = new URL('../../../dist/server/inference/lane.js', import.meta.url).href;
    const busy = `import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ type }) => {
        if (type === 'close') return parentPort.close();
        const end = performance.now() + 500;
        while (performance.now() < end);
      });`;
    const script = `import { Lane } from ${JSON.stringify(built)};
      const program = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(busy)}));
      const lane = new Lane('test', { part: 'encoder', models: new Map(), version: '1' }, 1, undefined, program);
      void lane.run('prepare', { model: 'any' }).catch(() => undefined);
      await lane.close();
      console.log('closed');`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
    expect([status, String(stdout)]).toEqual([0, 'closed\n']);
  });
});
