/**
 * The work of `samus data split`.
 */
import { openDataset } from '../data/dataset.node.js';
import { type SplitOptions, splitDataset } from '../data/splitDataset.node.js';
import { SamusError } from '../errors.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';

/** Most skipped images to name. */
const MOST_NAMED = 10;

export type SplitCommandOptions = Omit<SplitOptions, 'onProgress'>;

/** Writes the lists of a split; exit code 1 if an image cannot be used. @throws SamusError USAGE_OPTION, and as splitDataset */
export async function splitData(root: string, options: SplitCommandOptions): Promise<Outcome> {
  if (options.name !== undefined && !/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u.test(options.name)) {
    const message = `expected list names of letters, digits and hyphens, got "${options.name}"`;
    throw new SamusError('USAGE_OPTION', message, 'correct --name');
  }
  const data = await openDataset(root);
  const progress = new Progress('reading images');
  try {
    const onProgress = (done: number, total: number, image: string): void =>
      progress.update(done, `${done + 1} of ${total}, ${image}`);
    const { lists, withoutPatient, empty, failed } = await splitDataset(data, { ...options, onProgress });
    for (const { dataset, images } of withoutPatient) {
      warn(`${images} images of ${dataset} have no known patient; each was assigned separately`);
    }
    for (const { image, error } of failed.slice(0, MOST_NAMED)) warn(`${image} skipped: ${error.message}`);
    if (failed.length > MOST_NAMED) warn(`${failed.length - MOST_NAMED} more skipped`);
    if (empty > 0) warn(`${empty} images without an object left out; --with-empty includes them`);
    return {
      document: {
        lists: lists.map((entry) => ({ ...entry })),
        withoutPatient: withoutPatient.map((entry) => ({ ...entry })),
        empty,
        skipped: failed.map(({ image, error }) => ({ image, reason: error.message })),
      },
      lines: lists.map(({ list, images, samples }) => `${list}: ${images} images, ${samples} samples`),
      exitCode: failed.length > 0 ? 1 : 0,
    };
  } finally {
    progress.end();
  }
}
