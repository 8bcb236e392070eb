import { describe, expect, it } from 'vitest';
import { SamusError } from '../errors.js';
import { type Handlers, packError, serveCalls, ThreadClient, unpackError } from './threadProtocol.js';

type Counting = {
  count: { input: number; output: Uint8Array<ArrayBuffer>; progress: number };
  wait: { input: null; output: null };
};

/** A thread and its owner, joined by a message channel in place of a real thread. */
function joined(handlers: Handlers<Counting>) {
  const { port1, port2 } = new MessageChannel();
  const log: string[] = [];
  let lose: (error: Error) => void = () => undefined;
  const end = async () => port1.close();
  const client = new ThreadClient<Counting>({
    postMessage: (message, transfer) => port1.postMessage(message, [...transfer]),
    listen: (receive) => port1.addEventListener('message', ({ data }) => receive(data)),
    onLost: (lost) => {
      lose = lost;
    },
    hold: (needed) => log.push(needed ? 'hold' : 'free'),
    ended: end,
    terminate: end,
  });
  serveCalls<Counting>(
    {
      postMessage: (message, transfer) => port2.postMessage(message, [...transfer]),
      listen: (receive) => port2.addEventListener('message', ({ data }) => receive(data)),
      close: () => port2.close(),
    },
    handlers,
    async () => void log.push('closed'),
  );
  port1.start();
  port2.start();
  return { client, log, lose: (error: Error) => lose(error) };
}

const handlers: Handlers<Counting> = {
  async count(to, { progress, transfer }) {
    for (let i = 1; i < to; i++) progress(i);
    const bytes = new Uint8Array(to);
    transfer(bytes.buffer);
    return bytes;
  },
  wait: (_, { signal }) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};

describe('a call to a thread', () => {
  it('reports progress and gives the answer', async () => {
    const { client, log } = joined(handlers);
    const seen: number[] = [];
    const bytes = await client.call('count', 3, { progress: (value) => seen.push(value) });
    expect([seen, bytes]).toEqual([[1, 2], new Uint8Array(3)]);
    expect(log).toEqual(['free', 'hold', 'free']);
    await client.close();
    expect(log).toEqual(['free', 'hold', 'free', 'hold', 'closed']);
  });

  it('is rejected with the reason of its signal, at once or when the thread is free', async () => {
    const { client } = joined(handlers);
    for (const waitForThread of [false, true]) {
      const controller = new AbortController();
      const call = client.call('wait', null, { signal: controller.signal, waitForThread });
      controller.abort(new SamusError('REQUEST_CANCELLED', 'a', 'b'));
      await expect(call).rejects.toMatchObject(waitForThread ? { name: 'AbortError' } : { code: 'REQUEST_CANCELLED' });
    }
    await client.close();
  });

  it('is aborted when the owner closes the thread, and fails where the thread is lost', async () => {
    const closing = joined(handlers);
    const aborted = expect(closing.client.call('wait', null)).rejects.toMatchObject({ name: 'AbortError' });
    await closing.client.close();
    await aborted;
    const lost = joined(handlers);
    const call = lost.client.call('wait', null);
    lost.lose(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    await expect(lost.client.call('count', 1)).rejects.toThrow('gone');
    await lost.client.close();
  });
});

it('errors keep what they are known by on their way between threads', () => {
  const passed = (error: unknown): Error => unpackError(structuredClone(packError(error)));
  const coded = new SamusError('IMAGE_CORRUPT', 'a was expected', 'mend it', { image: 'a.png' });
  expect(passed(coded)).toEqual(coded);
  const system = passed(Object.assign(new Error('EISDIR: illegal operation on a directory, read'), { code: 'EISDIR' }));
  expect(system).toMatchObject({ code: 'EISDIR', message: 'EISDIR: illegal operation on a directory, read' });
  const bug = passed(new TypeError('x is not a function'));
  expect(bug.message).toBe('x is not a function');
  expect(bug.stack).toMatch(/^TypeError: x is not a function\n +at /);
  expect(passed(AbortSignal.abort().reason)).toMatchObject({ name: 'AbortError' });
});
