import { describe, expect, it, vi } from 'vitest';
import { PageWorker } from './pageWorker.js';

type Echo = { echo: { input: string; output: string } };

/** A worker that answers when the test lets it. */
function fakeWorker() {
  const listeners: ((event: { data: unknown }) => void)[] = [];
  const asked: { id: number; input: string }[] = [];
  const worker = Object.assign(new EventTarget(), {
    postMessage: (message: { id: number; input: string }) => void asked.push(message),
    addEventListener: (type: string, listen: (event: { data: unknown }) => void) => {
      if (type === 'message') listeners.push(listen);
    },
    terminate: vi.fn(),
  });
  const answer = (i: number): void => {
    const { id, input } = asked[i]!;
    for (const listen of listeners) listen({ data: { type: 'done', id, value: input } });
  };
  return { worker, answer };
}

describe('PageWorker', () => {
  it('is let go once it rests, and started again by the next call', async () => {
    const workers = [fakeWorker(), fakeWorker()];
    let started = 0;
    const start = vi.fn((): Worker => Object.assign(Object.create(null), workers[started++]!.worker));
    const page = new PageWorker<Echo>(start);
    page.letGo();
    expect(start).not.toHaveBeenCalled();
    const both = [page.call('echo', 'a'), page.call('echo', 'b')];
    page.letGo();
    workers[0]!.answer(0);
    expect(await both[0]).toBe('a');
    expect(workers[0]!.worker.terminate).not.toHaveBeenCalled();
    workers[0]!.answer(1);
    expect(await both[1]).toBe('b');
    await vi.waitFor(() => expect(workers[0]!.worker.terminate).toHaveBeenCalledOnce());
    const next = page.call('echo', 'c');
    workers[1]!.answer(0);
    expect(await next).toBe('c');
    expect(workers[1]!.worker.terminate).not.toHaveBeenCalled();
  });
});
