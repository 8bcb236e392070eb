/**
 * `samus models`: the options of its commands. Light, so that help and mistakes are answered at once; the work is in
 * modelsConvert.ts, modelsInit.ts, modelsAverage.ts, modelsInfo.ts and modelsCheck.ts.
 */
import { Command, Option } from 'commander';
import type { LoadOptions } from '../predict/loadModel.node.js';
import { DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import type { CheckOptions } from './modelsCheck.js';
import type { ConvertOptions } from './modelsConvert.js';
import type { InitOptions } from './modelsInit.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

interface JsonOption {
  readonly json?: boolean;
}

export function modelsCommand(): Command {
  const models = new Command('models').description('Import, make and describe models');
  for (const command of [convertCommand(), initCommand(), averageCommand(), infoCommand(), checkCommand()])
    models.addCommand(command);
  return models.addHelpText('after', `\n${NOTICE}.`);
}

const KEY_HELP = 'which model of a checkpoint with several: its key, or the prefix of its names';

const CONVERT_EXAMPLES = `
Architecture and sizes are told by the names and shapes of the tensors; --config names them where that fails.
--int8 holds the large weights of the image encoder in 8 bits: a quarter of their size and faster products on a CPU, at
masks that differ a little. Such a model can be used but not trained.

Examples:
  samus models convert sam_vit_b_01ec64.pth models/sam-b
  samus models convert SAMUS_best.pth models/samus-b --json
  samus models convert SAMUS_best.pth models/samus-b-int8 --int8
  samus models convert runs/mine/best models/mine --float16

${NOTICE}.`;

function convertCommand(): Command {
  return new Command('convert')
    .description('Turn a model or a checkpoint of SAM or SAMUS into a model folder')
    .argument('<model>', MODEL_NAMES)
    .argument('<out>', 'the model folder to write')
    .option('--config <file>', 'a config.json with the sizes or the name of a preset, instead of detecting them')
    .option('--key <name>', KEY_HELP)
    .option('--int8', "hold the encoder's large weights in 8 bits")
    .option('--float16', 'write the weights in 16 bits: half the size, the same arithmetic')
    .option('--json', 'print one JSON document')
    .addHelpText('after', CONVERT_EXAMPLES)
    .action(async (model: string, out: string, options: ConvertOptions & JsonOption) => {
      const { convertModel } = await import('./modelsConvert.js');
      finish(await convertModel(model, out, options), options.json);
    });
}

const INIT_EXAMPLES = `
SAMUS takes over SAM's weights; its own parts start as PyTorch's defaults, drawn from the seed. The model is there to
be trained: untrained it segments nothing well.

Example:
  samus models init samus --from sam_vit_b_01ec64.pth models/samus-start --seed 7

${NOTICE}.`;

function initCommand(): Command {
  return new Command('init')
    .description('Make a model to train from the checkpoint of another')
    .argument('<architecture>', 'what to make: samus, or another one that can start from a checkpoint of another')
    .argument('<out>', 'the model folder to write')
    .requiredOption('--from <checkpoint>', 'a SAM checkpoint or model folder')
    .addOption(
      new Option('--seed <number>', 'of the weights that are drawn').argParser(parseCount('--seed', 0)).default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', INIT_EXAMPLES)
    .action(async (architecture: string, out: string, options: InitOptions & JsonOption) => {
      const { initModel } = await import('./modelsInit.js');
      finish(await initModel(architecture, out, options), options.json);
    });
}

const AVERAGE_EXAMPLES = `
For checkpoints of one training, one after the other: their mean often segments better than each of them. Models that were
trained apart have no useful mean.

Example:
  samus models average run-1/best run-2/best run-3/best --out models/mean

${NOTICE}.`;

function averageCommand(): Command {
  return new Command('average')
    .description('Make one model of the mean weights of several checkpoints')
    .argument('<models...>', `two or more, each ${MODEL_NAMES}`)
    .requiredOption('--out <folder>', 'the model folder to write')
    .option('--json', 'print one JSON document')
    .addHelpText('after', AVERAGE_EXAMPLES)
    .action(async (models: string[], { out, json }: { readonly out: string } & JsonOption) => {
      const { averageModels } = await import('./modelsAverage.js');
      finish(await averageModels(models, out), json);
    });
}

const INFO_EXAMPLES = `
gflop is what the image encoder takes for one image, two for each multiply-add of its products; trainable are the
weights that the published recipe moves.

Examples:
  samus models info models/samus-b
  samus models info sam_vit_b_01ec64.pth --json

${NOTICE}.`;

function infoCommand(): Command {
  return new Command('info')
    .description('Tell what a model is: architecture, sizes, cost, files, licence')
    .argument('[model]', 'a model folder, a .pth or .safetensors file, or a bundled name', DEFAULT_MODEL)
    .option('--key <name>', KEY_HELP)
    .option('--json', 'print one JSON document')
    .addHelpText('after', INFO_EXAMPLES)
    .action(async (name: string, { json, ...options }: LoadOptions & JsonOption) => {
      const { describeModel } = await import('./modelsInfo.js');
      finish(await describeModel(name, options), json);
    });
}

const CHECK_EXAMPLES = `
The metadata of the file names the model and its sizes; its weights are the tensors weights.*. Everything else in it is computed
again: output, act.* (intermediate results), loss, grad.* and after.* (running statistics) of one training step without dropout.

Example:
  samus models check unet-tiny.safetensors --json

${NOTICE}.`;

function checkCommand(): Command {
  return new Command('check')
    .description('Compare a model with reference tensors of another implementation')
    .argument('<file>', 'a .safetensors file with weights, inputs and results')
    .option('--weights <model>', `the model, where the file has no weights: ${MODEL_NAMES}`)
    .option('--outputs <file>', 'write the computed tensors to this .safetensors file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (file: string, { json, ...options }: CheckOptions & JsonOption) => {
      const { checkModel } = await import('./modelsCheck.js');
      finish(await checkModel(file, options), json);
    });
}
