/**
 * Estimates the time left of an adaptation. The model is tested before and after training, so the first test predicts
 * the duration of the second.
 */
import type { AdaptProgress } from '../../train/adapt.js';

export class TimeLeft {
  readonly #clock: () => number;
  #stage: AdaptProgress['stage'] | null = null;
  #began = 0;
  #beganAt = 0;
  /** Duration of the test before training, in milliseconds. */
  #judging = 0;

  /** @param clock milliseconds */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /**
   * Updates the estimate.
   * @returns seconds, or null while unknown
   */
  after({ stage, done, total }: Pick<AdaptProgress, 'stage' | 'done' | 'total'>): number | null {
    const now = this.#clock();
    if (stage !== this.#stage) {
      if (this.#stage === 'before') this.#judging = now - this.#began;
      this.#stage = stage;
      this.#began = now;
      this.#beganAt = done;
    }
    if (stage === 'after') return Math.max(0, this.#judging - (now - this.#began)) / 1000;
    if (stage !== 'training' || done === this.#beganAt) return null;
    const each = (now - this.#began) / (done - this.#beganAt);
    return (each * (total - done) + this.#judging) / 1000;
  }
}
