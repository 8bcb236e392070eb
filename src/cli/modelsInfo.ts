/**
 * `samus models info`: what a model is and costs.
 */
import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import type { Json } from '../errors.js';
import { sizeOf } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/config.js';
import { multiplyAdds } from '../models/cost.js';
import { encoderGraph, parametersOf } from '../models/graphs.js';
import { isTrainable } from '../models/trainable.js';
import type { Model } from '../predict/types.js';
import { DEFAULT_MODEL, readModel } from './modelOptions.js';
import { NOTICE } from './packageInfo.js';
import { finish, type Outcome } from './run.js';

const EXAMPLES = `
gflop is what the image encoder takes for one image, two for each multiply-add of its products; trainable are the
weights that the published recipe moves.

Examples:
  samus models info models/samus-b
  samus models info sam_vit_b_01ec64.pth --json

${NOTICE}.`;

export function infoCommand(): Command {
  return new Command('info')
    .description('Tell what a model is: architecture, sizes, cost, files, licence')
    .argument('[model]', 'a model folder, a .pth or .safetensors file, or a bundled name', DEFAULT_MODEL)
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, { json }: { json?: boolean }) => {
      finish(await describe(await readModel(name)), json);
    });
}

async function describe(model: Model): Promise<Outcome> {
  const { name, config } = model;
  const { parameters, trainable } = countParameters(config);
  const gflop = Math.round((2 * multiplyAdds(Object.values(encoderGraph(config).outputs))) / 1e7) / 100;
  const files = await Promise.all((model.files ?? []).map(async (path) => ({ path, bytes: (await stat(path)).size })));
  const licence = licenceIn(model.card);
  const { architecture } = config;
  const document: Json = {
    name,
    architecture,
    config: { ...config, globalBlocks: [...config.globalBlocks] },
    parameters,
    trainable,
    gflop,
    files,
    licence,
  };
  const lines = [
    `${name}: ${architecture}, ${config.imageSize} px, ${config.tokenGrid} x ${config.tokenGrid} tokens of ${config.dim}, ${config.depth} blocks`,
    `parameters: ${parameters.toLocaleString('en')}, of which ${trainable.toLocaleString('en')} are trained`,
    `encoder: ${gflop} GFLOP for an image`,
    ...files.map(({ path, bytes }) => `file: ${path}, ${(bytes / 1e6).toFixed(1)} MB`),
    `licence: ${licence ?? 'not stated'}`,
  ];
  return { document, lines };
}

/** Weights, without tables that no training moves. */
function countParameters(config: ModelConfig): { parameters: number; trainable: number } {
  const weights = parametersOf(config).filter(({ buffer }) => !buffer);
  const count = (list: typeof weights) => list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { parameters: count(weights), trainable: count(weights.filter(({ name }) => isTrainable(config, name))) };
}

/** `license:` or `licence:` of the model card's front matter, as model hubs have it. */
function licenceIn(card: string | undefined): string | null {
  const head = card && /^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1];
  return (head && /^licen[cs]e:[ \t]*(\S.*?)\s*$/m.exec(head)?.[1]) || null;
}
