/**
 * An image of a zip archive as a file, since some readers need one.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ZipEntry } from '../../formats/zipArchive.js';

/** Runs `use` with the file, and removes it afterwards. */
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
