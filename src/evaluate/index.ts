/**
 * `samus/evaluate`: metrics of a mask, models over lists, summaries with intervals, comparisons. Works anywhere; data
 * sets in folders come from `samus/data` on Node.
 */
export { type Comparison, compareEvaluations } from './compare.js';
export { type CaseSource, type EvaluateOptions, type Evaluation, evaluate, type Failure } from './evaluate.js';
export {
  DEFAULT_TOLERANCES,
  type MaskMetrics,
  METRICS,
  type MeasureOptions,
  type Metric,
  measureMask,
} from './metrics.js';
export { type PromptableModel, promptable } from './promptableModel.js';
export { type FirstPrompt as PromptKind, parseFirstPrompt as parsePromptKind } from './promptPlan.js';
export { type EvaluationSummary, type GroupSummary, summariseEvaluation } from './summary.js';
