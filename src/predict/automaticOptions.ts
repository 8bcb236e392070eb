/**
 * What may be chosen about segmenting everything in a picture, with its defaults. Light, for interfaces; the work is
 * in automatic.ts.
 */
import { SamusError } from '../errors.js';

export interface AutomaticOptions {
  /** Clicks across and as many down, 1 to 128; default 16. */
  readonly pointsPerSide?: number;
  /** Masks are kept whose predicted IoU is above this; 0 keeps all. Default 0.6. */
  readonly scoreThreshold?: number;
  /** Masks are kept whose stability is at least this; 0 keeps all. Default 0.6. */
  readonly stabilityThreshold?: number;
  /** How far the threshold of the logits, 0, is moved up and down for the stability; default 1. */
  readonly stabilityOffset?: number;
  /** Of masks whose boxes overlap by more than this (IoU) the best is kept; default 0.7. */
  readonly overlapThreshold?: number;
  /** Smaller parts of masks are taken away, smaller holes filled, smaller masks left out. Pixels; default 0. */
  readonly minArea?: number;
  /** Ends the work early; the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
  /** Told after each run of the decoder, in clicks. */
  progress?(done: number, total: number): void;
}

/**
 * For small models: a click for each of their 16 x 16 tokens, and thresholds that what such a model makes of speckle and
 * soft borders can pass. SAM's own (32 clicks a side, 0.88, 0.95) are those of a model of a hundred times the size on
 * photographs; with them `samus-s` kept nothing of 20 images. With these it kept six masks an image and found 24 of 25
 * objects (training images without muscles, IoU of at least 0.5), all of which were among its proposals.
 */
export const AUTOMATIC_DEFAULTS = {
  pointsPerSide: 16,
  scoreThreshold: 0.6,
  stabilityThreshold: 0.6,
  stabilityOffset: 1,
  overlapThreshold: 0.7,
  minArea: 0,
} as const satisfies AutomaticOptions;

/** What the work is done with: every option but those of its course. */
export type AutomaticSettings = Required<Omit<AutomaticOptions, 'signal' | 'progress'>>;

const MOST_POINTS_PER_SIDE = 128;

/** The options with their defaults. @throws SamusError AUTOMATIC_OPTION */
export function automaticSettings(chosen: Omit<AutomaticOptions, 'signal' | 'progress'>): AutomaticSettings {
  // What is given as undefined is not given.
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
    if (!(value >= 0 && Number.isFinite(value))) throw optionError(name, 'a number from 0 on', value);
  }
  return settings;
}

function optionError(name: string, expected: string, came: number): SamusError {
  return new SamusError(
    'AUTOMATIC_OPTION',
    `${name} was expected to be ${expected}, ${came} came`,
    'correct it, or leave it out for its default',
    { option: name },
  );
}
