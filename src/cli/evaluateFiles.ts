/**
 * What `samus evaluate` writes: the document of `--json` and `summary.json` (protocol, results of each model, comparisons,
 * how the numbers were made), and the files of a report. The parts of a model's result are in evaluate/document.ts.
 */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Json } from '../errors.js';
import {
  calibrationDocument,
  comparisonDocument,
  failureDocument,
  groupDocument,
  metricsDocument,
  overlapDocument,
  presenceDocument,
  publishedDocument,
  rankingsDocument,
  raterDocument,
  reliabilityDocument,
  strataDocument,
} from '../evaluate/document.js';
import type { EvaluateOptions } from '../evaluate/evaluate.js';
import { imagesCsv } from '../evaluate/imagesCsv.js';
import { clickModeName, promptName } from '../evaluate/promptPlan.js';
import type { Provenance, ReportContent, ReportModel } from '../evaluate/report/content.js';
import { reportPage } from '../evaluate/report/page.js';
import { replaceFile } from '../formats/fileWrite.node.js';
import { weightsHash } from '../predict/loadModel.node.js';
import { modelMembers } from './evaluateModels.js';
import { uninterrupted } from './interrupt.js';
import { writeText } from './output.js';
import { commandText, NOTICE, packageVersion } from './packageInfo.js';

export const REPORT_FILES = ['report.html', 'summary.json', 'images.csv'];

/** The results of all models, and what they are held against. */
export type Judged = Pick<ReportContent, 'results' | 'comparisons' | 'rankings' | 'published' | 'rater' | 'overlap'>;

export function evaluationDocument(
  options: { readonly absentPrompt: string; readonly report?: string },
  lists: readonly string[],
  protocol: EvaluateOptions,
  { results, comparisons, rankings, published, rater, overlap }: Judged,
): { [key: string]: Json } {
  const [first] = results;
  return {
    ...modelDocument(first!),
    prompt: promptName(protocol.prompt),
    ...(protocol.clickMode && { click_mode: clickModeName(protocol.clickMode) }),
    ...(protocol.noise && { prompt_noise: [...protocol.noise] }),
    clicks: protocol.clicks,
    draws: protocol.draws,
    seed: protocol.seed,
    lists,
    absent_prompt: options.absentPrompt,
    ...(protocol.clean && { clean: true }),
    ...(protocol.flips?.length && { tta: [...protocol.flips] }),
    size: protocol.native ? 'native' : 256,
    tolerance_px: protocol.tolerancePx,
    tolerance_mm: protocol.toleranceMm,
    ...(results.length > 1 && {
      models: results.map((model) => ({ ...modelDocument(model), ...askedDocument(model) })),
      comparisons: comparisons.map(comparisonDocument),
    }),
    ...(rankings && { ranking: rankingsDocument(rankings) }),
    ...(published.length > 0 && { published: published.map(publishedDocument) }),
    ...(rater && { second_rater: raterDocument(rater) }),
    ...(overlap && { training_overlap: overlapDocument(overlap) }),
    ...(options.report !== undefined && {
      report: REPORT_FILES.map((name) => join(options.report!, name)),
    }),
    notice: NOTICE,
  };
}

/** How one of several models was asked. */
function askedDocument({ protocol: { prompt, clicks, draws } }: ReportModel): { [key: string]: Json } {
  return { prompt: promptName(prompt), clicks, draws };
}

function modelDocument({ evaluation, summary, strata }: ReportModel): { [key: string]: Json } {
  const images = summary.groups.reduce((sum, group) => sum + group.images, 0);
  return {
    model: summary.model,
    datasets: summary.groups.map((group) => groupDocument(group, evaluation.confusions.get(group.dataset)?.rows())),
    overall: {
      images,
      ...metricsDocument(summary.overall, images),
      ci95_resamples: summary.resampled,
      ...(Number.isNaN(summary.macroDice) ? {} : { macroDice: summary.macroDice }),
    },
    calibration: calibrationDocument(summary.calibration),
    ...reliabilityDocument(summary.reliability),
    ...presenceDocument(summary.presence),
    ...(strata.length > 0 && { strata: strata.map((one) => strataDocument(one, summary)) }),
    failures: evaluation.failures.map(failureDocument),
    timing: { wall_ms: evaluation.wallMs, imagesPerSecond: (1000 * evaluation.images) / evaluation.wallMs },
  };
}

/** The command line in a form that can be pasted into a shell, versions and weight hashes. */
export async function provenanceOf(results: readonly ReportModel[], models: readonly string[]) {
  const parts = await Promise.all(
    models.map(async (model, i) => {
      const members = await modelMembers(model);
      const name = results[i]!.summary.model;
      return Promise.all(
        members.map(async (member) => ({
          model: members.length > 1 ? member : name,
          sha256: await weightsHash(member),
        })),
      );
    }),
  );
  return {
    command: commandText(process.argv.slice(2)),
    version: packageVersion(),
    date: new Date().toISOString(),
    models: parts.flat(),
  } satisfies Provenance;
}

export async function writeReport(folder: string, content: ReportContent, document: Json): Promise<void> {
  const { results, list, protocol } = content;
  const evaluations = results.map(({ evaluation }) => evaluation);
  await writeText(join(folder, 'summary.json'), `${JSON.stringify(document, null, 2)}\n`);
  await writeLines(join(folder, 'images.csv'), imagesCsv(evaluations, list, protocol.draws > 0));
  await writeText(join(folder, 'report.html'), reportPage(content));
}

/** Lines joined into one write call. */
const CHUNK = 256;

/** Writes lines atomically: the file is complete or absent. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
async function writeLines(path: string, lines: Iterable<string>): Promise<void> {
  const write = (temporary: string) =>
    pipeline(Readable.from(chunks(lines)), createWriteStream(temporary, { flags: 'wx' }));
  await uninterrupted(() => replaceFile(path, write));
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let chunk: string[] = [];
  for (const line of lines) {
    chunk.push(`${line}\n`);
    if (chunk.length < CHUNK) continue;
    yield chunk.join('');
    chunk = [];
  }
  yield chunk.join('');
}
