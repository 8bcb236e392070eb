/**
 * The error of a training that computes NaN or infinity: in which step, on which samples, and from which weights to
 * start again.
 */
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { defaultStart } from '../models/startFrom.js';
import { RUN_FILES } from './runFolder.node.js';
import type { TrainingConfig } from './trainingConfig.js';
import type { Position } from './trainingState.node.js';

/** The state of the training at the error. */
interface Standing {
  /** The run folder. */
  readonly folder: string;
  readonly config: TrainingConfig;
  readonly position: Position;
  /** The position of the last checkpoint. */
  readonly saved: Position;
  /** The samples of the last computation. */
  readonly samples: readonly string[];
}

/** @param what `the loss`, `a gradient` (both of the next step) or `a weight` (of the finished step) */
export function nanError(what: string, { folder, config, position, saved, samples }: Standing): SamusError {
  const step = position.step + (what === 'a weight' ? 0 : 1);
  const last = join(folder, RUN_FILES.last);
  const { best } = position;
  const before = best && best.step < position.step ? ` from ${join(folder, RUN_FILES.best)} (step ${best.step})` : '';
  const start =
    saved.step < position.step
      ? `start a new run from ${last} (step ${saved.step})`
      : `(the weights in ${last}, step ${saved.step}, may be the cause) start a new run${before}`;
  // --from alone would train another subset, and could convert the model to another architecture.
  const same = [
    ...(config.trained === 'all' ? ['--train all'] : []),
    ...(defaultStart(config.model) ? [`--model ${last}`] : []),
  ].map((option) => `${option}, `);
  return new SamusError(
    'TRAIN_NAN',
    `${what} of step ${step} is NaN or infinite; samples: ${samples.join('; ')}`,
    `check these images, or ${start} using --from with ${same.join('')}a lower --lr or --clip 1`,
    { step, samples: [...samples] },
  );
}
