/**
 * Checkpoints of a training: a model folder that anyone can use, and beside the model what it takes to go on as if
 * nothing had happened. Buffers, such as running statistics, are part of the model. The random numbers of a training are
 * functions of the seed, the step, and the sample or layer, so that the number of the step is all there is to remember.
 */
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { readCheckpointFile } from '../formats/checkpointFile.node.js';
import { exists } from '../formats/fileSystem.node.js';
import { writeModelFolder } from '../formats/modelFolder.node.js';
import { writeSafetensorsFile } from '../formats/safetensorsFile.node.js';
import { float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { serialiseConfig } from '../models/configFile.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { WeightState } from './optimiser.js';
import type { Position, Validation } from './position.js';
import { RUN_FILES, recover, replaceFolder, START_AGAIN } from './runFolder.node.js';
import type { Stepper } from './stepper.js';
import type { TrainingConfig } from './trainingConfig.js';

export interface TrainingState {
  readonly position: Position;
  readonly states: ReadonlyMap<string, WeightState>;
}

/** What a checkpoint is made of. */
export interface CheckpointSource {
  readonly folder: string;
  readonly config: TrainingConfig;
  readonly stepper: Pick<Stepper, 'weights' | 'states'>;
  /** Text of the model card of a checkpoint. */
  readonly card: (position: Position, validation?: Validation) => string;
}

/** Names of the tensors in the state file begin with what they are of a weight. */
const PARTS = ['weight', 'first', 'second', 'mean'] as const;

const FORMAT = 'samus-training-1';

/** Writes a model of a run, `best` or `last`. Without a state it is a model only. */
export async function writeCheckpoint(
  run: string,
  name: string,
  model: { readonly config: ModelConfig; readonly tensors: StateDict; readonly card: string },
  state?: TrainingState,
): Promise<void> {
  await replaceFolder(run, name, async (folder) => {
    await writeModelFolder(folder, { ...model, config: serialiseConfig(model.config) });
    if (!state) return;
    const tensors = new Map<string, TensorData>();
    for (const [weight, values] of state.states) {
      for (const part of PARTS) {
        const data = values[part];
        if (data) tensors.set(`${part}.${weight}`, float32(data, [data.length]));
      }
    }
    const metadata = new Map([
      ['format', FORMAT],
      ['position', JSON.stringify(state.position)],
    ]);
    await writeSafetensorsFile(join(folder, RUN_FILES.state), tensors, metadata);
  });
}

/**
 * Writes the checkpoint that the run goes on from. There is one before the first step, so that nothing outside the run's
 * folder decides how an interrupted run goes on.
 * @throws SamusError DISK_FULL, FILE_UNWRITABLE; then the one that was there stays
 */
export async function writeLast(
  { folder, config, stepper, card }: CheckpointSource,
  position: Position,
): Promise<void> {
  const model = { config: config.model, tensors: stepper.weights(), card: card(position) };
  await writeCheckpoint(folder, RUN_FILES.last, model, { position, states: stepper.states });
}

/**
 * The state of the last checkpoint of a run, or undefined if there is none yet.
 * @param trained the weights that are trained
 * @throws SamusError TRAIN_STATE_INVALID, and what reading the file throws
 */
export async function readTrainingState(
  run: string,
  trained: readonly ParameterInfo[],
  ema: boolean,
): Promise<TrainingState | undefined> {
  await recover(run, RUN_FILES.last);
  const path = join(run, RUN_FILES.last, RUN_FILES.state);
  if (!(await exists(path))) return undefined;
  const { tensors, metadata } = await readCheckpointFile(path);
  if (metadata.get('format') !== FORMAT) throw invalid(path, `its format is not ${FORMAT}`);
  const take = (part: string, { name, shape }: ParameterInfo): Float32Array => {
    const tensor = tensors.get(`${part}.${name}`);
    if (tensor?.dtype === 'float32' && tensor.data.length === sizeOf(shape)) return tensor.data;
    throw invalid(path, `${part}.${name} is missing or of another size`);
  };
  const states = trained.map((info): [string, WeightState] => [
    info.name,
    {
      weight: take('weight', info),
      first: take('first', info),
      second: take('second', info),
      ...(ema && { mean: take('mean', info) }),
    },
  ]);
  return { position: parsePosition(metadata.get('position') ?? '', path), states: new Map(states) };
}

function parsePosition(text: string, path: string): Position {
  const fields = positionFields(text, path);
  const { step, validated, best = null, sinceBest, seconds, lists } = fields;
  const numbers = [step, validated, sinceBest, seconds];
  if (!numbers.every((value) => typeof value === 'number') || typeof lists !== 'string') {
    throw invalid(path, 'its position is incomplete');
  }
  return { step: step!, validated: validated!, best, sinceBest: sinceBest!, seconds: seconds!, lists };
}

function positionFields(text: string, path: string): Partial<Position> {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(path, 'its position is not JSON');
  }
}

function invalid(path: string, why: string): SamusError {
  return new SamusError(
    'TRAIN_STATE_INVALID',
    `expected the state of this training in ${path}, but ${why}`,
    START_AGAIN,
    { path },
  );
}
