/** Which frame of a clip is shown when: pure arithmetic on elapsed time, so that slow decoding drops frames, not speed. */
import type { FrameTiming } from '../../formats/imageSource.js';

/** For clips without times: 25 frames per second. */
const DEFAULT_MS = 40;

/** Limits that keep a broken clip playable. */
const SHORTEST_MS = 1;

export class FrameClock {
  /** The frames of one round, which is repeated. */
  readonly #order: readonly number[];
  /** When each of them ends, in ms from the start of the round. */
  readonly #ends: readonly number[];

  /** @param timing null, or delays that do not fit the number of frames: every frame takes as long as the others */
  constructor(frames: number, timing: FrameTiming | null) {
    const there = Array.from({ length: frames }, (_, i) => i + 1);
    this.#order = timing?.sweeps ? [...there, ...there.slice(1, -1).reverse()] : there;
    const stated = timing?.delaysMs ?? [];
    let end = 0;
    this.#ends = this.#order.map((frame) => {
      const delay = stated[frame - 1] ?? DEFAULT_MS;
      end += Number.isFinite(delay) ? Math.max(SHORTEST_MS, delay) : DEFAULT_MS;
      return end;
    });
  }

  /** When a frame begins in the round. */
  startOf(frame: number): number {
    return frame === 1 ? 0 : (this.#ends[frame - 2] ?? 0);
  }

  /** The frame that is shown at a time, in ms from the start of the first round. */
  at(ms: number): number {
    const length = this.#ends.at(-1) ?? 1;
    const time = ((ms % length) + length) % length;
    let [low, high] = [0, this.#ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle]! > time) high = middle;
      else low = middle + 1;
    }
    return this.#order[low] ?? 1;
  }
}
