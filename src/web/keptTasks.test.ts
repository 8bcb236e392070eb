import { describe, expect, it } from 'vitest';
import { KeptTasks } from './keptTasks.js';

describe('KeptTasks', () => {
  it('does the work of a key once, also for those who ask meanwhile', async () => {
    const tasks = new KeptTasks<number>(2);
    let runs = 0;
    const start = async (): Promise<number> => ++runs;
    expect(await Promise.all([tasks.get('a', start), tasks.get('a', start)])).toEqual([1, 1]);
    expect(await tasks.get('a', start)).toBe(1);
  });

  it('keeps the most recently used keys and reports the others', async () => {
    const dropped: string[] = [];
    const tasks = new KeptTasks<string>(2, (key) => dropped.push(key));
    for (const key of ['a', 'b', 'a', 'c']) await tasks.get(key, async () => key);
    expect(dropped).toEqual(['b']);
    expect(tasks.peek('b')).toBeUndefined();
    expect(await tasks.peek('a')).toBe('a');
  });

  it('keeps as much as fits, by size', async () => {
    const dropped: string[] = [];
    const tasks = new KeptTasks<number>(
      10,
      (key, size) => dropped.push(`${key} ${size}`),
      (size) => size,
    );
    for (const [key, size] of Object.entries({ a: 4, b: 5, c: 3, d: 11, e: 1 })) await tasks.get(key, async () => size);
    expect(dropped).toEqual(['a 4', 'b 5', 'c 3', 'd 11']);
    expect(await tasks.peek('e')).toBe(1);
  });

  it('aborts the work only when nobody waits for it any more', async () => {
    const tasks = new KeptTasks<number>(2);
    let inner: AbortSignal | undefined;
    const start = (signal: AbortSignal): Promise<number> => {
      inner = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const [one, two] = [new AbortController(), new AbortController()];
    const first = tasks.get('a', start, one.signal);
    const second = tasks.get('a', start, two.signal);
    one.abort();
    await expect(first).rejects.toThrow();
    expect(inner?.aborted).toBe(false);
    two.abort();
    await expect(second).rejects.toThrow();
    expect(inner?.aborted).toBe(true);
    expect(tasks.peek('a')).toBeUndefined();
  });

  it('tries again what failed', async () => {
    const tasks = new KeptTasks<number>(2);
    await expect(tasks.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await tasks.get('a', async () => 2)).toBe(2);
  });
});
