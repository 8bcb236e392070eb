/**
 * What is said of a training that computes something that is no number: where it happened, on which samples, and from
 * which weights to start again.
 */
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { defaultStart } from '../models/startFrom.js';
import type { Position } from './position.js';
import { RUN_FILES } from './runFolder.node.js';
import type { TrainingConfig } from './trainingConfig.js';

/** Where the training stands. */
interface Standing {
  /** Of the run. */
  readonly folder: string;
  readonly config: TrainingConfig;
  readonly position: Position;
  /** The position of the last checkpoint. */
  readonly saved: Position;
  /** What was computed last. */
  readonly samples: readonly string[];
}

/** @param what `the loss`, `a gradient`, or `a weight`: then it comes of the step that is done, else of the next one */
export function nanError(what: string, { folder, config, position, saved, samples }: Standing): SamusError {
  const step = position.step + (what === 'a weight' ? 0 : 1);
  const last = join(folder, RUN_FILES.last);
  const { best } = position;
  const before =
    best && best.step < position.step ? ` from ${join(folder, RUN_FILES.best)}, of step ${best.step},` : '';
  const start =
    saved.step < position.step
      ? `start a new run from ${last}, of step ${saved.step},`
      : `(the weights of ${last}, of step ${saved.step}, may be the cause) start a new run${before}`;
  // What --from does not say by itself: another subset is trained, and a model may become one of another architecture.
  const same = [
    ...(config.trained === 'all' ? ['--train all'] : []),
    ...(defaultStart(config.model) ? [`--model ${last}`] : []),
  ].map((option) => `${option}, `);
  return new SamusError(
    'TRAIN_NAN',
    `${what} of step ${step} was expected to be a number, it is not; its samples: ${samples.join('; ')}`,
    `look at these images, or ${start} by --from with ${same.join('')}a lower --lr or --clip 1`,
    { step, samples: [...samples] },
  );
}
