import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { duration, Progress, progressLine, rewritten } from './progress.js';

describe('progressLine', () => {
  it('shows the task, the progress, and the time left once known', () => {
    expect(progressLine('segmenting', 0, 4, 2000, 'a.png')).toBe('segmenting a.png, 0 of 4, 2 s so far');
    expect(progressLine('segmenting', 1, 4, 2000)).toBe('segmenting, 1 of 4, 2 s so far, about 6 s left');
    expect(progressLine('reading', 0, 0, 3000)).toBe('reading, 3 s so far');
  });
});

it('formats durations', () => {
  expect(duration(10_785_000)).toBe('3 h 0 min');
  expect([duration(900), duration(59_400), duration(61_000), duration(7_860_000)]).toEqual([
    '1 s',
    '59 s',
    '1 min 1 s',
    '2 h 11 min',
  ]);
});

it('cuts a rewritten line to the width of the terminal', () => {
  const terminal = { columns: 20, write: () => {} };
  expect(rewritten('a short line', terminal)).toBe('\r\x1b[Ka short line');
  expect(rewritten('a line that is much too long', terminal)).toBe('\r\x1b[Ka line that is muc…');
});

describe('Progress', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function target(isTTY: boolean) {
    const lines: string[] = [];
    return { lines, isTTY, write: (text: string) => lines.push(text) };
  }

  it('shows nothing for work of less than a second', () => {
    const log = target(false);
    const progress = new Progress('reading', 0, log);
    vi.advanceTimersByTime(900);
    progress.end();
    vi.advanceTimersByTime(5000);
    expect(log.lines).toEqual([]);
  });

  it('writes a line to a log every few seconds, on its own', () => {
    const log = target(false);
    const progress = new Progress('reading', 0, log);
    vi.advanceTimersByTime(11_500);
    progress.end();
    expect(log.lines).toEqual(['reading, 1 s so far\n', 'reading, 6 s so far\n', 'reading, 11 s so far\n']);
  });

  it("rewrites a terminal's line and removes it at the end", () => {
    const terminal = target(true);
    const progress = new Progress('segmenting', 3, terminal);
    progress.update(1);
    vi.advanceTimersByTime(1200);
    progress.end();
    expect(terminal.lines.length).toBeGreaterThan(1);
    expect(terminal.lines.slice(0, -1).every((line) => line.startsWith('\r\x1b[Ksegmenting, 1 of 3'))).toBe(true);
    expect(terminal.lines.at(-1)).toBe('\r\x1b[K');
  });
});
