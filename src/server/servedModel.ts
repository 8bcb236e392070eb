/**
 * The models that a server serves: what it says of them, and where their files lie. The weights are not kept here;
 * the inference threads read them.
 */
import { basename } from 'node:path';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { licenceIn } from '../formats/modelCard.js';
import { MODEL_FILES } from '../formats/modelFolder.node.js';
import { sizeOf } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { parametersOf } from '../models/graphs.js';
import { loadModel } from '../predict/loadModel.node.js';

export interface ServedModel {
  readonly name: string;
  /** What loadModel takes. */
  readonly source: string;
  readonly config: ModelConfig;
  readonly parameters: number;
  readonly licence?: string;
  /** Paths of the files of a model folder, by name; empty for a checkpoint file. */
  readonly files: ReadonlyMap<string, string>;
}

/** A name becomes part of URLs, and of the names of the Open Inference Protocol's models. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const FILES: readonly string[] = Object.values(MODEL_FILES);

/**
 * Reads each model once, so that one that cannot be used is an error at the start.
 * @throws SamusError MODEL_NAME, MODEL_NAME_TWICE, and what reading a model throws
 */
export async function describeModels(sources: readonly string[]): Promise<ServedModel[]> {
  const models: ServedModel[] = [];
  for (const source of sources) {
    const model = await describe(source);
    if (!NAME.test(model.name))
      throw nameError('MODEL_NAME', `expected a model name that can be part of a URL, got ${model.name}`);
    if (models.some(({ name }) => name === model.name)) {
      throw nameError('MODEL_NAME_TWICE', `expected different names of models, got ${model.name} twice`);
    }
    models.push(model);
  }
  return models;
}

async function describe(source: string): Promise<ServedModel> {
  const { name, config, card, files = [] } = await loadModel(source);
  const weights = parametersOf(config).filter(({ buffer, dtype }) => !buffer || dtype === 'int8');
  const parameters = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const licence = licenceIn(card);
  const known = files.map((path): [string, string] => [basename(path), path]).filter(([file]) => FILES.includes(file));
  // A checkpoint file with such a name is not a model folder.
  const folder = known.length > 1 ? known : [];
  return { name, source, config, parameters, ...(licence !== undefined && { licence }), files: new Map(folder) };
}

/** The model of a name, without one the first. @throws SamusError MODEL_UNKNOWN */
export function servedModel(models: readonly ServedModel[], name: string | undefined): ServedModel {
  const model = name === undefined ? models[0] : models.find((served) => served.name === name);
  if (model) return model;
  const names = models.map((served) => served.name);
  const hint = `served are: ${names.join(', ')}`;
  throw new SamusError('MODEL_UNKNOWN', 'expected a model that is served, got another name', hint, { models: names });
}

function nameError(code: ErrorCode, what: string): SamusError {
  const hint = 'rename the folder or the file: letters, digits, dots, dashes and underscores';
  return new SamusError(code, `expected unique model names that are valid in URLs; ${what}`, hint);
}
