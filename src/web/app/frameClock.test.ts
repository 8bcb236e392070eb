import { describe, expect, it } from 'vitest';
import { FrameClock } from './frameClock.js';

/** The frame at each of these times. */
const at = (clock: FrameClock, ...times: readonly number[]): number[] => times.map((time) => clock.at(time));

describe('the frame of a clip at a time', () => {
  it('is the one whose delay has begun and not ended, round after round', () => {
    const clock = new FrameClock(3, { delaysMs: [100, 50, 200] });
    expect([1, 2, 3].map((frame) => clock.startOf(frame))).toEqual([0, 100, 150]);
    expect(at(clock, 0, 99.9, 100, 149.9, 150, 349.9)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(at(clock, 350, 450, 500, 350 * 1000 + 120)).toEqual([1, 2, 3, 2]);
    // A clock that was set back.
    expect(at(clock, -1, -201)).toEqual([3, 2]);
  });

  it('is one of 25 a second where the file states no time, or a time that is none', () => {
    for (const timing of [null, { delaysMs: [] }, { delaysMs: [Number.NaN, Number.POSITIVE_INFINITY] }]) {
      const clock = new FrameClock(2, timing);
      expect(at(clock, 0, 39, 40, 79, 80)).toEqual([1, 1, 2, 2, 1]);
    }
  });

  it('does not stand still where the delays are 0 or less', () => {
    const clock = new FrameClock(3, { delaysMs: [0, -5, 0] });
    expect(at(clock, 0, 1, 2, 3)).toEqual([1, 2, 3, 1]);
  });

  it('goes forth and back where the file says so, the ends once', () => {
    const clock = new FrameClock(4, { delaysMs: [10, 10, 10, 10], sweeps: true });
    expect(at(clock, ...Array.from({ length: 9 }, (_, i) => 10 * i + 5))).toEqual([1, 2, 3, 4, 3, 2, 1, 2, 3]);
    expect(at(new FrameClock(2, { delaysMs: [10, 10], sweeps: true }), 5, 15, 25)).toEqual([1, 2, 1]);
  });

  it('finds its frame in the longest clip', () => {
    const clock = new FrameClock(10_000, { delaysMs: Array.from({ length: 10_000 }, (_, i) => 20 + (i % 3)) });
    for (const frame of [1, 2, 4999, 9999, 10_000]) {
      expect(clock.at(clock.startOf(frame))).toBe(frame);
      expect(clock.at(clock.startOf(frame) + 19.9)).toBe(frame);
    }
  });
});
