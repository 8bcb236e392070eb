/**
 * `samus train --profile`: how many images a run of the graph may have so that a training fits into the memory of a
 * machine. By measured peaks only: for what was not measured there is no profile.
 */
import { isDeepStrictEqual } from 'node:util';
import { SamusError } from '../errors.js';
import { presets } from '../models/registry.js';
import type { TrainingConfig } from '../train/trainingConfig.js';

export type ProfileName = '8gb' | '16gb' | '24gb';

/** What was measured: a training that is as large as this one, or smaller, takes no more. */
interface Measured {
  /** Of the preset. */
  readonly name: string;
  readonly trained: TrainingConfig['trained'];
  /** Prompts of each image. */
  readonly rounds: number;
  /** Most memory of training and validating (10⁹ bytes, resident), by the images of a run. */
  readonly peaks: Readonly<Record<number, number>>;
}

/** docs/train.md says how they were measured. Where validating was not, it is as the encoder alone at most. */
const MEASURED: readonly Measured[] = [
  // One image 3.7, each further one 1.4, and 1.5 more while validating.
  { name: 'samus-b', trained: 'published', rounds: 1, peaks: { 1: 5.2, 2: 6.6, 4: 9.4, 8: 15 } },
  { name: 'samus-b', trained: 'all', rounds: 1, peaks: { 1: 6.2 } },
  // 1.5, and 0.3 for validating.
  { name: 'samus-s', trained: 'all', rounds: 3, peaks: { 8: 1.8 } },
  // 9.8, and 2.9 for validating.
  { name: 'sam-b', trained: 'all', rounds: 1, peaks: { 1: 12.7 } },
];

/** Share of a machine's memory that a training may take; the rest is for the system and other programs. */
const USABLE = 0.8;

/**
 * The most images of a run that fit, and as many runs as make a step of `images`.
 * @throws SamusError TRAIN_PROFILE if none fits, or if nothing is known of this training
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
    const known = MEASURED.map((row) => `${row.name} (trained: ${row.trained}; prompts: ${row.rounds} at most)`);
    const message = `expected a training whose memory was measured with --profile: ${known.join(', ')}`;
    throw new SamusError('TRAIN_PROFILE', message, 'try --batch 1 and --accumulate, and watch the memory');
  }
  const room = USABLE * Number.parseInt(profile, 10);
  const fitting = Object.keys(measured.peaks).filter((batch) => measured.peaks[Number(batch)]! <= room);
  const batch = Math.max(0, ...fitting.map(Number));
  if (batch > 0) return { batch, accumulate: Math.ceil(images / batch) };
  const least = Math.min(...Object.values(measured.peaks));
  const message = `${measured.name} takes ${least} GB with the fewest images, and a training may use ${room.toFixed(1)} GB of ${profile}`;
  throw new SamusError('TRAIN_PROFILE', message, 'take a smaller model, or a machine with more memory', {
    profile,
    needed: least,
  });
}
