/**
 * Options of segmenting everything in an image, with defaults. Imports little, for user interfaces; the work is in
 * automatic.ts.
 */
import { SamusError } from '../errors.js';

export interface AutomaticOptions {
  /** Clicks per row and per column, 1 to 128; default 16. */
  readonly pointsPerSide?: number;
  /** Keeps masks with a predicted IoU above this; 0 keeps all. Default 0.6. */
  readonly scoreThreshold?: number;
  /** Keeps masks with at least this stability; 0 keeps all. Default 0.6. */
  readonly stabilityThreshold?: number;
  /** Shift of the logit threshold, 0, up and down for the stability; default 1. */
  readonly stabilityOffset?: number;
  /** Keeps only the best of masks whose boxes overlap by more than this IoU; default 0.7. */
  readonly overlapThreshold?: number;
  /** Removes smaller parts and masks, fills smaller holes. Pixels; default 0. */
  readonly minArea?: number;
  /** Aborts the work; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called after each run of the decoder, with numbers of clicks. */
  progress?(done: number, total: number): void;
}

/**
 * For small models: one click for each of their 16 x 16 tokens, and thresholds that masks of speckle and soft borders can
 * pass. SAM's own defaults (32 clicks per side, 0.88, 0.95) are for photographs and a model a hundred times as large;
 * with them `samus-s` kept no mask in 20 images. With these it kept six masks per image and found 24 of 25 objects
 * (training images without muscles, IoU of at least 0.5), as many as its unfiltered proposals contained.
 */
export const AUTOMATIC_DEFAULTS = {
  pointsPerSide: 16,
  scoreThreshold: 0.6,
  stabilityThreshold: 0.6,
  stabilityOffset: 1,
  overlapThreshold: 0.7,
  minArea: 0,
} as const satisfies AutomaticOptions;

/** The options that affect the result, without progress and signal. */
export type AutomaticSettings = Required<Omit<AutomaticOptions, 'signal' | 'progress'>>;

const MOST_POINTS_PER_SIDE = 128;

/** The options with their defaults. @throws SamusError AUTOMATIC_OPTION */
export function automaticSettings(chosen: Omit<AutomaticOptions, 'signal' | 'progress'>): AutomaticSettings {
  // Ignore options that are undefined.
  const given = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
  const settings: AutomaticSettings = { ...AUTOMATIC_DEFAULTS, ...given };
  const { pointsPerSide, minArea, overlapThreshold, scoreThreshold, stabilityThreshold, stabilityOffset } = settings;
  const whole = Number.isInteger(pointsPerSide) && pointsPerSide >= 1 && pointsPerSide <= MOST_POINTS_PER_SIDE;
  if (!whole) throw optionError('pointsPerSide', `a whole number from 1 to ${MOST_POINTS_PER_SIDE}`, pointsPerSide);
  const shares = { scoreThreshold, stabilityThreshold, overlapThreshold };
  for (const [name, value] of Object.entries(shares)) {
    if (!(value >= 0 && value <= 1)) throw optionError(name, 'a number from 0 to 1', value);
  }
  for (const [name, value] of Object.entries({ minArea, stabilityOffset })) {
    if (!(value >= 0 && Number.isFinite(value))) throw optionError(name, 'a number of at least 0', value);
  }
  return settings;
}

function optionError(name: string, expected: string, got: number): SamusError {
  return new SamusError(
    'AUTOMATIC_OPTION',
    `expected ${expected} as ${name}, got ${got}`,
    'correct it, or leave it out to use the default',
    { option: name },
  );
}
