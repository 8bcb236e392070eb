/**
 * The work of `samus models average`: averages several checkpoints of a training.
 */
import { basename } from 'node:path';
import { averageWeights } from '../models/averageWeights.js';
import type { Model } from '../predict/types.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import { readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import type { Outcome } from './run.js';

/**
 * Writes a model folder with the mean weights of the models.
 * @throws SamusError OUTPUT_IS_INPUT, as averageWeights, and what reading, checking and writing throw
 */
export async function averageModels(names: readonly string[], out: string): Promise<Outcome> {
  await checkModelOutput(out, names);
  const models: Model[] = [];
  for (const name of names) models.push(await readModel(name));
  const tensors = averageWeights(models);
  return saveModel(out, { name: basename(out), config: models[0]!.config, tensors }, card(out, names));
}

function card(out: string, names: readonly string[]): string {
  return `# ${basename(out)}

${NOTICE}.

The mean of the weights of ${names.map((name) => `\`${name}\``).join(', ')} (\`samus models average\`). Data, licence and
limits are those of these models; measure the quality with \`samus evaluate\`.
`;
}
