import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readImage } from '../formats/imageFile.node.js';
import { importDataset } from './importDataset.node.js';
import { IMPORTERS } from './importers/index.node.js';

const shared = process.env.SAMUS_TEST_DATA ?? '';
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'samus-import-'));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function importOriginal(id: string, source: string, size?: number): Promise<string> {
  const out = await newFolder();
  const importer = IMPORTERS.find((candidate) => candidate.id === id)!;
  const plan = await importer.plan(join(shared, 'data/originals', source), {});
  await importDataset(out, plan, size === undefined ? {} : { size });
  return out;
}

describe.skipIf(!shared)('imports of what authors publish (needs SAMUS_TEST_DATA)', () => {
  it.each([
    ['busi', 'BUSI'],
    ['carotid', 'CommonCarotid'],
    ['ddti', 'DDTI-png'],
    ['dl-track', 'DL_Track'],
    ['hc18', 'HC18'],
    ['psfhs', 'PSFHS'],
    ['tg3k', 'TG3K'],
  ])('%s at 256 equals the same images made with Pillow, pixel by pixel', async (id, source) => {
    const out = await importOriginal(id, source, 256);
    let compared = 0;
    for (const dataset of (await readdir(out)).filter((name) => name !== 'MainPatient')) {
      for (const part of ['img', 'label']) {
        for (const file of await readdir(join(out, dataset, part))) {
          const expected = await readImage(join(shared, 'data/ultrasound', dataset, part, file)).catch(() => undefined);
          if (!expected) continue;
          expect(await readImage(join(out, dataset, part, file)), `${dataset}/${part}/${file}`).toEqual(expected);
          compared++;
        }
      }
    }
    if (id !== 'tg3k') expect(compared).toBeGreaterThan(0);
  });
});
