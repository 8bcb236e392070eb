/**
 * The `last` checkpoint of a run: what it goes on from. There is one before the first step, so that nothing outside
 * the run's folder decides how an interrupted run goes on.
 */
import { float32, type StateDict, type TensorData } from '../graph/tensorData.js';
import type { ParameterInfo } from '../nn/parameters.js';
import type { Position, Validation } from './position.js';
import { RUN_FILES } from './runFolder.node.js';
import type { TrainingConfig } from './trainingConfig.js';
import { type TrainingState, writeCheckpoint } from './trainingState.node.js';

/** What a checkpoint is made of. */
export interface CheckpointSource {
  readonly folder: string;
  readonly config: TrainingConfig;
  readonly state: TrainingState;
  /** Weights that are not trained. */
  readonly frozen: StateDict;
  readonly trained: readonly ParameterInfo[];
  /** Text of the model card of a checkpoint. */
  readonly card: (position: Position, validation?: Validation) => string;
}

/** All weights of the model as they are now; where a running mean is kept, it stands for the weight. */
export function weightsOf({ frozen, state, trained }: CheckpointSource): Map<string, TensorData> {
  const tensors = new Map(frozen);
  for (const { name, shape } of trained) {
    const { weight, mean } = state.states.get(name)!;
    tensors.set(name, float32(mean ?? weight, shape));
  }
  return tensors;
}

/** @throws SamusError DISK_FULL, FILE_UNWRITABLE; then the one that was there stays */
export async function writeLast(source: CheckpointSource, position: Position): Promise<void> {
  const { folder, config, state, card } = source;
  const model = { config: config.model, tensors: weightsOf(source), card: card(position) };
  await writeCheckpoint(folder, RUN_FILES.last, model, { position, states: state.states });
}
