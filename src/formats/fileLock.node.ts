/**
 * Locks a folder for one process: the file `lock` in it names the process. A killed process leaves the file behind;
 * another one takes it over if no process of that number and start time exists.
 */
import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { ErrorCode } from '../errorCodes.js';
import { SamusError } from '../errors.js';
import { writeError } from './fileWrite.node.js';

const LOCK_FILE = 'lock';

/** The error if another process has the lock: its code, and the name of the folder among its details. */
interface InUse {
  readonly code: ErrorCode;
  readonly name: string;
}

interface Owner {
  readonly pid: number;
  /** Start time of the process as reported by the system; null if unavailable. */
  readonly started: string | null;
  readonly host: string;
}

/**
 * Takes the lock.
 * @returns a function that releases it
 * @throws SamusError as `inUse` says; DISK_FULL, FILE_UNWRITABLE
 */
export async function lockFolder(folder: string, inUse: InUse): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_FILE);
  const own: Owner = { pid: process.pid, started: await startOf(process.pid), host: hostname() };
  const text = JSON.stringify(own);
  const written = join(folder, `.lock.${randomUUID()}.tmp`);
  try {
    await writeFile(written, text, { flag: 'wx' });
    // Creating a link is atomic and fails if the file exists.
    while (!(await linked(written, path))) await removeStale(folder, path, inUse);
  } catch (error) {
    throw writeError(path, error);
  } finally {
    await rm(written, { force: true });
  }
  return async () => {
    if ((await read(path)) === text) await rm(path, { force: true });
  };
}

/** Error codes of file systems without links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

async function linked(from: string, to: string): Promise<boolean> {
  try {
    // Without links, another process could read an incomplete copy and treat it as stale, within a very short time.
    await link(from, to).catch((error: unknown) => {
      if (!NO_LINKS.includes(codeOf(error))) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** @throws SamusError if the owner is alive */
async function removeStale(folder: string, path: string, { code, name }: InUse): Promise<void> {
  const text = await read(path);
  if (text === undefined) return;
  const owner = parseOwner(text);
  if (owner && (await lives(owner))) {
    throw new SamusError(
      code,
      `${folder} is in use by process ${owner.pid} on ${owner.host}`,
      `wait for it or stop it; if the process does not exist, remove ${path}`,
      { [name]: folder, pid: owner.pid, host: owner.host },
    );
  }
  // Move before removing: another process may have replaced the file meanwhile, and its lock must stay.
  const aside = join(folder, `.lock.${randomUUID()}.tmp`);
  await rename(path, aside).catch(() => undefined);
  if ((await read(aside)) === text) await rm(aside, { force: true });
  else await rename(aside, path).catch(() => undefined);
}

async function lives({ pid, started, host }: Owner): Promise<boolean> {
  // Processes on other machines that share the disk cannot be checked.
  if (host !== hostname()) return true;
  if (pid === process.pid) return started === (await startOf(pid));
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const now = await startOf(pid);
  return started === null || now === null || started === now;
}

/** Start time of a process: the boot ID and clock ticks since boot on Linux, null elsewhere. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    // The program name can contain spaces; it ends at the last parenthesis. Field 22 is the start time.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim()}:${fields[19]}`;
  } catch {
    return null;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, started, host }: Partial<Owner> = JSON.parse(text);
    if (typeof pid === 'number' && typeof host === 'string') return { pid, started: started ?? null, host };
  } catch {
    // Not written by this program: no owner.
  }
  return undefined;
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
