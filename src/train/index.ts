/**
 * `samus/train`: adapting a model to a few masks, wherever a runtime is. On Node index.node.ts adds trainings of folders of
 * images, which `samus train` runs.
 */
export {
  type Adaptation,
  type AdaptExample,
  type AdaptOptions,
  type AdaptProgress,
  type AdaptScores,
  adaptModel,
  LEAST_EXAMPLES,
} from './adapt.js';
export { parseTrainingConfig, type TrainingConfig } from './trainingConfig.js';
