import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Saving, WriteQueue } from './writeQueue.js';

/** A store that has room or not, and holds a write back while a gate is closed. */
class Shelf {
  readonly held = new Map<string, string>();
  full = false;
  gate: Promise<void> = Promise.resolve();

  async put(name: string, value: string): Promise<void> {
    await this.gate;
    if (this.full) throw new DOMException('no room', 'QuotaExceededError');
    this.held.set(name, value);
  }
}

describe('the queue of writes', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function begun() {
    const shelf = new Shelf();
    const states: Saving[] = [];
    const queue = new WriteQueue<Shelf>((state) => states.push(state));
    const put = (name: string, value: string) => queue.put(name, (one) => one.put(name, value));
    return { shelf, queue, put, state: () => states.at(-1) };
  }

  it('reports saved once a change was written, and not before', async () => {
    const { shelf, queue, put, state } = begun();
    let open = (): void => undefined;
    shelf.gate = new Promise((resolve) => {
      open = resolve;
    });
    queue.begin(shelf);
    put('a', '1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(state()).toBe('pending');
    open();
    await vi.advanceTimersByTimeAsync(0);
    expect(state()).toBe('saved');
    expect(shelf.held.get('a')).toBe('1');
  });

  it('never reports saved where there is no store', async () => {
    const { queue, put, state } = begun();
    put('a', '1');
    queue.begin(null);
    put('b', '1');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state()).toBe('unavailable');
  });

  it('writes changes queued before the store was open', async () => {
    const { shelf, queue, put, state } = begun();
    put('a', '1');
    await vi.advanceTimersByTimeAsync(1000);
    expect(state()).toBe('pending');
    queue.begin(shelf);
    await vi.advanceTimersByTimeAsync(0);
    expect(shelf.held.get('a')).toBe('1');
    expect(state()).toBe('saved');
  });

  it('tries what was refused again with the next change, and reports saved only when all of it is written', async () => {
    const { shelf, queue, put, state } = begun();
    queue.begin(shelf);
    shelf.full = true;
    put('a', '1');
    put('b', '1');
    await vi.advanceTimersByTimeAsync(200);
    expect(state()).toBe('unavailable');
    put('c', '1');
    await vi.advanceTimersByTimeAsync(200);
    expect(state()).toBe('unavailable');
    shelf.full = false;
    put('d', '1');
    expect(state()).toBe('unavailable');
    await vi.advanceTimersByTimeAsync(200);
    expect([...shelf.held.keys()].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(state()).toBe('saved');
  });

  it('tries what was refused again after a while', async () => {
    const { shelf, queue, put, state } = begun();
    queue.begin(shelf);
    shelf.full = true;
    put('a', '1');
    await vi.advanceTimersByTimeAsync(25_000);
    shelf.full = false;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shelf.held.get('a')).toBe('1');
    expect(state()).toBe('saved');
  });

  it('keeps the newer of two changes during a write', async () => {
    const { shelf, queue, put, state } = begun();
    queue.begin(shelf);
    let open = (): void => undefined;
    shelf.gate = new Promise((resolve) => {
      open = resolve;
    });
    put('a', '1');
    const older = queue.flush();
    put('a', '2');
    open();
    await older;
    expect(state()).toBe('pending');
    await vi.advanceTimersByTimeAsync(200);
    expect(shelf.held.get('a')).toBe('2');
    expect(state()).toBe('saved');
  });

  it('says whether it could be reset, and writes nothing of before', async () => {
    const { shelf, queue, put } = begun();
    const clear = async (one: Shelf): Promise<void> => {
      if (one.full) throw new DOMException('lost', 'InvalidStateError');
      one.held.clear();
    };
    expect(await queue.reset(clear)).toBe(false);
    queue.begin(shelf);
    put('a', '1');
    await queue.flush();
    put('b', '1');
    expect(await queue.reset(clear)).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shelf.held.size).toBe(0);
    shelf.full = true;
    expect(await queue.reset(clear)).toBe(false);
  });
});
