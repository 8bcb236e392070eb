/**
 * The work of `samus evaluate`: opens data and models, evaluates the models one after another, and writes the report.
 */
import { join } from 'node:path';
import { type Dataset, openDataset } from '../data/dataset.node.js';
import { type Sample, type SampleList, sampleOrigin } from '../data/sampleList.js';
import { listed, SamusError } from '../errors.js';
import type { Published } from '../evaluate/claims.js';
import { compareEvaluations, compareToPublished, concerns, withHolm } from '../evaluate/compare.js';
import { type CaseSource, type EvaluateOptions, evaluate } from '../evaluate/evaluate.js';
import { distinctSamples } from '../evaluate/imageGroups.js';
import { judgedOverlap } from '../evaluate/overlap.js';
import { requireNoisy } from '../evaluate/promptNoise.js';
import { type ClickMode, parseAbsentPrompt, parseFirstPrompt, requireClick } from '../evaluate/promptPlan.js';
import { rankModels } from '../evaluate/ranking.js';
import type { ReportModel } from '../evaluate/report/content.js';
import { chooseExamples } from '../evaluate/report/examples.js';
import { makeGallery } from '../evaluate/report/gallery.node.js';
import { evaluateRater, judgedRater } from '../evaluate/secondRater.js';
import { type Labelling, stratify } from '../evaluate/strata.js';
import { summariseEvaluation } from '../evaluate/summary.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import type { Provider } from '../runtime/session.js';
import { openRater, readOverlap, readStrata, trainingLists } from './evaluateContext.js';
import { evaluationDocument, type Judged, provenanceOf, REPORT_FILES, writeReport } from './evaluateFiles.js';
import { evaluationLines } from './evaluateLines.js';
import { checkedProtocols, checkModels, modelMembers, openEvaluated } from './evaluateModels.js';
import { beforeInterruptedEnd } from './interrupt.js';
import { DEFAULT_MODEL, type FlipOptions, flipsOf } from './modelOptions.js';
import { modelFiles, outputCheck } from './output.js';
import { NOTICE } from './packageInfo.js';
import { Progress, withProgress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface EvaluateCommandOptions extends FlipOptions {
  readonly data: string;
  readonly list?: readonly string[];
  readonly model?: readonly string[];
  readonly prompt: string;
  readonly clicks: number;
  readonly draws?: number;
  readonly clickMode?: ClickMode;
  readonly promptNoise?: readonly number[];
  readonly seed: number;
  readonly absentPrompt: string;
  readonly minPresence?: number;
  readonly clean?: boolean;
  readonly native?: boolean;
  readonly tolerance: number;
  readonly toleranceMm: number;
  readonly published?: readonly Published[];
  readonly strata?: readonly string[];
  readonly secondRater?: string;
  readonly trainList?: readonly string[];
  readonly report?: string;
  readonly provider?: Provider;
  readonly threads?: number;
  readonly json?: boolean;
}

/**
 * @throws SamusError OUTPUT_IS_INPUT, EVALUATE_PROMPT, EVALUATE_CLICK_MODE, EVALUATE_NOISE, EVALUATE_PUBLISHED,
 *   EVALUATE_MODEL_TWICE, and as openDataset, lists, loadModel and evaluate
 */
export async function evaluateAll(options: EvaluateCommandOptions): Promise<Outcome> {
  const protocol = protocolOf(options);
  const { published = [], model: models = [DEFAULT_MODEL], list: lists = ['test'], report, seed } = options;
  checkModels(models);
  const dataset = await openDataset(options.data);
  const list = await evaluatedSamples(dataset, lists);
  checkPublished(published, list);
  const labellings = await readStrata(dataset, list, options.strata ?? []);
  const second = options.secondRater === undefined ? undefined : await openRater(options.secondRater, dataset, list);
  const training = await wantedTraining(options, dataset, lists);
  // Detects an unreadable model before the first one has run for an hour.
  const protocols = models.length > 1 ? await checkedProtocols(models, protocol, list, dataset) : undefined;
  if (report !== undefined) await prepareReport(report, options.data, models, list);
  const rater = second && (await evaluateRater(second, dataset, list, protocol));
  const overlap = await readOverlap(dataset, list, training);
  const results: ReportModel[] = [];
  for (const model of models) {
    const own = protocols?.get(model) ?? protocol;
    const result = await runModel(model, models, dataset, list, own, labellings, options).catch((error: unknown) => {
      // Keep the results of earlier models if a later one fails.
      if (results.length > 0) printAside(evaluationLines({ results, comparisons: [], published: [] }));
      throw error;
    });
    results.push(result);
  }
  const [first, ...others] = results;
  const evaluations = results.map(({ evaluation }) => evaluation);
  const rankings = others.length > 0 ? rankModels(evaluations, list, seed) : undefined;
  const judged: Judged = {
    results,
    comparisons: withHolm(others.map((other) => compareEvaluations(first!.evaluation, other.evaluation, list, seed))),
    ...(rankings && rankings.overall.images > 0 && { rankings }),
    published: published.flatMap((one) => evaluations.map((evaluation) => compareToPublished(evaluation, list, one))),
    ...(rater && { rater: judgedRater(rater, evaluations, list, seed) }),
    ...(overlap && { overlap: judgedOverlap(overlap, evaluations, list) }),
  };
  const provenance = await provenanceOf(results, models);
  const document = { ...evaluationDocument(options, lists, protocol, judged), provenance };
  const all = [...evaluations, ...(rater ? [rater.evaluation] : [])];
  const failed = all.some(({ failures }) => failures.length > 0);
  const lines = evaluationLines(judged);
  if (report !== undefined) {
    const classNames = (name: string): readonly string[] => dataset.classes(name).names;
    const content = { lists, protocol, list, ...judged, classNames, provenance, notice: NOTICE };
    await writeReport(report, content, document).catch((error: unknown) => {
      // Keep the results if the report cannot be written.
      printAside(lines);
      throw error;
    });
    lines.push(`report: ${join(report, 'report.html')}`);
  }
  return { document, lines: [...lines, NOTICE], exitCode: failed ? 1 : 0 };
}

/** @throws SamusError EVALUATE_PROMPT, EVALUATE_CLICK_MODE, EVALUATE_NOISE */
function protocolOf(options: EvaluateCommandOptions): EvaluateOptions {
  const prompt = parseFirstPrompt(options.prompt);
  if (options.clickMode) requireClick(prompt, options.clickMode);
  if (options.promptNoise) requireNoisy(prompt);
  return {
    prompt,
    ...(options.clickMode && { clickMode: options.clickMode }),
    ...(options.promptNoise && { noise: options.promptNoise }),
    clicks: options.clicks,
    draws: options.draws ?? 0,
    seed: options.seed,
    absentPrompt: parseAbsentPrompt(options.absentPrompt),
    ...(options.clean && { clean: true }),
    flips: flipsOf(options),
    native: options.native ?? false,
    tolerancePx: options.tolerance,
    toleranceMm: options.toleranceMm,
  };
}

/** The samples of the lists, each once. Warns about those that it skips. */
async function evaluatedSamples(dataset: Dataset, lists: readonly string[]): Promise<SampleList> {
  const empty: Sample[] = [];
  const named = await dataset.lists(lists, (sample) => empty.push(sample));
  if (empty.length > 0) {
    warn(`skipped ${empty.length} line(s) for images with an empty label, the first ${sampleOrigin(empty[0]!)}`);
  }
  const { distinct, repeated } = distinctSamples(named);
  if (repeated.length > 0) {
    const first = `${sampleOrigin(repeated.at(0))}, class ${repeated.at(0).classId}`;
    warn(`skipped ${repeated.length} repeated line(s), the first ${first}`);
  }
  return distinct;
}

/** Makes the folder of the report. @throws SamusError OUTPUT_IS_INPUT if a file of the report is one that is read */
async function prepareReport(
  report: string,
  data: string,
  models: readonly string[],
  { datasets }: SampleList,
): Promise<void> {
  const facts = datasets.map((name) => join(data, name, 'images.csv'));
  const members = (await Promise.all(models.map(modelMembers))).flat();
  const check = await outputCheck([...facts, ...members.flatMap(modelFiles)]);
  await check(REPORT_FILES.map((name) => join(report, name)));
  await makeFolder(report);
}

function printAside(lines: readonly string[]): void {
  process.stderr.write(`${lines.join('\n')}\n`);
}

async function runModel(
  model: string,
  models: readonly string[],
  source: CaseSource,
  list: SampleList,
  protocol: EvaluateOptions,
  labellings: readonly Labelling[],
  { provider, threads, report, tta, ttaVertical, minPresence }: EvaluateCommandOptions,
): Promise<ReportModel> {
  const { evaluated, dispose } = await openEvaluated(model, models, protocol, list, source, {
    ...(provider && { provider }),
    ...(threads !== undefined && { threads }),
    ...(tta && { tta }),
    ...(ttaVertical && { ttaVertical }),
    ...(minPresence !== undefined && { minPresence }),
  });
  const { name } = evaluated;
  const stop = new AbortController();
  const forget = beforeInterruptedEnd(async () => {
    stop.abort();
    await dispose();
  });
  const progress = new Progress(`evaluating ${name}`, list.length);
  try {
    const onProgress = (done: number): void => progress.update(done);
    const evaluation = await evaluate(evaluated, source, list, { ...protocol, onProgress, signal: stop.signal });
    const summary = summariseEvaluation(evaluation, list, source, protocol.seed);
    progress.end();
    const chosen = report === undefined ? [] : chooseExamples(evaluation.table, summary);
    const pictures = () => makeGallery(evaluated, source, list, chosen, protocol);
    const gallery = await withProgress('drawing examples', pictures).catch((error: unknown) => {
      if (!(error instanceof SamusError) || error.kind === 'interrupted') throw error;
      warn(`the report has no examples of ${name}: ${error.message}`);
      return [];
    });
    const strata = labellings.map((one) => stratify(evaluation.table, summary, one, protocol.seed));
    return { evaluation, summary, gallery, strata, protocol };
  } finally {
    progress.end();
    forget();
    await dispose();
  }
}

/** The training lists to compare with: those named, or for a report those of the same split. */
async function wantedTraining(
  { trainList, report }: EvaluateCommandOptions,
  dataset: Dataset,
  lists: readonly string[],
): Promise<readonly string[]> {
  if (trainList) return trainList.filter((name) => name !== 'none');
  return report === undefined ? [] : trainingLists(dataset, lists);
}

/** @throws SamusError EVALUATE_PUBLISHED for a dataset that no list names */
function checkPublished(published: readonly Published[], list: SampleList): void {
  for (const one of published) {
    if ([...list].some((sample) => concerns(one, sample))) continue;
    const what = one.classId === undefined ? one.dataset : `${one.dataset}/${one.classId}`;
    const message = `expected a dataset of the lists for the published result ${one.name}, got ${what}`;
    throw new SamusError('EVALUATE_PUBLISHED', message, `the lists have ${listed(list.datasets)}`);
  }
}
