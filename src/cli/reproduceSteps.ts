/**
 * Runs the steps of a reproduction, each once: a training or an evaluation is a command line that you could type, run in
 * a separate process, so that its memory can be measured and its failure stops nothing else.
 */
import { fork } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS, type ErrorCode } from '../errorCodes.js';
import { type Json, SamusError } from '../errors.js';
import { exists } from '../formats/fileSystem.node.js';
import { makeFolder } from '../formats/fileWrite.node.js';
import { isFields } from '../formats/jsonFields.js';
import { serialiseConfig } from '../models/configFile.js';
import type { PlannedEvaluation, Training } from '../reproduce/plan.js';
import { beforeInterruptedEnd } from './interrupt.js';
import { writeText } from './output.js';
import { commandText } from './packageInfo.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/** What a finished training leaves beside its checkpoints. */
export interface TrainingRecord {
  /** The command line, to be typed by hand. */
  readonly command: string;
  /** Seconds of its steps. */
  readonly seconds: number;
  readonly peakMb: number | null;
}

/** Folders below DIR. */
function runFolder(out: string, { id }: Training): string {
  return join(out, 'runs', id);
}

/** The model folder of a finished training. Nothing was chosen by validation: it was validated once, at the end. */
export function trainedModel(out: string, training: Training): string {
  return join(runFolder(out, training), 'best');
}

/** The record of a training that is done. */
export async function trainingRecord(out: string, training: Training): Promise<TrainingRecord | undefined> {
  const record = await readJson(recordFile(out, training));
  if (!isFields(record) || typeof record.command !== 'string') return undefined;
  const { command, seconds, peakMb } = record;
  return { command, seconds: Number(seconds), peakMb: typeof peakMb === 'number' ? peakMb : null };
}

/** Trains to the end, or continues what an interrupted command has left. @throws SamusError as `samus train` */
export async function trainSystem(out: string, training: Training): Promise<TrainingRecord> {
  const folder = runFolder(out, training);
  const config = join(out, 'configs', `${training.id}.json`);
  await makeFolder(join(out, 'configs'));
  await writeText(config, serialiseConfig(training.config));
  const from = training.from === undefined ? [] : ['--from', trainedModel(out, training.from)];
  const args = ['train', ...training.args, '--model', config, ...from, '--out', folder];
  const resumed = await exists(join(folder, 'config.json'));
  const document = await runCommand(resumed ? ['train', '--resume', folder] : args);
  const { wall_ms: wallMs, peak_rss_mb: peak } = isFields(document) ? document : {};
  const record: TrainingRecord = {
    command: commandText(args),
    seconds: Number(wallMs) / 1000,
    peakMb: typeof peak === 'number' ? peak : null,
  };
  await writeText(recordFile(out, training), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

/** What an evaluation printed. @throws SamusError as `samus evaluate` */
export async function measure(out: string, measurement: PlannedEvaluation): Promise<Json> {
  const { args, training } = measurement;
  const document = await runCommand(['evaluate', ...args, '--model', trainedModel(out, training)]);
  await makeFolder(join(out, 'measurements'));
  await writeText(measurementFile(out, measurement), `${JSON.stringify(document, null, 2)}\n`);
  return document;
}

/** The document of an evaluation that is done. */
export async function measured(out: string, measurement: PlannedEvaluation): Promise<Json | undefined> {
  return readJson(measurementFile(out, measurement));
}

/** Seconds of a step and of everything before and after it, from a few steps that are thrown away. */
export async function rateOf(out: string, training: Training): Promise<{ step: number; around: number }> {
  const steps = 6;
  const folder = join(out, 'rates', training.id);
  const config = join(out, 'rates', `${training.id}.json`);
  await rm(folder, { recursive: true, force: true });
  await makeFolder(join(out, 'rates'));
  await writeText(config, serialiseConfig(training.config));
  const started = performance.now();
  const document = await runCommand([
    ...['train', ...training.args.filter((_, i, all) => !isLength(all[i]) && !isLength(all[i - 1]))],
    ...['--steps', String(steps), '--validate-steps', String(steps), '--model', config, '--out', folder],
    ...(training.from === undefined ? [] : ['--train', 'published']),
  ]);
  const seconds = (performance.now() - started) / 1000;
  await rm(folder, { recursive: true, force: true });
  const inSteps = Number(isFields(document) ? document.wall_ms : Number.NaN) / 1000;
  return { step: inSteps / steps, around: seconds - inSteps };
}

/** Options of `samus train` that depend on the length of a training. */
function isLength(word: string | undefined): boolean {
  return word === '--steps' || word === '--validate-steps' || word === '--warmup';
}

function recordFile(out: string, training: Training): string {
  return join(runFolder(out, training), 'done.json');
}

function measurementFile(out: string, { id }: PlannedEvaluation): string {
  return join(out, 'measurements', `${id}.json`);
}

/** A file that only finished work writes; undefined without it. */
async function readJson(path: string): Promise<Json | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Damaged from outside: do the work again.
    return undefined;
  }
}

/** Runs a command of this program with `--json`. @throws SamusError as the command, with its code */
async function runCommand(args: readonly string[]): Promise<Json> {
  const child = fork(MAIN, [...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: [] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve(code));
  });
  // A terminal interrupts the child, too; a signal to this process alone does not.
  const forget = beforeInterruptedEnd(async () => {
    child.kill('SIGTERM');
    await ended.catch(() => undefined);
  });
  try {
    const code = await ended;
    const document = parsed(text);
    // Exit code 1 with results: some images could not be read, and the document says which.
    if (isFields(document) && document.error === undefined) return document;
    throw failed(args, document, code);
  } finally {
    forget();
  }
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error that a command printed; REPRODUCE_STEP if it printed none. */
function failed(args: readonly string[], document: Json | undefined, code: number | null): SamusError {
  const error = isFields(document) && isFields(document.error) ? document.error : {};
  const { code: known, message, hint } = error;
  const command = commandText(args);
  return new SamusError(
    typeof known === 'string' && isErrorCode(known) ? known : 'REPRODUCE_STEP',
    typeof message === 'string'
      ? message
      : `the command ended with ${code === null ? 'a signal' : `exit code ${code}`}`,
    `${typeof hint === 'string' ? `${hint}; ` : ''}then run the same command again; the step was: ${command}`,
    { command },
  );
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}
