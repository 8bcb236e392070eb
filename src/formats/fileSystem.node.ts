/**
 * Questions that more than one layer asks of the file system. Writing files is in fileWrite.node.ts.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
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

/** Whether an error of the file system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

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
    // Which of two is meant, nobody knows.
    if (entry === undefined || other !== undefined) return undefined;
    found = join(found, entry);
  }
  return found;
}
