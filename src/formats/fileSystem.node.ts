/**
 * Questions that more than one layer asks of the file system. Writing files is in fileWrite.node.ts.
 */
import { access, constants, open, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { SamusError } from '../errors.js';
import { nameKey } from './outputNames.js';

/** Whether there is a file or a folder at a path. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Whether there is a file or a folder at a path, or under a name that differs in its Unicode normal form only. */
export async function isThere(path: string): Promise<boolean> {
  return (await exists(path)) || (await pathInOtherForm(path)) !== undefined;
}

/** The path as the disk spells it, where that differs in its Unicode normal form; else the path itself. Relative stays relative. */
export async function storedPath(path: string): Promise<string> {
  if (path === '' || (await exists(path))) return path;
  const found = await pathInOtherForm(path);
  if (found === undefined) return path;
  return isAbsolute(path) ? found : relative('', found);
}

/** Files of a folder and those below it, without links, sorted. @throws SamusError FILE_UNREADABLE */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = `cannot read the folder ${folder}: ${readReason(reason)}`;
    throw new SamusError('FILE_UNREADABLE', message, 'check who may read it', { path: folder, reason });
  });
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    }),
  );
  return found.flat().sort();
}

/** Names are on the disk only once their folder is; some systems cannot do that, and then need not. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/** What two paths of one file have in common, through links of either kind; undefined where there is none. */
export async function fileIdentity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found && `${found.dev}:${found.ino}`;
}

/** Whether an error of the file system means that a file does not exist. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

const READ_REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EISDIR: 'it is a folder',
  EIO: 'the disk reports an error',
  ELOOP: 'its links go in a circle',
  ENAMETOOLONG: 'its name is too long',
  ENOENT: 'it does not exist',
  ENOTDIR: 'it does not exist',
};

/** Why a file cannot be opened, in words; undefined where it can. */
export async function whyUnreadable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return `it cannot be read: ${readReason(String(error.code))}`;
  }
}

/** Why a file cannot be read, in words. @param code of the operating system, such as EACCES */
export const readReason = (code: string): string => READ_REASONS[code] ?? code;

/**
 * The path of what is there under a name that differs from `path` in its Unicode normal form only, or undefined:
 * archives made on macOS hold decomposed names (u and U+0308), most programs write composed ones (U+00FC). Undefined too
 * if there are several.
 */
export async function pathInOtherForm(path: string): Promise<string | undefined> {
  const whole = resolve(path);
  const { root } = parse(whole);
  let found = root;
  for (const part of whole.slice(root.length).split(sep)) {
    const next = join(found, part);
    if (await exists(next)) {
      found = next;
      continue;
    }
    const wanted = nameKey(part);
    const [entry, other] = (await readdir(found).catch(() => [])).filter((name) => nameKey(name) === wanted);
    // It is unclear which of two is meant.
    if (entry === undefined || other !== undefined) return undefined;
    found = join(found, entry);
  }
  return found;
}
