/**
 * Segments the images of a planned study and keeps its journal. A failed image does not end the study; a full disk does,
 * and so does a journal that cannot be written: the study is continued later.
 */
import { SamusError } from '../../errors.js';
import { Journal, journalLines } from './journal.node.js';
import {
  DONE,
  FAILED,
  imageError,
  type Plan,
  type PlanPlace,
  plannedItems,
  plannedLines,
  storedError,
} from './plan.node.js';
import type { ItemResult, PlannedItem, StoredError } from './study.js';
import type { FailedItem } from './tables.node.js';

/** What segments images: threads of this machine, or a queue. */
export interface ItemExecutor {
  /** Images that it takes at a time. */
  readonly size: number;
  /** @param planned where its line is in the plan, and whether it failed before @throws SamusError why the image failed */
  run(item: PlannedItem, planned: PlanPlace & { readonly again: boolean }): Promise<ItemResult>;
  /** Called when the journal has the line of an image. */
  recorded?(item: PlannedItem, done: boolean): void;
}

/** Errors that all other images would have, too. */
const ENDS_STUDY: ReadonlySet<string> = new Set([
  ...['DISK_FULL', 'QUEUE_STUDY_TAKEN'],
  ...['STORE_ACCESS', 'STORE_BUCKET', 'STORE_FULL', 'STORE_UNREACHABLE'],
]);

export interface StudyRun {
  readonly folder: string;
  /** Its states are updated. */
  readonly plan: Plan;
  readonly executor: ItemExecutor;
  readonly retryFailed: boolean;
  /** Ends the run after the images at hand. */
  readonly signal?: AbortSignal;
  readonly progress?: (finished: number, failed: number) => void;
}

export interface StudyOutcome {
  /** Images finished in this run, with results or failed. */
  readonly finished: number;
  /** Images with results, also of earlier runs. */
  readonly done: number;
  readonly failed: readonly FailedItem[];
  /** Images of which only the first frame was segmented in this run, because no frames were requested. */
  readonly moreFrames: number;
  /** Images segmented in this run whose files are cut off. */
  readonly cutOff: number;
}

/** Images that a run has to do. */
export function toDo({ states }: Plan, retryFailed: boolean): number {
  return states.reduce((sum, state) => sum + Number(state !== DONE && (retryFailed || state !== FAILED)), 0);
}

/** @throws SamusError FILE_UNWRITABLE, DISK_FULL, after the images at hand */
export async function runStudy(run: StudyRun): Promise<StudyOutcome> {
  const { folder, plan, executor, retryFailed, signal, progress = () => undefined } = run;
  const { states } = plan;
  const journal = await Journal.open(folder);
  let atWork = 0;
  let ended: (() => void) | undefined;
  const oneLess = (): Promise<void> =>
    new Promise((resolve) => {
      ended = resolve;
    });
  let [finished, failed, moreFrames, cutOff] = [0, 0, 0, 0];
  let fatal: unknown;
  const finish = async (index: number, item: PlannedItem, place: PlanPlace): Promise<void> => {
    const { key, image, content } = item;
    const planned = { ...place, again: states[index] === FAILED };
    const result = await outcomeOf(item, () => executor.run(item, planned));
    if ('error' in result && ENDS_STUDY.has(result.error.code)) throw new StudyEnd(result.error);
    await journal.append({ key, image, content, ...result });
    states[index] = 'error' in result ? FAILED : DONE;
    executor.recorded?.(item, !('error' in result));
    if ('error' in result) failed++;
    else {
      moreFrames += Number(result.moreFrames ?? false);
      cutOff += Number(result.cutOff ?? false);
    }
    progress(++finished, failed);
  };
  try {
    let index = -1;
    for await (const { item, place } of plannedLines(folder)) {
      const state = states[++index];
      if (state === DONE || (state === FAILED && !retryFailed)) continue;
      while (atWork >= executor.size) await oneLess();
      if (signal?.aborted || fatal !== undefined) break;
      atWork++;
      void finish(index, item, place)
        .catch((error: unknown) => {
          fatal ??= error;
        })
        .finally(() => {
          atWork--;
          ended?.();
        });
    }
    while (atWork > 0) await oneLess();
  } finally {
    await journal.close();
  }
  if (fatal !== undefined) throw fatal instanceof StudyEnd ? fatal.asSamusError() : fatal;
  const done = states.reduce((sum, state) => sum + Number(state === DONE), 0);
  return { finished, done, failed: await failedItems(folder, states), moreFrames, cutOff };
}

/** Ends the study with the error of an image. */
class StudyEnd {
  constructor(private readonly error: StoredError) {}

  asSamusError(): SamusError {
    const { code, message, hint, details } = this.error;
    return new SamusError(code, message, `${hint}; then run the command again to continue`, details);
  }
}

async function outcomeOf(
  item: PlannedItem,
  run: () => Promise<ItemResult>,
): Promise<ItemResult | { error: StoredError }> {
  if (item.problem) return { error: item.problem };
  try {
    return await run();
  } catch (thrown) {
    return { error: storedError(imageError(item.image, thrown)) };
  }
}

/** In the order of the plan. */
async function failedItems(folder: string, states: Uint8Array): Promise<FailedItem[]> {
  if (!states.includes(FAILED)) return [];
  const errors = new Map<string, StoredError>();
  for await (const line of journalLines(folder)) {
    if ('error' in line) errors.set(line.key, line.error);
    else errors.delete(line.key);
  }
  const failed: FailedItem[] = [];
  let index = 0;
  for await (const { key, image } of plannedItems(folder)) {
    const error = states[index++] === FAILED ? errors.get(key) : undefined;
    if (error) failed.push({ image, error });
  }
  return failed;
}
