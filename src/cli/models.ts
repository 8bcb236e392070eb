/**
 * Options of `samus models`. Imports little, so that help and usage errors are instant; the work is in
 * modelsConvert.ts, modelsInit.ts, modelsAverage.ts, modelsInfo.ts, modelsExport.ts and modelsCheck.ts, for the hub in modelsHub.ts.
 */
import { Command, Option } from 'commander';
import { DTYPES, FORMATS } from '../export/options.js';
import { architectures } from '../models/registry.js';
import type { ModelSelection } from '../predict/loadModel.node.js';
import { DEFAULT_MODEL, MODEL_NAMES } from './modelOptions.js';
import type { CheckOptions } from './modelsCheck.js';
import type { ConvertOptions } from './modelsConvert.js';
import type { ExportOptions } from './modelsExport.js';
import { pullCommand, pushCommand } from './modelsHub.js';
import type { InitOptions } from './modelsInit.js';
import { NOTICE } from './packageInfo.js';
import { parseCount } from './promptOptions.js';
import { finish } from './run.js';

interface JsonOption {
  readonly json?: boolean;
}

export function modelsCommand(): Command {
  const models = new Command('models').description('Import, create, describe, export and share models');
  for (const command of [
    convertCommand(),
    initCommand(),
    averageCommand(),
    infoCommand(),
    exportCommand(),
    checkCommand(),
    pullCommand(),
    pushCommand(),
  ])
    models.addCommand(command);
  return models.addHelpText('after', `\n${NOTICE}.`);
}

const KEY_HELP = 'in a checkpoint with several models: the key of one, or its tensor name prefix';

const CONVERT_EXAMPLES = `
Tensor names and shapes determine architecture and sizes; use --config if detection fails. --int8 stores the large
weights of the image encoder in 8 bits: a quarter of the size and faster on a CPU, with slightly different masks. An
int8 model cannot be trained.

Examples:
  samus models convert sam_vit_b_01ec64.pth models/sam-b
  samus models convert SAMUS_best.pth models/samus-b --json
  samus models convert SAMUS_best.pth models/samus-b-int8 --int8
  samus models convert runs/mine/best models/mine --float16

${NOTICE}.`;

function convertCommand(): Command {
  return new Command('convert')
    .description('Convert a model or a checkpoint to a model folder')
    .argument('<model>', MODEL_NAMES)
    .argument('<out>', 'the model folder to write')
    .option('--config <file>', 'a config.json with the sizes or the name of a preset, instead of detecting them')
    .option(
      '--base <checkpoint>',
      'for a checkpoint of trained weights only (SAMed): the model that they were trained from',
    )
    .option('--key <name>', KEY_HELP)
    .option('--int8', "store the encoder's large weights in 8 bits")
    .option('--float16', 'store the weights in 16 bits: half the size, still computed in float32')
    .option('--json', 'print one JSON document')
    .addHelpText('after', CONVERT_EXAMPLES)
    .action(async (model: string, out: string, options: ConvertOptions & JsonOption) => {
      const { convertModel } = await import('./modelsConvert.js');
      finish(await convertModel(model, out, options), options.json);
    });
}

const INIT_EXAMPLES = `
SAMUS starts from SAM's weights; its other parts get PyTorch's default initialisation, drawn from the seed. Train the
model before use: untrained, it segments nothing well.

Example:
  samus models init samus --from sam_vit_b_01ec64.pth models/samus-start --seed 7
  samus models init transfuse-b models/transfuse-start --backbone resnet34-333f7ec4.pth deit_small_patch16_224-cd65a155.pth

${NOTICE}.`;

const STARTABLE = architectures()
  .flatMap(({ id, startFrom }) => (startFrom ? [id] : []))
  .sort()
  .join(' or ');

function initCommand(): Command {
  return new Command('init')
    .description("Create a model to train from another architecture's checkpoint or from pretrained backbones")
    .argument('<architecture>', `the architecture to create: ${STARTABLE}; with --backbone the preset of a network`)
    .argument('<out>', 'the model folder to write')
    .option('--from <checkpoint>', 'a checkpoint or model folder of another architecture, such as SAM')
    .option(
      '--backbone <files...>',
      'files of pretrained weights that parts of a network start from, separated by spaces or commas',
    )
    .addOption(
      new Option('--seed <number>', 'seed of the random weights').argParser(parseCount('--seed', 0)).default(1),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', INIT_EXAMPLES)
    .action(async (architecture: string, out: string, options: InitOptions & JsonOption) => {
      const { initModel } = await import('./modelsInit.js');
      finish(await initModel(architecture, out, options), options.json);
    });
}

const AVERAGE_EXAMPLES = `
Averages successive checkpoints of one training; the mean often segments better than each of them. Models from
independent trainings have no useful mean.

Example:
  samus models average run-1/best run-2/best run-3/best --out models/mean

${NOTICE}.`;

function averageCommand(): Command {
  return new Command('average')
    .description('Average the weights of several checkpoints into one model')
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
gflop is the cost of the image encoder for one image, counting two operations per multiply-add; trainable counts the
weights that the published recipe trains.

Examples:
  samus models info models/samus-b
  samus models info sam_vit_b_01ec64.pth --json

${NOTICE}.`;

function infoCommand(): Command {
  return new Command('info')
    .description('Describe a model: architecture, sizes, cost, files, licence')
    .argument('[model]', MODEL_NAMES, DEFAULT_MODEL)
    .option('--key <name>', KEY_HELP)
    .option('--json', 'print one JSON document')
    .addHelpText('after', INFO_EXAMPLES)
    .action(async (name: string, { json, ...options }: ModelSelection & JsonOption) => {
      const { describeModel } = await import('./modelsInfo.js');
      finish(await describeModel(name, options), json);
    });
}

const EXPORT_EXAMPLES = `
onnx: encoder.onnx and decoder.onnx with the tensor names of SAM's public export, or network.onnx of a network for classes, with
README.md and model.json, which say how to feed them. Standard ONNX operators only, any number of images at once.

triton: a model repository for Triton Inference Server, with an ensemble of encoder and decoder; OUT may have other models.

transformers.js: the layout of SAM 2 for @huggingface/transformers, in Node and browsers; for SAM, SAMUS and MSA. Without --dtype it has
all types.

--dtype float16 stores the weights in 16 bits and computes in 32; q8 stores the large weights of the image encoder in 8 bits (one
image at a time).

Examples:
  samus models export samus-s export/samus-s --format onnx
  samus models export sam_vit_b_01ec64.pth export/sam-b --format onnx --dtype q8 --json
  samus models export samus-s repository --format triton
  samus models export samus-s export/samus-s-js --format transformers.js

${NOTICE}.`;

function exportCommand(): Command {
  return new Command('export')
    .description('Write a model in a form that other programs run')
    .argument('<model>', MODEL_NAMES)
    .argument('<out>', 'the folder to write')
    .addOption(new Option('--format <format>', 'what to write').choices(FORMATS).makeOptionMandatory())
    .addOption(
      new Option('--dtype <type>', 'how weights are stored (default: float32; all for transformers.js)').choices(
        DTYPES,
      ),
    )
    .option('--key <name>', KEY_HELP)
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXPORT_EXAMPLES)
    .action(async (model: string, out: string, { json, ...options }: ExportOptions & JsonOption) => {
      const { exportForOthers } = await import('./modelsExport.js');
      finish(await exportForOthers(model, out, options), json);
    });
}

const CHECK_EXAMPLES = `
The metadata of the file names the model and its sizes; its weights are the tensors weights.*. Everything else is computed
again: output, act.* (intermediate results), loss, grad.* and after.* (running statistics) of one training step without dropout.

Example:
  samus models check unet-tiny.safetensors --json

${NOTICE}.`;

function checkCommand(): Command {
  return new Command('check')
    .description('Compare a model with reference tensors of another implementation')
    .argument('<file>', 'a .safetensors file with weights, inputs and results')
    .option('--weights <model>', `the model, if the file has no weights: ${MODEL_NAMES}`)
    .option('--outputs <file>', 'write the computed tensors to this .safetensors file')
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (file: string, { json, ...options }: CheckOptions & JsonOption) => {
      const { checkModel } = await import('./modelsCheck.js');
      finish(await checkModel(file, options), json);
    });
}
