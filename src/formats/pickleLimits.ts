/**
 * How much one pickle may ask for. A limit is on what grows with the pickle; the size of the pickle itself is bounded
 * by those who read it from a file.
 */

export interface PickleLimits {
  readonly stack: number;
  readonly marks: number;
  readonly memo: number;
  /** Containers and tensors made. */
  readonly objects: number;
  /** Items in all containers together. */
  readonly items: number;
  readonly depth: number;
  /** Bytes of one text. */
  readonly text: number;
}

/**
 * A checkpoint of SAM ViT-H with its optimizer stays two orders of magnitude below each of these; together they
 * keep the worst pickle within a few hundred megabytes.
 */
export const PICKLE_LIMITS: PickleLimits = {
  stack: 65_536,
  marks: 256,
  memo: 1_048_576,
  objects: 524_288,
  items: 2_097_152,
  depth: 64,
  text: 1_048_576,
};
