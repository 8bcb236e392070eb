/**
 * Runs a model over a list and measures every answer. Images stream: a few are in work at a time, so that one is
 * decoded and another measured while the model computes, and none is kept. summary.ts computes the statistics,
 * report/ draws them.
 */
import type { Sample, SampleList } from '../data/sampleList.js';
import { SamusError } from '../errors.js';
import { answerImage, type Dialogue, type Protocol } from './answerImage.js';
import { ConfusionMatrix, combineClasses } from './combineClasses.js';
import { atSize, classMask, type LabelledCase, PUBLISHED_SIZE } from './evaluationCase.js';
import { imageGroups } from './imageGroups.js';
import { maskMetrics } from './metrics.js';
import { confusionOf, overlapMetrics } from './metricsOverlap.js';
import type { EvaluationPrompt, PromptableModel } from './promptableModel.js';
import { type AbsentPrompt, absentClick } from './promptPlan.js';
import { ResultTable, type RowValues } from './resultTable.js';

/** A source of labelled images, such as a dataset of data/. */
export interface CaseSource {
  /** @param options `colour`: whether a colour image keeps its colours, for models that see them; default: it becomes grey */
  read(sample: Sample, options?: { readonly colour: boolean }): Promise<LabelledCase>;
  classes(dataset: string): { readonly count: number; readonly names: readonly string[] };
}

export interface EvaluateOptions extends Protocol {
  /** Evaluate at the size that is stored instead of 256×256. */
  readonly native: boolean;
  /** How images whose label lacks the class are asked; `centre` unless given. */
  readonly absentPrompt?: AbsentPrompt;
  /** Flips of the image over which the model takes the mean of its logits; for the report. */
  readonly flips?: readonly string[];
  readonly tolerancePx: number;
  readonly toleranceMm: number;
  /** Called after each image: samples done or failed, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the run after the images in work. */
  readonly signal?: AbortSignal;
}

/** A sample that could not be evaluated, and why. */
export interface Failure {
  readonly sample: Sample;
  readonly error: SamusError;
}

export interface Evaluation {
  readonly model: string;
  readonly table: ResultTable;
  /** In the order of the list. */
  readonly failures: readonly Failure[];
  /** By dataset, where several classes of an image were evaluated: pixels after overlaps are resolved. */
  readonly confusions: ReadonlyMap<string, ConfusionMatrix>;
  readonly images: number;
  readonly wallMs: number;
}

/** Images in work at a time: one read, one in the model, one measured. */
const IN_WORK = 3;

/**
 * Evaluates a model on a list. An image that cannot be read or answered is a failure of its samples and stops nothing.
 * @throws SamusError EVALUATE_EMPTY, EVALUATE_ALL_FAILED if no sample could be evaluated, INTERRUPTED, and what this
 *   machine cannot do
 */
export async function evaluate(
  model: PromptableModel,
  source: CaseSource,
  list: SampleList,
  options: EvaluateOptions,
): Promise<Evaluation> {
  if (list.length === 0) {
    throw new SamusError('EVALUATE_EMPTY', 'expected samples in the list, got none', 'name another list');
  }
  const started = performance.now();
  const table = new ResultTable(list.length, Math.max(1, options.draws), options.clicks + 1, options.noise);
  const confusions = new Map<string, ConfusionMatrix>();
  const failed = new Map<number, SamusError>();
  const groups = imageGroups(list);
  let [images, done, stopped] = [0, 0, false];
  const work = async (): Promise<void> => {
    for (let next = groups.next(); !next.done && !stopped; next = groups.next()) {
      if (options.signal?.aborted) throw interrupted();
      const group = next.value;
      try {
        await evaluateImage(model, source, list, group, options, table, confusions);
        images++;
      } catch (error) {
        if (!(error instanceof SamusError) || error.kind === 'machine' || error.kind === 'interrupted') throw error;
        for (const index of group) failed.set(index, error);
      }
      done += group.length;
      options.onProgress?.(done, list.length);
    }
  };
  const workers = Array.from({ length: IN_WORK }, () =>
    work().catch((error: unknown) => {
      stopped = true;
      throw error;
    }),
  );
  // All must end before an error is thrown, so that the model is not used after its owner has disposed of it.
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  const failures = [...failed].sort(([a], [b]) => a - b).map(([index, error]) => ({ sample: list.at(index), error }));
  if (failures.length === list.length) throw allFailed(failures);
  return { model: model.name, table, failures, confusions, images, wallMs: performance.now() - started };
}

async function evaluateImage(
  model: PromptableModel,
  source: CaseSource,
  list: SampleList,
  group: readonly number[],
  options: EvaluateOptions,
  table: ResultTable,
  confusions: Map<string, ConfusionMatrix>,
): Promise<void> {
  const first = list.at(group[0]!);
  const evaluated = await readCase(model, source, first, options.native);
  const { width, height, label, spacingMm, patient } = evaluated;
  const asked = [...new Set(group.map((index) => list.at(index).classId))];
  const classIds = asked.filter((classId) => label.includes(classId));
  const seen = lookedOnce(model, first);
  const about = {
    pixelMm2: spacingMm ? spacingMm[0] * spacingMm[1] : Number.NaN,
    image: group[0]!,
    ...(patient !== undefined && { patient: `${first.dataset}/${patient}` }),
  };
  if (classIds.length < asked.length) {
    const absent = group.filter((index) => !classIds.includes(list.at(index).classId));
    const prompts = absent.map((index) => promptOfAbsent(options, label, width, list.at(index)));
    const answering = await seen.look(evaluated.image);
    const answers = await answering(prompts, { logits: false, clean: options.clean ?? false });
    for (const [i, index] of absent.entries()) {
      const { mask, presence } = answers[i]!;
      table.setAbsent(index, about, mask.includes(1), presence);
    }
  }
  const several = classIds.length > 1;
  const samples = classIds.map((classId) => ({ ...first, classId }));
  const dialogues = await answerImage(seen, evaluated, samples, options, several);
  const combined = several ? combinedByDraw(dialogues) : new Map<number, Uint8Array>();
  if (several) {
    const { count } = source.classes(first.dataset);
    const matrix = confusions.get(first.dataset) ?? new ConfusionMatrix(count);
    confusions.set(first.dataset, matrix);
    for (const map of combined.values()) matrix.add(label, map);
  }
  const measured = dialogues.map(({ sample, draw, truth, answer, overlaps, noisy }) => {
    const { truePositive, falsePositive, falseNegative } = overlaps[overlaps.length - 1]!;
    const { mask, score, presence = Number.NaN } = answer;
    const map = combined.get(draw);
    const values: RowValues = {
      metrics: maskMetrics(mask, truth, width, height, { ...options, ...(spacingMm && { spacingMm }) }),
      score,
      presence,
      truthArea: truePositive + falseNegative,
      predictedArea: truePositive + falsePositive,
      commonArea: truePositive,
      turnDice: overlaps.map((overlap) => overlapMetrics(overlap).dice),
      turnIou: overlaps.map((overlap) => overlapMetrics(overlap).iou),
      noiseDice: noisy.map((overlap) => overlapMetrics(overlap).dice),
      combinedDice: map ? overlapMetrics(confusionOf(classMask(map, sample.classId), truth)).dice : Number.NaN,
    };
    return { classId: sample.classId, values };
  });
  for (const index of group) {
    const { classId } = list.at(index);
    if (!classIds.includes(classId)) continue;
    const rows = measured.filter((row) => row.classId === classId).map(({ values }) => values);
    table.set(index, about, rows);
  }
}

function promptOfAbsent(options: EvaluateOptions, label: Uint8Array, width: number, sample: Sample): EvaluationPrompt {
  const { prompt, absentPrompt = 'centre' } = options;
  if (prompt.kind === 'none' || prompt.kind === 'auto' || absentPrompt === 'auto')
    return { points: [], classId: sample.classId };
  return absentClick(absentPrompt, label, width, sample, options.seed);
}

/** The model for one image, which it encodes once however often it is asked to look. */
function lookedOnce(model: PromptableModel, sample: Sample): PromptableModel {
  let answering: ReturnType<PromptableModel['look']> | undefined;
  return {
    name: model.name,
    look: (image) => {
      answering ??= model.look(image, sample);
      return answering;
    },
  };
}

/** The case of a sample as a model sees it, at the size that is evaluated. */
export async function readCase(
  { colour = false }: Pick<PromptableModel, 'colour'>,
  source: CaseSource,
  sample: Sample,
  native: boolean,
): Promise<LabelledCase> {
  return atSize(await source.read(sample, { colour }), native ? undefined : PUBLISHED_SIZE);
}

/** The label map of each draw, overlaps resolved. */
function combinedByDraw(dialogues: readonly Dialogue[]): Map<number, Uint8Array> {
  const maps = new Map<number, Uint8Array>();
  for (const draw of new Set(dialogues.map((one) => one.draw))) {
    const ofDraw = dialogues.filter((one) => one.draw === draw);
    const logits = ofDraw.map(({ answer }) => answer.logits);
    const there = logits.filter((map) => map !== undefined);
    if (there.length < logits.length) throw new Error('expected logits of every prompt, got fewer');
    maps.set(
      draw,
      combineClasses(
        ofDraw.map(({ sample }) => sample.classId),
        there,
      ),
    );
  }
  return maps;
}

function interrupted(): SamusError {
  return new SamusError('INTERRUPTED', 'the evaluation was interrupted', 'run it again');
}

function allFailed(failures: readonly Failure[]): SamusError {
  const { sample, error } = failures[0]!;
  return new SamusError(
    'EVALUATE_ALL_FAILED',
    `all ${failures.length} samples failed; the first, ${sample.dataset}/${sample.name}: ${error.message}`,
    error.hint,
    { samples: failures.length, first: { dataset: sample.dataset, name: sample.name, code: error.code } },
  );
}
