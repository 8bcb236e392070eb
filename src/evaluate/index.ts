/**
 * `samus/evaluate`: metrics of a mask, models over lists, summaries with intervals, comparisons. Works anywhere; data
 * sets in folders come from `samus/data` on Node.
 */
export { holm, type Published, parsePublished, probabilityFalse } from './claims.js';
export { type Comparison, compareEvaluations, compareToPublished, withHolm } from './compare.js';
export { type CaseSource, type EvaluateOptions, type Evaluation, evaluate, type Failure } from './evaluate.js';
export {
  DEFAULT_TOLERANCES,
  type MaskMetrics,
  METRICS,
  type MeasureOptions,
  type Metric,
  maskMetrics,
} from './metrics.js';
export { type PromptableModel, promptable } from './promptableModel.js';
export { type FirstPrompt as PromptKind, parseFirstPrompt as parsePromptKind } from './promptPlan.js';
export { type Rankings, rankModels } from './ranking.js';
export { type RiskCoverage, riskCoverage } from './reliability.js';
export { type EvaluationSummary, type GroupSummary, summariseEvaluation } from './summary.js';
