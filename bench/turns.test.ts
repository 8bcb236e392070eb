import { describe, expect, it } from 'vitest';
import { type Subject, takeTurns } from './turns.js';

const SLOW_ENOUGH = 320;

/** A subject that writes into `log` what happens to it. */
function subject(name: string, log: string[], run: () => number, starts = 1): Subject {
  const start = async () => {
    log.push(`start ${name}`);
    return {
      facts: { session_ms: 5 },
      run: async () => {
        log.push(name);
        await new Promise((resolve) => setTimeout(resolve, SLOW_ENOUGH));
        return { ms: run() };
      },
      stop: async () => {
        log.push(`stop ${name}`);
      },
    };
  };
  return { name, starts, start };
}

const quiet = (rounds: number) => ({ rounds, progress: () => undefined });

describe('takeTurns', () => {
  it('runs each once unmeasured, then all in turns', async () => {
    const log: string[] = [];
    let runs = 0;
    const samples = await takeTurns([subject('a', log, () => ++runs), subject('b', log, () => 0)], quiet(2));
    expect(log).toEqual(['start a', 'a', 'start b', 'b', 'a', 'b', 'a', 'b', 'stop a', 'stop b']);
    expect(samples.get('a')?.numbers.get('ms')).toEqual([2, 3]);
  });

  it('keeps what every start measured', async () => {
    const log: string[] = [];
    const samples = await takeTurns([subject('a', log, () => 1, 3)], quiet(1));
    expect(log.filter((line) => line === 'start a')).toHaveLength(3);
    expect(log.filter((line) => line === 'stop a')).toHaveLength(3);
    expect(samples.get('a')?.numbers.get('session_ms')).toEqual([5, 5, 5]);
  });

  it('leaves out subjects that fail and continues with the others', async () => {
    const log: string[] = [];
    let runs = 0;
    const failing = subject('a', log, () => {
      if (++runs === 2) throw new Error('out of memory');
      return 7;
    });
    const samples = await takeTurns([failing, subject('b', log, () => 1)], quiet(2));
    expect(samples.get('a')?.error).toBe('out of memory');
    expect(samples.get('b')?.numbers.get('ms')).toEqual([1, 1]);
    expect(log.filter((line) => line === 'stop a')).toHaveLength(1);
  });
});
