/**
 * The work of `samus train`.
 */
import type { Json } from '../errors.js';
import { SamusError } from '../errors.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { createRun, type PreparedRun, resumeRun } from '../train/prepareRun.node.js';
import { Trainer } from '../train/trainer.node.js';
import { settingValues, type TrainingConfig } from '../train/trainingConfig.js';
import { epochSamples } from '../train/trainingLists.node.js';
import { hintAfterInterrupt, uninterrupted } from './interrupt.js';
import { NOTICE } from './packageInfo.js';
import { withProgress } from './progress.js';
import { conflict, type Outcome } from './run.js';
import { RunDisplay } from './trainDisplay.js';
import { type Base, configure, findStart, NO_BASE, newFolder, readBase, type TrainOptions } from './trainSettings.js';

/** The outcome of one run. */
type RunOutcome = Omit<Outcome, 'document'> & { readonly document: { readonly [key: string]: Json } };

/**
 * Trains to the end, or until Ctrl-C.
 * @throws SamusError USAGE_MISSING_OPTION, USAGE_CONFLICT, RUN_…, TRAIN_…, DATA_…, and what models throw
 */
export async function train(options: TrainOptions): Promise<RunOutcome> {
  let interrupted = false;
  const stop = (): void => {
    interrupted = true;
    process.stderr.write('\nstopping after this step\n');
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  // If another program of this project started it and has ended, nothing waits for the result. The channel to it must not
  // keep this process alive.
  process.once('disconnect', stop).channel?.unref();
  // The program's interrupt handler waits for this, so that the step is finished and saved.
  const outcome = await uninterrupted(() => run(options, () => interrupted));
  process.off('SIGINT', stop).off('SIGTERM', stop).off('disconnect', stop);
  if (!interrupted) return outcome;
  for (const line of outcome.lines) process.stderr.write(`${line}\n`);
  // The handler prints an error and ends the program; a second document must not follow.
  return new Promise(() => undefined);
}

async function run(options: TrainOptions, stopped: () => boolean): Promise<RunOutcome> {
  if (options.resume !== undefined && options.out !== undefined) throw conflict('--resume', '--out');
  const base = options.config === undefined ? NO_BASE : await readBase(options.config);
  const folder = options.resume ?? newFolder(options, base);
  const prepared = await withProgress('preparing the training', () => openRun(folder, options, base));
  try {
    return await trainPrepared(folder, prepared, stopped);
  } catch (error) {
    throw resumable(folder, error);
  } finally {
    // Otherwise its threads would keep the process alive and the run locked.
    await prepared.close();
  }
}

async function trainPrepared(folder: string, prepared: PreparedRun, stopped: () => boolean): Promise<RunOutcome> {
  hintAfterInterrupt(`continue with: samus train --resume ${folder}`);
  const display = await RunDisplay.open(prepared);
  try {
    const result = await new Trainer(prepared, display, stopped).train();
    const { step, finished, best, seconds, waitShare } = result;
    const document = {
      run: folder,
      step,
      steps: prepared.config.steps,
      finished,
      best,
      wall_ms: 1000 * seconds,
      wait_share: waitShare,
      // Of this process, in kilobytes.
      peak_rss_mb: (process.resourceUsage().maxRSS * 1024) / 1e6,
      notice: NOTICE,
    };
    const bestText = best
      ? `best validation Dice ${best.dice.toFixed(4)} after step ${best.step}`
      : 'not validated yet';
    const state = finished ? 'done' : 'stopped';
    return { document, lines: [`${folder}: step ${step} of ${prepared.config.steps}, ${bestText}; ${state}`] };
  } finally {
    await display.close();
  }
}

/** After an input or machine error is fixed, the run can be resumed. */
function resumable(folder: string, error: unknown): unknown {
  if (!(error instanceof SamusError) || (error.kind !== 'input' && error.kind !== 'machine')) return error;
  const { code, message, hint, details } = error;
  return new SamusError(code, message, `${hint}; then run: samus train --resume ${folder}`, details);
}

/** Options that a resumed run has settled. */
const FOR_NEW_RUNS = [
  ['model', '--model'],
  ['from', '--from'],
  ['config', '--config'],
  ['profile', '--profile'],
  ['promptChannel', '--prompt-channel'],
] as const;

async function openRun(folder: string, options: TrainOptions, base: Base) {
  const setup = { runtime: nodeRuntime({ worker: false }), readers: options.readers ?? 1 };
  if (options.resume !== undefined) {
    for (const [name, flag] of FOR_NEW_RUNS) {
      if (options[name] !== undefined) throw conflict('--resume', flag);
    }
    const asked = (config: TrainingConfig) => {
      return configure(options, { ...config, values: settingValues(config) }, config, epochSamples);
    };
    return resumeRun(folder, asked, setup);
  }
  const start = await findStart(options, base);
  const config = await configure(options, base, start, epochSamples);
  return createRun(folder, config, start.weights, setup);
}
