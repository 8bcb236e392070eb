/**
 * Imports into folders that end with the test.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { importDataset, type WriteOptions } from '../../src/data/importDataset.node.js';
import type { ImportOptions } from '../../src/data/importers/importer.js';
import { planImport } from '../../src/data/importers/index.node.js';

const folders: string[] = [];

/** Takes a folder away after the test. */
export function forget(folder: string): string {
  folders.push(folder);
  return folder;
}

export async function newFolder(): Promise<string> {
  return forget(await mkdtemp(join(tmpdir(), 'samus-import-')));
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

export async function importFrom(
  id: string,
  source: string,
  options: ImportOptions & WriteOptions & { out?: string } = {},
) {
  const out = options.out ?? (await newFolder());
  const plan = await planImport(id, source, options);
  const result = await importDataset(out, plan, options);
  return { out, result, skipped: plan.skipped };
}

export const coded = (code: string): unknown => expect.objectContaining({ code });
