/**
 * The order of samples: a new seeded shuffle of the list for each epoch, without gaps between epochs. Batches are cut
 * from this endless sequence and all have one size: the last samples of an epoch share a batch with the first of the
 * next. Each epoch sees every sample once, and the step alone determines the position. (The published loader has a
 * smaller last batch instead.)
 */
import { Random } from '../nn/random.js';

/** One draw of a sample. These two numbers and the seed determine the augmented sample. */
export interface SampleDraw {
  /** Counted from 0. */
  readonly epoch: number;
  /** Position in the list. */
  readonly index: number;
}

/** Separates the shuffle from the random streams of the samples, seeded by (seed, epoch, index). */
const SHUFFLE_STREAM = 0x5368;

export class SampleOrder {
  #epoch = -1;
  #shuffled: Uint32Array = new Uint32Array(0);

  /** @param count samples in the list, at least 1 */
  constructor(
    readonly count: number,
    readonly seed: number,
  ) {}

  /** The draws of a batch. @param batchIndex counted from 0 over the whole training */
  batch(batchIndex: number, size: number): SampleDraw[] {
    return Array.from({ length: size }, (_, i) => this.at(batchIndex * size + i));
  }

  private at(position: number): SampleDraw {
    const epoch = Math.floor(position / this.count);
    if (epoch !== this.#epoch) {
      this.#shuffled = shuffled(this.count, Random.seeded(this.seed, epoch, SHUFFLE_STREAM, this.count));
      this.#epoch = epoch;
    }
    return { epoch, index: this.#shuffled[position % this.count]! };
  }
}

function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.int(0, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
