/**
 * How long an adaptation still takes, from how long its parts took so far. What is judged before the training is judged
 * again after it, so that the time of the one tells that of the other.
 */
import type { AdaptProgress } from '../../train/adapt.js';

export class TimeLeft {
  readonly #clock: () => number;
  #stage: AdaptProgress['stage'] | null = null;
  #began = 0;
  #beganAt = 0;
  /** Milliseconds to judge one image, and images to judge. */
  #judging: number | null = null;
  #toJudge = 0;

  /** @param clock milliseconds */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Takes a report. @returns seconds, or null while nothing can be said */
  after({ stage, done, total }: Pick<AdaptProgress, 'stage' | 'done' | 'total'>): number | null {
    const now = this.#clock();
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#began = now;
      this.#beganAt = done;
    }
    const each = done > this.#beganAt ? (now - this.#began) / (done - this.#beganAt) : null;
    if (stage === 'before') {
      this.#judging = each ?? this.#judging;
      this.#toJudge = total;
      return null;
    }
    const rate = stage === 'after' ? (each ?? this.#judging) : each;
    if (rate === null) return null;
    const afterwards = stage === 'after' ? 0 : (this.#judging ?? 0) * this.#toJudge;
    return (rate * (total - done) + afterwards) / 1000;
  }
}
