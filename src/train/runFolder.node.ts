/**
 * The contents of a run folder, and replacing a folder in it so that a complete version always exists.
 *
 * Not every system can replace a folder atomically. So the new one is written under another name, the old one is moved
 * aside, the new one is moved into place, and the old one is removed; {@link recover} repairs what an interruption
 * between any two of these steps leaves.
 */
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { exists, syncFolder } from '../formats/fileSystem.node.js';
import { parseTrainingConfig, type TrainingConfig } from './trainingConfig.js';

export const RUN_FILES = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  curves: 'curves.svg',
  samples: 'samples',
  last: 'last',
  best: 'best',
  lock: 'lock',
  state: 'training-state.safetensors',
} as const;

/** Hint for a run that cannot continue. Without --train all, a new one would train only the published subset. */
export const START_AGAIN =
  'start a new run from its last checkpoint with --from, and with --train all if it trained everything';

/** Name suffixes of a folder while it is written, and while it is replaced. */
const WRITING = '.writing';
const OLD = '.old';

/**
 * Replaces `run/name` with a folder that `write` fills.
 * @param write gets the empty folder; if it throws, the present one stays unchanged
 */
export async function replaceFolder(
  run: string,
  name: string,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  const [target, writing, old] = [join(run, name), join(run, `${name}${WRITING}`), join(run, `${name}${OLD}`)];
  await recover(run, name);
  try {
    await write(writing);
    await syncFolder(writing);
    if (await exists(target)) await rename(target, old);
    await rename(writing, target);
    await syncFolder(run);
  } finally {
    await recover(run, name);
  }
}

/** Removes the leftovers of an interrupted {@link replaceFolder}, and restores the old version if the new one is missing. */
export async function recover(run: string, name: string): Promise<void> {
  const [target, writing, old] = [join(run, name), join(run, `${name}${WRITING}`), join(run, `${name}${OLD}`)];
  if (!(await exists(target)) && (await exists(old))) await rename(old, target);
  await rm(old, { recursive: true, force: true });
  await rm(writing, { recursive: true, force: true });
}

/** Removes temporary files that a killed process left in the run's folder. */
export async function removeLeftovers(run: string): Promise<void> {
  for (const name of await readdir(run)) {
    if (name.endsWith('.tmp')) await rm(join(run, name), { recursive: true, force: true });
  }
}

/** The configuration of a run. @throws SamusError RUN_NOT_FOUND, TRAIN_CONFIG_INVALID */
export async function readRunConfig(folder: string): Promise<TrainingConfig> {
  const path = join(folder, RUN_FILES.config);
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) {
    const message = `expected the folder of a training, got ${folder} without ${RUN_FILES.config}`;
    throw new SamusError('RUN_NOT_FOUND', message, 'name the folder of the run, as given to --out', { run: folder });
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const message = `expected valid JSON in ${path}, got other text`;
    const hint = `restore it, or ${START_AGAIN}`;
    throw new SamusError('TRAIN_CONFIG_INVALID', message, hint, { path });
  }
  return parseTrainingConfig(json);
}

/**
 * That a new run can have a folder. Ignores the lock and first checkpoint of a run killed before it had a configuration.
 * @throws SamusError RUN_EXISTS
 */
export async function checkEmpty(folder: string): Promise<void> {
  const begun = await exists(join(folder, RUN_FILES.last, RUN_FILES.state));
  const left = [RUN_FILES.lock, `${RUN_FILES.last}${WRITING}`, ...(begun ? [RUN_FILES.last] : [])];
  const names = (await readdir(folder)).filter((name) => !left.includes(name) && !name.endsWith('.tmp'));
  if (names.length === 0) return;
  const isRun = names.includes(RUN_FILES.config);
  const message = `expected a new or empty folder, got ${folder} with ${isRun ? 'a run' : 'other files'}`;
  const hint = isRun ? 'continue it with --resume, or name another folder' : 'name another folder';
  throw new SamusError('RUN_EXISTS', message, hint, { run: folder });
}
