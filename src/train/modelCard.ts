/**
 * The model card of a training checkpoint: what the model is, how it was trained, and its validation Dice.
 */

import { architectureOf } from '../models/registry.js';
import type { TrainingConfig } from './trainingConfig.js';

/**
 * @param samples numbers in an epoch and in a validation
 * @param step finished steps
 * @param validation mean Dice of all samples, and of each dataset and class
 */
export function modelCard(
  config: TrainingConfig,
  samples: { readonly train: number; readonly val: number },
  step: number,
  validation: { readonly dice: number; readonly parts: Readonly<Record<string, number>> } | undefined,
): string {
  const { model, data, batch, accumulate } = config;
  const architecture = architectureOf(model);
  const takes = architecture.task === 'prompted' ? architecture.prompts : [];
  const asked = takes.includes('points')
    ? 'from the published click, '
    : takes.length > 0
      ? "from the object's box, "
      : '';
  const seen = step * batch * accumulate;
  const rows = Object.entries(validation?.parts ?? {}).map(([name, dice]) => `| ${name} | ${dice.toFixed(4)} |`);
  const table = validation
    ? `\nDice at ${model.imageSize}x${model.imageSize} ${asked}on ${validatedOn(data, samples.val)}. These
samples selected the checkpoint; expect lower values on other images.

| dataset/class | mean |
|---|---|
${rows.join('\n')}
| all samples | ${validation.dice.toFixed(4)} |
`
    : '';
  const { from } = config;
  const start = from === null ? 'random weights' : `\`${from.split(/[/\\]/).slice(-2).join('/')}\``;
  const licences = `that of the training images${from === null ? '' : ' and that of the initial weights'}`;
  return `# ${architecture.title}, trained with samus

Research use only, not for diagnosis.

Started from ${start}, trained for ${step} steps (${seen} images, ${(seen / samples.train).toFixed(1)} epochs
of ${data.train.join(', ')}) with the ${config.recipe.kind} recipe, seed ${config.seed}. Its licence: ${licences}.
${table}`;
}

function validatedOn({ train, val, holdOut }: TrainingConfig['data'], count: number): string {
  if (holdOut === 0) return `the ${count} samples of ${val.join(', ')}`;
  if (typeof holdOut === 'string') {
    return `${count} samples of ${train.join(', ')}, fold ${holdOut.replace('/', ' of ')}
(all images of a patient are in one fold, where patients are known)`;
  }
  const percent = Number((100 * holdOut).toFixed(2));
  return `${count} samples held out from ${train.join(', ')}
(about ${percent} % of the images of each dataset, all images of a patient where patients are known)`;
}
