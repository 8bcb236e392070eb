/**
 * `samus train --profile`: chooses the batch size so that a training fits the memory of a machine. Only measured
 * configurations have a profile.
 */
import { isDeepStrictEqual } from 'node:util';
import { SamusError } from '../errors.js';
import { presets } from '../models/registry.js';
import type { TrainingConfig } from '../train/trainingConfig.js';

export type ProfileName = '8gb' | '16gb' | '24gb';

/** A measurement; a training of this size or smaller needs no more memory. */
interface Measured {
  /** The preset. */
  readonly name: string;
  readonly trained: TrainingConfig['trained'];
  /** Prompts per image. */
  readonly rounds: number;
  /** Peak resident memory of training and validating (10⁹ bytes), by batch size. */
  readonly peaks: Readonly<Record<number, number>>;
}

/** docs/train.md describes the measurement. Unmeasured validation needs at most as much as the encoder alone. */
const MEASURED: readonly Measured[] = [
  // One image 3.7, each further image 1.4, validation 1.5.
  { name: 'samus-b', trained: 'published', rounds: 1, peaks: { 1: 5.2, 2: 6.6, 4: 9.4, 8: 15 } },
  { name: 'samus-b', trained: 'all', rounds: 1, peaks: { 1: 6.2 } },
  // 1.5, validation 0.3.
  { name: 'samus-s', trained: 'all', rounds: 3, peaks: { 8: 1.8 } },
  // 9.8, validation 2.9.
  { name: 'sam-b', trained: 'all', rounds: 1, peaks: { 1: 12.7 } },
];

/** Share of a machine's memory for training; the rest is for the system and other programs. */
const USABLE = 0.8;

/**
 * The largest batch that fits, and enough accumulated batches for a step of `images`.
 * @throws SamusError TRAIN_PROFILE if none fits, or if this training was not measured
 */
export function profiled(
  profile: ProfileName,
  { model, trained, recipe }: Pick<TrainingConfig, 'model' | 'trained' | 'recipe'>,
  images: number,
): { readonly batch: number; readonly accumulate: number } {
  const rounds = recipe.kind === 'published' ? 1 : recipe.rounds;
  const measured = MEASURED.find(
    (row) =>
      isDeepStrictEqual(presets().get(row.name), model) &&
      rounds <= row.rounds &&
      (row.trained === 'all' || trained === 'published'),
  );
  if (!measured) {
    const known = MEASURED.map((row) => `${row.name} (trained: ${row.trained}; prompts: at most ${row.rounds})`);
    const message = `the memory use of this training was not measured; measured: ${known.join(', ')}`;
    throw new SamusError('TRAIN_PROFILE', message, 'use --batch 1 and --accumulate, and watch the memory');
  }
  const room = USABLE * Number.parseInt(profile, 10);
  const fitting = Object.keys(measured.peaks).filter((batch) => measured.peaks[Number(batch)]! <= room);
  const batch = Math.max(0, ...fitting.map(Number));
  if (batch > 0) return { batch, accumulate: Math.ceil(images / batch) };
  const least = Math.min(...Object.values(measured.peaks));
  const message = `${measured.name} needs at least ${least} GB, ${profile} leaves ${room.toFixed(1)} GB for training`;
  throw new SamusError('TRAIN_PROFILE', message, 'use a smaller model or a machine with more memory', {
    profile,
    needed: least,
  });
}
