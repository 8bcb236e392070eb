/**
 * The work of `samus data split`.
 */
import { openDataset } from '../data/dataset.node.js';
import { type SplitOptions, splitDataset } from '../data/splitDataset.node.js';
import { SamusError } from '../errors.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';

export type SplitCommandOptions = Omit<SplitOptions, 'onProgress'>;

/** Writes the lists of a split. @throws SamusError USAGE_OPTION, and as splitDataset */
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
    const { lists, withoutPatient, empty } = await splitDataset(data, { ...options, onProgress });
    for (const { dataset, images } of withoutPatient) {
      warn(`${images} images of ${dataset} have no known patient; each was assigned separately`);
    }
    if (empty > 0) warn(`${empty} images without an object left out; --with-empty includes them`);
    return {
      document: {
        lists: lists.map((entry) => ({ ...entry })),
        withoutPatient: withoutPatient.map((entry) => ({ ...entry })),
        empty,
      },
      lines: lists.map(({ list, images, samples }) => `${list}: ${images} images, ${samples} samples`),
    };
  } finally {
    progress.end();
  }
}
