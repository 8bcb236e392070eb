/**
 * The work of `samus models convert`: converts a checkpoint of the public PyTorch code to a model folder.
 */
import { basename, extname } from 'node:path';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { toFloat16 } from '../formats/halfFloat.js';
import type { CheckpointDict } from '../formats/torchCheckpoint.js';
import type { TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { parseConfig } from '../models/configFile.js';
import { findModel } from '../models/findModel.js';
import { parametersOf } from '../models/graphs.js';
import { modelFromParts } from '../models/model.js';
import { quantise } from '../models/quantise.js';
import { architectureOf, presets } from '../models/registry.js';
import { completedFrom, findPartial } from '../models/startFrom.js';
import { Random } from '../nn/random.js';
import type { ModelSelection } from '../predict/loadModel.node.js';
import type { Model } from '../predict/types.js';
import { checkModelOutput, saveModel } from './modelFolderOutput.js';
import { readConfigFile, readModel } from './openModel.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface ConvertOptions {
  /** Path of a config.json, or the name of a preset. */
  readonly config?: string;
  /** The model that the trained weights of a partial checkpoint started from. */
  readonly base?: string;
  /** Selects a model in a checkpoint with several. */
  readonly key?: string;
  /** Store the encoder's large weights in 8 bits. */
  readonly int8?: boolean;
  /** Store weights in 16 bits. */
  readonly float16?: boolean;
}

/**
 * Reads a checkpoint and writes it as a model folder.
 * @throws SamusError OUTPUT_IS_INPUT; what reading, checking and writing throw; CONFIG_UNREADABLE, CONFIG_INVALID;
 *   MODEL_QUANTISED if the model is already quantised to 8 bits
 */
export async function convertModel(checkpoint: string, out: string, options: ConvertOptions): Promise<Outcome> {
  await checkModelOutput(
    out,
    [checkpoint, ...(options.base === undefined ? [] : [options.base])],
    options.config === undefined || presets().has(options.config) ? [] : [options.config],
  );
  const model = await modelOf(checkpoint, options);
  const card = model.card ?? cardOf(model, checkpoint);
  if (!options.int8) return saveModel(out, options.float16 ? halved(model) : model, card);
  const rounded = await withProgress('rounding to 8 bits', async () => quantise(model.config, model.tensors));
  const small = { ...model, ...rounded };
  return saveModel(out, options.float16 ? halved(small) : small, `${card}\n${INT8_NOTE}`);
}

/**
 * Halves the file size; computation stays in float32. Fixed tables keep their precision: they are small, and the
 * position frequencies among them are multiplied by pixel coordinates.
 */
export function halved(model: Model): Model {
  const tables = new Set(parametersOf(model.config).flatMap(({ name, buffer }) => (buffer ? [name] : [])));
  const tensors = [...model.tensors].map(([name, tensor]): [string, TensorData] => [
    name,
    tensor.dtype === 'float32' && !tables.has(name) ? toFloat16(tensor) : tensor,
  ]);
  return { ...model, tensors: new Map(tensors) };
}

/** Appended to the model card. */
const INT8_NOTE = `The large weights of the image encoder are stored in 8 bits (\`samus models convert --int8\`): the masks differ slightly
from those of the original model.
`;

function modelOf(checkpoint: string, options: ConvertOptions): Promise<Model> {
  const { base, config } = options;
  if (base !== undefined) return readCompleted(checkpoint, base, config);
  return config === undefined ? readModel(checkpoint, options) : readWithConfig(checkpoint, config, options);
}

/** Trained weights alone, with the rest of the model that they were trained from. */
async function readCompleted(checkpoint: string, base: string, named: string | undefined): Promise<Model> {
  const sizes = named === undefined ? undefined : await namedConfig(named);
  const { tensors } = await withProgress(`reading ${checkpoint}`, () =>
    readCheckpointFile(checkpoint, { choose: findPartial }),
  );
  const whole = await readModel(base);
  // Nothing is drawn: the checkpoint has all trained weights.
  return { name: modelName(checkpoint), ...completedFrom(whole, tensors, Random.seeded(1), sizes) };
}

async function namedConfig(named: string): Promise<ModelConfig> {
  return presets().get(named) ?? parseConfig(await readConfigFile(named)).config;
}

function modelName(checkpoint: string): string {
  return basename(checkpoint, extname(checkpoint));
}

async function readWithConfig(checkpoint: string, named: string, { key }: ModelSelection): Promise<Model> {
  const config = presets().get(named) ?? (await readConfigFile(named));
  const choose = (dicts: readonly CheckpointDict[]) => findModel(dicts, key);
  const { tensors } = await withProgress(`reading ${checkpoint}`, () => readCheckpointFile(checkpoint, { choose }));
  const model = modelFromParts(modelName(checkpoint), config, tensors);
  for (const warning of model.warnings ?? []) warn(warning);
  return model;
}

function cardOf({ name, config }: Model, checkpoint: string): string {
  return `# ${name}

${NOTICE}.

Imported from the checkpoint \`${basename(checkpoint)}\` (${architectureOf(config).title}). Its licence,
training data and quality are not recorded here: see the source of the checkpoint.
`;
}
