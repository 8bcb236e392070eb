/**
 * `samus train --profile`: chooses the batch size so that a training fits the memory of a machine. Only measured
 * configurations have a profile.
 */
import { isDeepStrictEqual } from 'node:util';
import { SamusError } from '../errors.js';
import { architectureOf, architectures } from '../models/registry.js';
import type { TrainingConfig } from '../train/trainingConfig.js';

/** Memory of the machine, in GB. */
export const PROFILES = ['8gb', '16gb', '24gb'] as const;
export type ProfileName = (typeof PROFILES)[number];

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
  const { presets, memory = [] } = architectureOf(model);
  const measured = memory.find(
    (row) =>
      isDeepStrictEqual(presets[row.preset], model) &&
      rounds <= row.rounds &&
      (row.trained === 'all' || trained === 'published'),
  );
  if (!measured) {
    const all = architectures().flatMap((architecture) => architecture.memory ?? []);
    const known = all.map((row) => `${row.preset} (trained: ${row.trained}; prompts: at most ${row.rounds})`);
    const message = `the memory use of this training was not measured; measured: ${known.join(', ')}`;
    throw new SamusError('TRAIN_PROFILE', message, 'use --batch 1 and --accumulate, and watch the memory');
  }
  const room = USABLE * Number.parseInt(profile, 10);
  const fitting = Object.keys(measured.peaks).filter((batch) => measured.peaks[Number(batch)]! <= room);
  const batch = Math.max(0, ...fitting.map(Number));
  if (batch > 0) return { batch, accumulate: Math.ceil(images / batch) };
  const least = Math.min(...Object.values(measured.peaks));
  const message = `${measured.preset} needs at least ${least} GB, ${profile} leaves ${room.toFixed(1)} GB for training`;
  throw new SamusError('TRAIN_PROFILE', message, 'use a smaller model or a machine with more memory', {
    profile,
    needed: least,
  });
}
