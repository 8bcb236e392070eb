/**
 * What lies in the folder of a training run, and replacing a folder in it so that one whole version is always there.
 *
 * A folder cannot be replaced in one step everywhere. The new one is written under another name, the old one is moved
 * aside, the new one takes its place, and the old one is removed; {@link recover} puts right whatever an interruption
 * between any two of these leaves behind.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, syncFolder } from '../formats/fileSystem.node.js';

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

/** What to do where a run cannot go on. Without --train all, a new one trains the published subset only. */
export const START_AGAIN =
  'start a new run from its last checkpoint with --from, and with --train all if it trained everything';

/** Ends of the names that a folder has while it is written, and while it gives way. */
export const WRITING = '.writing';
const OLD = '.old';

/**
 * Replaces `run/name` by a folder that `write` fills.
 * @param write is given the folder to fill, which is empty; what it throws leaves the present one as it is
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

/** Removes what an interrupted {@link replaceFolder} left, and puts back the old version if there is no new one. */
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
