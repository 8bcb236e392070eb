import { describe, expect, it } from 'vitest';
import { latestOnly } from './latestOnly.js';

/** Questions whose answers the test gives. */
function manual() {
  const asked: number[] = [];
  const answers = new Map<number, (value: string) => void>();
  const failures = new Map<number, (error: Error) => void>();
  const ask = (signal: AbortSignal, question: number): Promise<string> => {
    asked.push(question);
    return new Promise((resolve, reject) => {
      answers.set(question, resolve);
      failures.set(question, reject);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  return { asked, latest: latestOnly(ask), answer: (q: number) => answers.get(q)?.(`answer ${q}`), failures };
}

describe('latestOnly', () => {
  it('begins only the newest of the questions that wait', async () => {
    const { asked, latest, answer } = manual();
    const [first, second, third] = [latest(1), latest(2), latest(3)];
    expect(asked).toEqual([1]);
    expect(await second).toBeUndefined();
    answer(1);
    expect(await first).toBe('answer 1');
    await Promise.resolve();
    expect(asked).toEqual([1, 3]);
    answer(3);
    expect(await third).toBe('answer 3');
  });

  it('goes on after a failure', async () => {
    const { latest, answer, failures } = manual();
    const [first, second] = [latest(1), latest(2)];
    failures.get(1)?.(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await Promise.resolve();
    answer(2);
    expect(await second).toBe('answer 2');
  });

  it('aborts what runs and drops what waits when it is cancelled, and works afterwards', async () => {
    const { asked, latest, answer } = manual();
    const [first, second] = [latest(1), latest(2)];
    latest.cancel();
    expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
    const third = latest(3);
    expect(asked).toEqual([1, 3]);
    answer(3);
    expect(await third).toBe('answer 3');
  });
});
