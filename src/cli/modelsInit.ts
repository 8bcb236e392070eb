/**
 * `samus models init`: a model to start training from.
 */
import { basename } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { SamusError } from '../errors.js';
import { samusConfigFromSam, samusFromSam } from '../models/samusFromSam.js';
import { Random } from '../nn/random.js';
import { saveModel } from './modelFolderOutput.js';
import { readModel } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

interface InitOptions {
  readonly from: string;
  readonly seed: number;
  readonly json?: boolean;
}

const EXAMPLES = `
SAMUS takes over SAM's weights; its own parts start as PyTorch's defaults, drawn from the seed. The model is there to
be trained: untrained it segments nothing well.

Example:
  samus models init samus --from sam_vit_b_01ec64.pth models/samus-start --seed 7

${NOTICE}.`;

export function initCommand(): Command {
  return new Command('init')
    .description('Make a model to train from the checkpoint of another')
    .addArgument(new Argument('<architecture>', 'what to make').choices(['samus']))
    .argument('<out>', 'the model folder to write')
    .requiredOption('--from <checkpoint>', 'a SAM checkpoint or model folder')
    .addOption(
      new Option('--seed <number>', 'of the weights that are drawn').argParser(parseCount('--seed', 0)).default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (_architecture: string, out: string, { from, seed, json }: InitOptions) => {
      const sam = await readModel(from);
      if (sam.config.architecture !== 'sam') {
        const message = `a SAM checkpoint was expected, ${from} holds ${sam.config.architecture.toUpperCase()}`;
        throw new SamusError('input', 'INIT_FROM', message, 'name one of the checkpoints of segment-anything', {
          from,
        });
      }
      const { config: samConfig } = sam;
      const config = samusConfigFromSam(samConfig);
      const tensors = await withProgress('initialising', async () =>
        samusFromSam(samConfig, sam.tensors, Random.seeded(seed), config),
      );
      finish(await saveModel(out, { name: basename(out), config, tensors }, card(from, seed)), json);
    });
}

function card(from: string, seed: number): string {
  return `# SAMUS, not trained yet

${NOTICE}.

Started from \`${basename(from)}\`; what SAM does not have was drawn with seed ${seed}. It has to be trained before it
segments anything. The licence is that of the checkpoint it was started from.
`;
}
