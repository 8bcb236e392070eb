/**
 * Reads images from zip archives. The directory is read once, when a study is planned; an entry is later read by its
 * place in the archive.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import { unpacked } from '../../formats/archivedCheckpoint.js';
import type { ByteSource } from '../../formats/byteSource.js';
import { openFileSource } from '../../formats/fileSource.node.js';
import { readZipDirectory, type ZipEntry } from '../../formats/zipArchive.js';

/** A directory is in memory while a study is planned. */
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

/** Runs `use` with an entry as a file, since some readers need one, and removes it afterwards. */
export async function withUnpacked<T>(
  { path, entry, bytes }: { readonly path: string; readonly entry: ZipEntry; readonly bytes: Uint8Array },
  temporary: string,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(temporary, 'image-'));
  try {
    const file = join(folder, `image${extname(entry.name || path)}`);
    await writeFile(file, bytes);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
