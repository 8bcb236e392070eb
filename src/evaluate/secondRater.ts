/**
 * A second person's labels, measured like a model's masks: their agreement is the ceiling for judging models.
 */
import type { Sample, SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import { resizeNearest } from '../formats/resize.js';
import { type Comparison, compareEvaluations } from './compare.js';
import { type CaseSource, type EvaluateOptions, type Evaluation, evaluate } from './evaluate.js';
import { classMask } from './evaluationCase.js';
import type { PromptableModel } from './promptableModel.js';
import { type EvaluationSummary, summariseEvaluation } from './summary.js';

/** Labels as class indices. */
interface LabelSource {
  readLabel(sample: Sample): Promise<Image>;
}

/** The agreement of a second rater with the labels. */
export interface RaterResult {
  readonly evaluation: Evaluation;
  readonly summary: EvaluationSummary;
  /** Samples of the list that the second rater has no label of. */
  readonly missing: number;
}

export interface JudgedRater extends RaterResult {
  /** Each model less the second rater, on the samples of both. */
  readonly comparisons: readonly Comparison[];
}

const NAME = 'second rater';

/**
 * Measures the second rater's labels like a model's masks. Samples without a second label count nowhere.
 * @throws SamusError as evaluate
 */
export async function evaluateRater(
  rater: LabelSource,
  source: CaseSource & LabelSource,
  list: SampleList,
  options: EvaluateOptions,
): Promise<RaterResult> {
  const { clickMode, noise, ...others } = options;
  const protocol: EvaluateOptions = { ...others, prompt: { kind: 'none' }, clicks: 0, draws: 0, clean: false };
  const evaluation = await evaluate(raterModel(rater, source), source, list, protocol);
  const failures = evaluation.failures.filter(({ error }) => error.code !== 'DATA_FILE_MISSING');
  const known = { ...evaluation, failures };
  return {
    evaluation: known,
    summary: summariseEvaluation(known, list, source, options.seed),
    missing: evaluation.failures.length - failures.length,
  };
}

/** The second rater with comparisons. @param seed of the intervals */
export function judgedRater(
  rater: RaterResult,
  evaluations: readonly Evaluation[],
  list: SampleList,
  seed: number,
): JudgedRater {
  const comparisons = evaluations.map((evaluation) => compareEvaluations(rater.evaluation, evaluation, list, seed));
  return { ...rater, comparisons };
}

function raterModel(rater: LabelSource, source: LabelSource): PromptableModel {
  return {
    name: NAME,
    async look({ width, height }, sample) {
      if (!sample) throw new Error('a second rater answers for samples only');
      const [label, first] = await Promise.all([rater.readLabel(sample), source.readLabel(sample)]);
      if (label.width !== first.width || label.height !== first.height) {
        const message = `expected the second label of ${sample.dataset}/${sample.name} to have the size of the first, ${first.width}x${first.height}, got ${label.width}x${label.height}`;
        throw new SamusError('DATA_SIZE_MISMATCH', message, 'correct the label, or remove it');
      }
      const { data } = resizeNearest(label, width, height);
      return async (prompts, { logits }) =>
        prompts.map(({ classId = 1 }) => {
          const mask = classMask(data, classId);
          const answer = { mask, score: Number.NaN, lowResLogits: new Float32Array(0) };
          return logits ? { ...answer, logits: Float32Array.from(mask, (inside) => (inside === 1 ? 1 : -1)) } : answer;
        });
    },
  };
}
