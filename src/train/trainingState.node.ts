/**
 * Checkpoints of a training: an ordinary model folder, plus the state needed to resume exactly. Buffers, such as running
 * statistics, are part of the model. Random numbers are functions of the seed, the step, and the sample or layer, so
 * only the step number is stored.
 */
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { readCheckpointFile, writeSafetensorsFile } from '../formats/checkpointFile.node.js';
import { exists } from '../formats/fileSystem.node.js';
import { writeModelFolder } from '../formats/modelFolder.node.js';
import { float32, type StateDict, sizeOf, type TensorData } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { serialiseConfig } from '../models/configFile.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { WeightState } from './optimizer.js';
import { RUN_FILES, recover, replaceFolder, START_AGAIN } from './runFolder.node.js';
import type { Plateau } from './schedule.js';
import type { Stepper } from './stepper.js';
import type { TrainingConfig } from './trainingConfig.js';
import type { Validation } from './validate.node.js';

/** The progress of a training. */
export interface Position {
  /** Finished steps. */
  readonly step: number;
  /** The step of the last validation; -1 if none. */
  readonly validated: number;
  /** Best validation so far, and its step. */
  readonly best: { readonly dice: number; readonly step: number } | null;
  /** Validations since the best. */
  readonly sinceBest: number;
  /** Of the schedule `plateau`, once validated. */
  readonly plateau?: Plateau;
  /** Seconds of computing, over all interruptions. */
  readonly seconds: number;
  /** A short hash of the lists. */
  readonly lists: string;
}

export interface TrainingState {
  readonly position: Position;
  readonly states: ReadonlyMap<string, WeightState>;
}

/** The sources of a checkpoint. */
export interface CheckpointSource {
  readonly folder: string;
  readonly config: TrainingConfig;
  readonly stepper: Pick<Stepper, 'weights' | 'states'>;
  /** The model card of a checkpoint. */
  readonly card: (position: Position, validation?: Validation) => string;
}

/** Name prefixes of the tensors in the state file. */
const PARTS = ['weight', 'first', 'second', 'mean'] as const;

const FORMAT = 'samus-training-1';

/** Writes a model of a run, `best` or `last`, and optionally its state. */
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
 * Writes the checkpoint that the run resumes from. One is written before the first step, so that resuming depends on
 * nothing outside the run folder.
 * @throws SamusError DISK_FULL, FILE_UNWRITABLE; the previous checkpoint then stays
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
 * @param trained the trained weights
 * @throws SamusError TRAIN_STATE_INVALID, and as readCheckpointFile
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
    throw invalid(path, `${part}.${name} is missing or has another size`);
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
    throw invalid(path, 'its position is not valid JSON');
  }
}

function invalid(path: string, why: string): SamusError {
  return new SamusError('TRAIN_STATE_INVALID', `expected the state of this training in ${path}: ${why}`, START_AGAIN, {
    path,
  });
}
