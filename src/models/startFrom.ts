/**
 * Starts a model of one architecture from the weights of another, if the architecture defines how.
 */
import type { StateDict, TensorData } from '../graph/tensorData.js';
import type { Random } from '../nn/random.js';
import type { Architecture, ModelConfig } from './architecture.js';
import { checkConfig } from './configFile.js';
import { parametersOf } from './graphs.js';
import { checkStateDict } from './model.js';
import { requireFloat32Weights } from './quantise.js';
import { architectures } from './registry.js';

/** A model of another architecture as the start of one. */
export interface Start {
  /**
   * The sizes that belong to those of the other model.
   * @throws SamusError CONFIG_FIELD if there are none, MODEL_QUANTISED for weights in 8 bits
   */
  config(): ModelConfig;
  /**
   * All weights of the new model.
   * @param tensors of the other model
   * @param random draws missing weights
   * @throws SamusError CHECKPOINT_TENSOR_MISSING, CHECKPOINT_TENSOR_SHAPE as {@link checkStateDict}; and what the
   *   architecture throws where the sizes do not fit, such as SAMUS_FROM_SAM
   */
  weights(tensors: StateDict, config: ModelConfig, random: Random): Map<string, TensorData>;
}

/** How a model of `target` starts from one of another architecture; undefined if it cannot. */
export function startOf(target: Architecture, from: ModelConfig): Start | undefined {
  const transfer = target.startFrom?.[from.architecture];
  if (!transfer) return undefined;
  return {
    config() {
      requireFloat32Weights(from);
      const config = transfer.config(from);
      checkConfig(config);
      return config;
    },
    weights(tensors, config, random) {
      return transfer.weights(checkStateDict(from, tensors).tensors, config, parametersOf(config), random);
    },
  };
}

/** The architectures that can start from a model of another. */
export function startableFrom(from: ModelConfig): readonly Architecture[] {
  return architectures().filter((target) => startOf(target, from) !== undefined);
}

/** The architecture that a training from a model of another has, unless it names one. */
export function defaultStart(from: ModelConfig): Architecture | undefined {
  return architectures().find(({ startFrom }) => startFrom?.[from.architecture]?.byDefault);
}
