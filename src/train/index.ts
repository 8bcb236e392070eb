/**
 * `samus/train`: adapts a model to a few masks, on any runtime. On Node, index.node.ts adds training on folders of
 * images, as in `samus train`.
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
