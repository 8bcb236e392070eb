/**
 * Zip archives as sources of imports: unpacked into a temporary folder that only its owner can read, and that is removed
 * afterwards.
 */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { SamusError } from '../errors.js';
import { storedPath } from '../formats/fileSystem.node.js';
import { writeError } from '../formats/fileWrite.node.js';
import { archiveEntries, unpackedEntry } from '../formats/zipFile.node.js';
import { beforeInterruptedEnd } from './interrupt.js';
import { Progress } from './progress.js';

/** Most bytes that an archive may unpack to: a disk is filled no further by mistake. */
const MOST_BYTES = 200e9;

/**
 * Runs `use` with the folder that an archive unpacks to, or with the source itself if it is none. In errors, the archive
 * stands for the folder.
 * @throws SamusError ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE, FILE_UNWRITABLE, DISK_FULL, and what `use` throws
 */
export async function withUnpackedSource<T>(source: string, use: (source: string) => Promise<T>): Promise<T> {
  if (extname(source).toLowerCase() !== '.zip') return use(source);
  const folder = await mkdtemp(join(tmpdir(), 'samus-import-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const forget = beforeInterruptedEnd(remove);
  try {
    await unpack(await storedPath(source), folder);
    return await use(await onlyFolder(folder));
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    const named = <V>(value: V) => (typeof value === 'string' ? value.replaceAll(folder, source) : value);
    const details = Object.fromEntries(Object.entries(error.details).map(([key, value]) => [key, named(value)]));
    throw new SamusError(error.code, error.message.replaceAll(folder, source), error.hint, details);
  } finally {
    forget();
    await remove();
  }
}

async function unpack(archive: string, folder: string): Promise<void> {
  const entries = await archiveEntries(archive);
  const files = entries.filter(({ name }) => !name.endsWith('/') && !/(?:^|\/)(?:\.|__MACOSX\/)/.test(name));
  const size = files.reduce((sum, one) => sum + one.size, 0);
  if (size > MOST_BYTES) {
    const message = `expected at most ${MOST_BYTES} bytes in ${archive}, got ${size}`;
    throw new SamusError('ARCHIVE_TOO_LARGE', message, 'unpack it and name the folder', { path: archive });
  }
  const progress = new Progress('unpacking', files.length);
  try {
    for (const [i, entry] of files.entries()) {
      progress.update(i);
      // Names that lead out of the folder are rejected when the directory is read.
      const path = join(folder, entry.name);
      const bytes = await unpackedEntry(archive, entry);
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, bytes, { flag: 'wx' });
      } catch (error) {
        throw writeError(folder, error);
      }
    }
  } finally {
    progress.end();
  }
}

/** Archives often hold one folder with everything in it. */
async function onlyFolder(folder: string): Promise<string> {
  const [only, other] = await readdir(folder, { withFileTypes: true });
  return only?.isDirectory() && !other ? join(folder, only.name) : folder;
}
