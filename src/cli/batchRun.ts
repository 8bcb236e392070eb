/**
 * The work of `samus batch`: plans the study, segments its images on this machine, and writes the tables.
 */
import { availableParallelism, freemem } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Json, SamusError } from '../errors.js';
import { NOTICE } from '../formats/annotation.js';
import { lockFolder } from '../formats/fileLock.node.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { sizeOf } from '../graph/tensorData.js';
import { ItemPool } from '../jobs/batch/itemPool.node.js';
import { fileHash, journalStates } from '../jobs/batch/journal.node.js';
import { type Plan, writePlan } from '../jobs/batch/plan.node.js';
import { isStoreUrl, ResultStore, storing, TABLES } from '../jobs/batch/resultStore.node.js';
import { type ItemExecutor, runStudy, type StudyOutcome, toDo } from '../jobs/batch/runStudy.node.js';
import type { StudySettings } from '../jobs/batch/study.js';
import {
  finishFolder,
  openStudy,
  prepareFolder,
  STUDY_FILES,
  type StudyRecord,
} from '../jobs/batch/studyFolder.node.js';
import { writeTables } from '../jobs/batch/tables.node.js';
import { modelHash } from '../jobs/jobModel.node.js';
import type { JobObject } from '../jobs/segmentJob.js';
import type { Model } from '../predict/types.js';
import { NO_PROMPTS, promptsSource } from './batchPrompts.js';
import { type QueuedStudy, queued } from './batchQueue.js';
import { beforeInterruptedEnd, hintAfterInterrupt, isInterrupted } from './interrupt.js';
import { flipsOf } from './modelOptions.js';
import { readModel } from './openModel.js';
import { packageVersion } from './packageInfo.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';
import type { SegmentRunOptions } from './segmentRun.js';

export interface BatchOptions extends Omit<SegmentRunOptions, 'saveTensors'> {
  readonly study?: string;
  readonly retryFailed?: boolean;
  readonly concurrency?: number;
  /** Address of Redis, for workers. */
  readonly queue?: string;
  readonly root?: string;
  readonly priority?: number;
  /** Folder of the plan, the journal and the records of a study whose results go to a store. */
  readonly state?: string;
}

/** Failed images that are printed; all are in the document and in failed.csv. */
const MOST_PRINTED = 20;

/**
 * @param objects prompts for all images
 * @throws SamusError BATCH_LOCKED, BATCH_STUDY, what makes a plan impossible, a model that cannot be loaded, a full disk
 */
export async function runBatch(
  inputs: readonly string[],
  objects: readonly JobObject[],
  options: BatchOptions,
): Promise<Outcome> {
  const store = isStoreUrl(options.out) ? ResultStore.of(options.out) : undefined;
  return inFolder(inputs, objects, { ...options, out: folderOf(options) }, store);
}

/** The folder of the study: of one in a store, that of its plan, journal and records. */
function folderOf({ out, state, study }: BatchOptions): string {
  return isStoreUrl(out) ? (state ?? study ?? basename(out)) : out;
}

/** @param options `out` is a folder */
async function inFolder(
  inputs: readonly string[],
  objects: readonly JobObject[],
  options: BatchOptions,
  store: ResultStore | undefined,
): Promise<Outcome> {
  const { out } = options;
  await makeFolder(out);
  const unlock = await lockFolder(out, { code: 'BATCH_LOCKED', name: 'folder' });
  try {
    hintAfterInterrupt('run the command again to continue the study');
    const model = await readModel(options.model);
    const prompts = options.prompts === undefined ? NO_PROMPTS : await promptsSource(options.prompts, options.clean);
    const settings = { ...settingsOf(options, objects, prompts.classes), ...(store && { store: store.url }) };
    const name = options.study ?? basename(resolve(out));
    const source = { source: options.model, hash: await modelHash(model) };
    const { study, begun } = await openStudy(out, { name, model: source, settings });
    const shared = options.queue === undefined ? undefined : await queued(options.queue, options, study);
    if (store) await claimStore(store, out, study);
    await prepareFolder(out, begun, shared !== undefined);
    const states = await counted('checking results', (progress) => journalStates(out, progress));
    const plan = await counted('planning', (progress) =>
      writePlan({
        folder: out,
        inputs: inputs.length > 0 ? inputs : prompts.named,
        promptsOf: prompts.promptsOf,
        states,
        progress,
        ...(shared && { nameOf: (file) => shared.nameOf(file) }),
      }),
    );
    states.clear();
    if (plan.noImages > 0) {
      warn(`${plan.noImages} DICOM object(s) without an image, such as segmentations and reports, left out`);
    }
    if (plan.unprompted > 0) {
      warn(`${options.prompts} has no prompt for ${plan.unprompted} image(s) of the inputs; left them out`);
    }
    const started = performance.now();
    const outcome = await segment({ options, study, model, plan, shared, store });
    const seconds = (performance.now() - started) / 1000;
    await counted('writing tables', (progress) => writeTables(out, plan.states, outcome.failed, progress));
    await finishFolder(out);
    await shared?.finish();
    if (store) await storeTables(store, out);
    return report(name, store?.url ?? out, plan.images, outcome, outcome.finished / seconds);
  } finally {
    await unlock();
  }
}

interface Work {
  readonly options: BatchOptions;
  readonly study: StudyRecord;
  readonly model: Model;
  readonly plan: Plan;
  readonly shared: QueuedStudy | undefined;
  readonly store: ResultStore | undefined;
}

/** Begins or continues the study in the store, which shows that it can be written. @throws SamusError BATCH_STUDY */
async function claimStore(store: ResultStore, folder: string, { id }: StudyRecord): Promise<void> {
  const found = await store.read(STUDY_FILES.study);
  if (found === undefined) {
    await storeFile(store, folder, STUDY_FILES.study);
  } else if (!found.includes(`"id": "${id}"`)) {
    const message = `expected the study of ${folder} in ${store.url}, got another`;
    const hint = 'choose another prefix, or name the folder of that study as --state';
    throw new SamusError('BATCH_STUDY', message, hint, { store: store.url });
  }
}

async function storeTables(store: ResultStore, folder: string): Promise<void> {
  for (const name of TABLES) await storeFile(store, folder, name);
}

async function storeFile(store: ResultStore, folder: string, name: string): Promise<void> {
  const file = join(folder, name);
  if (await exists(file)) await store.put(name, file, (await fileHash(file)) ?? '');
}

/** Segments what there is to do, on this machine or by workers. */
async function segment({ options, study, model, plan, shared, store }: Work): Promise<StudyOutcome> {
  const { out: folder, retryFailed = false } = options;
  const count = toDo(plan, retryFailed);
  const executor =
    count === 0 ? NOTHING_TO_DO : shared ? await shared.executor() : await threads(options, study, model, count);
  const progress = new Progress('segmenting', count);
  const stop = new AbortController();
  const running = runStudy({
    folder,
    plan,
    executor: store ? storing(executor, store, folder) : executor,
    retryFailed,
    signal: stop.signal,
    progress: (finished, failed) => progress.update(finished, failed > 0 ? `(${failed} failed)` : ''),
  }).finally(async () => {
    progress.end();
    await executor.close();
  });
  const forget = beforeInterruptedEnd(async () => {
    stop.abort();
    // Of a queue, jobs stay there; their replies are taken when the study is continued.
    if (!shared) await running.catch(() => undefined);
  });
  try {
    const outcome = await running;
    // The program ends as soon as it has waited for this run.
    return isInterrupted() ? await new Promise<never>(() => undefined) : outcome;
  } finally {
    forget();
  }
}

async function threads(options: BatchOptions, study: StudyRecord, { tensors }: Model, count: number) {
  const { out: folder, provider } = options;
  const weights = [...tensors.values()].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const size = Math.max(1, Math.min(count, options.concurrency ?? usualConcurrency(weights)));
  const compute = {
    threads: options.threads ?? Math.max(1, Math.floor(availableParallelism() / size)),
    ...(provider && { provider }),
  };
  const temporary = join(folder, STUDY_FILES.temporary);
  const { settings, model } = study;
  return ItemPool.start({ folder, temporary, settings, model: { ...model, source: options.model }, compute }, size);
}

/** Of a study whose images are all finished. */
const NOTHING_TO_DO: ItemExecutor & { close(): Promise<void> } = {
  size: 1,
  run: () => Promise.reject(new Error('there is nothing to do')),
  close: () => Promise.resolve(),
};

/** Estimated memory of a thread for each byte of weights, with its session; and for everything else. */
const MEMORY_PER_WEIGHT = 3;
const MEMORY_MORE = 300e6;

/** One image for each core, in half of the free memory at most. */
function usualConcurrency(weights: number): number {
  const fitting = Math.floor(freemem() / 2 / (weights * MEMORY_PER_WEIGHT + MEMORY_MORE));
  return Math.max(1, Math.min(availableParallelism(), fitting));
}

function settingsOf(
  options: BatchOptions,
  objects: readonly JobObject[],
  classes: StudySettings['classes'],
): StudySettings {
  const { multimask = false, minPresence, auto = false, everything, frames, classNames, format = ['png'] } = options;
  const { dicomGeometry, dicomSeg } = options;
  return {
    flips: flipsOf(options),
    objects,
    multimask,
    // A map of classes is left as the model gives it.
    clean: options.clean ?? !auto,
    ...(minPresence !== undefined && { minPresence }),
    auto,
    ...(everything && { everything }),
    ...(frames && { frames }),
    classes,
    ...(classNames && { classNames }),
    formats: format,
    dicom: {
      version: packageVersion(),
      ...(dicomGeometry && { geometry: dicomGeometry }),
      ...(dicomSeg && { kind: dicomSeg }),
    },
  };
}

async function counted<T>(what: string, work: (progress: (count: number) => void) => Promise<T>): Promise<T> {
  const progress = new Progress(what);
  try {
    return await work((count) => progress.update(count, String(count)));
  } finally {
    progress.end();
  }
}

function report(study: string, out: string, images: number, outcome: StudyOutcome, rate: number): Outcome {
  const { finished, done, failed, moreFrames, cutOff } = outcome;
  if (cutOff > 0) warn(`${cutOff} file(s) are cut off and lack frames (see frames_stated in their records)`);
  if (moreFrames > 0) {
    warn(`${moreFrames} image(s) have several frames; segmented only the first of each (see --frames)`);
  }
  const place = (file: string): string => (isStoreUrl(out) ? `${out}/${file}` : join(out, file));
  const files = {
    measurements: place(STUDY_FILES.measurements),
    coco: place(STUDY_FILES.coco),
    failed: place(STUDY_FILES.failed),
  };
  const document: Json = {
    study,
    images,
    done,
    failed: failed.map(({ image, error }) => ({ image, error: { ...error, details: error.details ?? {} } })),
    images_per_second: finished === 0 ? 0 : Math.round(rate * 1000) / 1000,
    out,
    files,
  };
  const rest = failed.length - MOST_PRINTED;
  const lines = [
    ...failed.slice(0, MOST_PRINTED).map(({ image, error }) => `${image}: error: ${error.message} (${error.hint})`),
    ...(rest > 0 ? [`and ${rest} more; ${files.failed} lists all of them`] : []),
    `${study}: ${done} of ${images} images done, ${failed.length} failed${finished > 0 ? `, ${rate.toFixed(1)} images/s` : ''} -> ${out}`,
    ...(failed.length > 0 ? ['add --retry-failed to segment the failed images again'] : []),
    NOTICE,
  ];
  return { document, lines, exitCode: failed.length > 0 ? 1 : 0 };
}
