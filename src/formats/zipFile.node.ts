/**
 * Zip archives on the disk: the directory is read once, an entry later by its place in the archive.
 */
import { SamusError } from '../errors.js';
import { unpacked } from './archivedCheckpoint.js';
import type { ByteSource } from './byteSource.js';
import { openFileSource } from './fileSource.node.js';
import { readZipDirectory, type ZipEntry } from './zipArchive.js';

/** A directory is in memory. */
const MAX_ENTRIES = 2_000_000;

/** All entries. @throws SamusError ARCHIVE_CORRUPT, and as openFileSource */
export function archiveEntries(path: string): Promise<ZipEntry[]> {
  return withArchive(path, async (source) => [...(await readZipDirectory(source, MAX_ENTRIES)).values()]);
}

/** The contents of an entry. @throws SamusError ARCHIVE_CORRUPT, and as openFileSource */
export function unpackedEntry(path: string, entry: ZipEntry): Promise<Uint8Array> {
  return withArchive(path, (source) => unpacked(source, entry));
}

async function withArchive<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const source = await openFileSource(path);
  try {
    return await use(source);
  } catch (error) {
    if (!(error instanceof SamusError) || error.kind === 'machine') throw error;
    const message = `cannot read the archive ${path}: ${error.message}`;
    throw new SamusError('ARCHIVE_CORRUPT', message, 'pack it again, or unpack it and name the folder', { path });
  } finally {
    await source.close();
  }
}
