/**
 * The work of `samus models info`: describes a model and its cost.
 */
import { stat } from 'node:fs/promises';
import type { Json } from '../errors.js';
import { licenceIn } from '../formats/modelCard.js';
import { sizeOf } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { configJson } from '../models/configFile.js';
import { multiplyAdds } from '../models/cost.js';
import { parametersOf, partsOf } from '../models/graphs.js';
import { architectureOf, isTrainable } from '../models/registry.js';
import type { ModelSelection } from '../predict/loadModel.node.js';
import { readModel } from './openModel.js';
import type { Outcome } from './run.js';

/** Describes a model. @throws SamusError as readModel */
export async function describeModel(path: string, options: ModelSelection = {}): Promise<Outcome> {
  const model = await readModel(path, options);
  const { name, config } = model;
  const { parameters, trainable } = countParameters(config);
  const [[part, graph]] = partsOf(config);
  const flop = 2 * multiplyAdds(Object.values(graph().outputs));
  const files = await Promise.all((model.files ?? []).map(async (path) => ({ path, bytes: (await stat(path)).size })));
  const licence = licenceIn(model.card) ?? null;
  const { architecture } = config;
  const known = architectureOf(config);
  const { task } = known;
  const document: Json = {
    name,
    architecture,
    task,
    config: configJson(config),
    parameters,
    trainable,
    gflop: flop < 1e8 ? Number((flop / 1e9).toPrecision(3)) : Math.round(flop / 1e7) / 100,
    files,
    licence,
  };
  const lines = [
    `${name}: ${architecture}, ${config.imageSize} px, ${known.describe(config)}`,
    `task: ${TASKS[task]}`,
    `parameters: ${parameters.toLocaleString('en')}; ${trainedText(config, trainable, parameters)}`,
    `${part}: ${amount(flop, ['kFLOP', 'MFLOP', 'GFLOP'])} per image${config.quantisation ? ', large weights in 8 bits' : ''}`,
    ...files.map(({ path, bytes }) => `file: ${path}, ${amount(bytes, ['kB', 'MB'], 1)}`),
    `licence: ${licence ?? 'not stated'}`,
  ];
  return { document, lines };
}

const TASKS = { prompted: 'masks from prompts', classes: 'a class map, without prompts' } as const;

function trainedText({ quantisation }: ModelConfig, trainable: number, parameters: number): string {
  if (quantisation) return 'a model in 8 bits cannot be trained';
  return `the published recipe trains ${trainable === parameters ? 'all' : trainable.toLocaleString('en')}`;
}

/** In the largest of the units, thousands of each other, of which there is at least one. */
function amount(value: number, units: readonly string[], decimals = 2): string {
  const unit = Math.max(
    0,
    units.findLastIndex((_, i) => value >= 1000 ** (i + 1)),
  );
  return `${Number((value / 1000 ** (unit + 1)).toFixed(decimals))} ${units[unit]}`;
}

/** Counts weights, int8 ones included, without fixed tables. An int8 model has no trainable ones. */
function countParameters(config: ModelConfig): { parameters: number; trainable: number } {
  const weights = parametersOf(config).filter(({ buffer, dtype }) => !buffer || dtype === 'int8');
  const count = (list: typeof weights) => list.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const trained = config.quantisation ? [] : weights.filter(({ name }) => isTrainable(config, name));
  return { parameters: count(weights), trainable: count(trained) };
}
