/**
 * The work of `samus data import`.
 */
import { dirname, join, resolve } from 'node:path';
import { importDataset } from '../data/importDataset.node.js';
import type { ImportOptions } from '../data/importers/importer.js';
import { planImport } from '../data/importers/index.node.js';
import type { Json } from '../errors.js';
import { csvLine } from '../formats/csv.js';
import { isInside, outputCheck, writePrivate } from './output.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';
import { withUnpackedSource } from './unpackedSource.js';

export interface ImportCommandOptions extends ImportOptions {
  readonly size?: number;
  readonly replace?: boolean;
  /** A table of the files that images come from. */
  readonly map?: string;
}

/** Most skipped files to name. */
const MOST_NAMED = 10;

/**
 * Imports a dataset; exit code 1 if an image exists but cannot be used.
 * @throws SamusError OUTPUT_IS_INPUT, and what planning and importing throw
 */
export async function importData(
  name: string,
  source: string,
  out: string,
  options: ImportCommandOptions,
): Promise<Outcome> {
  // COCO is a file, not a folder.
  if (name === 'coco') return importFrom(name, source, source, out, options);
  return withUnpackedSource(source, (folder) => importFrom(name, folder, source, out, options));
}

/** @param folder of the source as it is read @param source as the user names it */
async function importFrom(
  name: string,
  folder: string,
  source: string,
  out: string,
  options: ImportCommandOptions,
): Promise<Outcome> {
  const plan = await planImport(name, folder, options);
  for (const warning of plan.warnings ?? []) warn(warning);
  if (options.replace) await checkSource(source, out, [...plan.datasets.keys()]);
  if (options.map !== undefined) {
    await (await outputCheck([source]))([options.map]);
    if (isInside(options.map, out))
      warn('the file of --map is in the folder of the datasets: do not pass it on with them');
  }
  const progress = new Progress('importing', plan.items.length);
  try {
    const { size, replace = false } = options;
    const onProgress = (done: number, image: string): void => progress.update(done, image);
    const result = await importDataset(out, plan, { replace, onProgress, ...(size !== undefined && { size }) });
    if (options.map !== undefined) {
      const rows = result.originals.map(({ dataset, name: image, file }) => csvLine([dataset, image, file]));
      await writePrivate(options.map, ['dataset,name,file', ...rows].map((line) => `${line}\n`).join(''));
    }
    const skipped = [...plan.skipped, ...result.skipped, ...result.failed];
    for (const { file, annotation, reason } of skipped.slice(0, MOST_NAMED)) {
      warn(annotation === undefined ? `${file} skipped: ${reason}` : `annotation ${annotation} of ${file}: ${reason}`);
    }
    const more = skipped.length - MOST_NAMED;
    if (more > 0) warn(`${more} more skipped`);
    const { warnings = [] } = plan;
    const document: Json = {
      ...(warnings.length > 0 && { warnings: [...warnings] }),
      datasets: result.datasets.map((entry) => ({ ...entry })),
      skipped: skipped.map((entry) => ({ ...entry })),
    };
    const lines = result.datasets.map(
      ({ dataset, images, empty, unlabelled = 0, lists }) =>
        `${dataset}: ${images} images${empty > 0 ? `, ${empty} without an object` : ''}${
          unlabelled > 0 ? `, ${unlabelled} without a label` : ''
        }; lists ${lists.join(', ') || 'none'}`,
    );
    return { document, lines, exitCode: result.failed.length > 0 ? 1 : 0 };
  } finally {
    progress.end();
  }
}

/** Replacing a dataset deletes it, so it must not be the source or contain it. */
async function checkSource(source: string, out: string, datasets: readonly string[]): Promise<void> {
  const above: string[] = [];
  for (let path = resolve(source); ; path = dirname(path)) {
    above.push(path);
    if (path === dirname(path)) break;
  }
  const check = await outputCheck(above);
  await check(datasets.map((dataset) => join(out, dataset)));
}
