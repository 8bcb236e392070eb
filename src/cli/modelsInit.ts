/**
 * `samus models init`: a model to start training from.
 */
import { basename } from 'node:path';
import { SamusError } from '../errors.js';
import { samusConfigFromSam, samusFromSam } from '../models/samusFromSam.js';
import { Random } from '../nn/random.js';
import { saveModel } from './modelFolderOutput.js';
import { readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import type { Outcome } from './run.js';

export interface InitOptions {
  readonly from: string;
  readonly seed: number;
}

/**
 * Writes a SAMUS that starts from a SAM.
 * @throws SamusError INIT_FROM if `from` is no SAM, and what reading, checking and writing throw
 */
export async function initSamus(out: string, { from, seed }: InitOptions): Promise<Outcome> {
  const { config: samConfig, tensors: samTensors } = await readModel(from);
  if (samConfig.architecture !== 'sam') {
    const message = `a SAM checkpoint was expected, ${from} holds ${samConfig.architecture.toUpperCase()}`;
    throw new SamusError('INIT_FROM', message, 'name one of the checkpoints of segment-anything', { from });
  }
  const config = samusConfigFromSam(samConfig);
  const tensors = await withProgress('initialising', async () =>
    samusFromSam(samConfig, samTensors, Random.seeded(seed), config),
  );
  return saveModel(out, { name: basename(out), config, tensors }, card(from, seed));
}

function card(from: string, seed: number): string {
  return `# SAMUS, not trained yet

${NOTICE}.

Started from \`${basename(from)}\`; what SAM does not have was drawn with seed ${seed}. It has to be trained before it
segments anything. The licence is that of the checkpoint it was started from.
`;
}
