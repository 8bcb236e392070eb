/**
 * The work of `samus data import`.
 */
import { stat } from 'node:fs/promises';
import { importDataset } from '../data/importDataset.node.js';
import { layoutError } from '../data/importers/files.node.js';
import type { Importer, ImportOptions } from '../data/importers/importer.js';
import { IMPORTERS } from '../data/importers/index.node.js';
import { type Json, SamusError } from '../errors.js';
import { Progress } from './progress.js';
import { type Outcome, warn } from './run.js';

export interface ImportCommandOptions extends ImportOptions {
  readonly size?: number;
  readonly replace?: boolean;
}

/** Left out images are named one by one up to this number. */
const MOST_NAMED = 10;

/** Imports a data set. @throws SamusError USAGE_OPTION, IMPORT_SOURCE, and what importing throws */
export async function importData(
  name: string,
  source: string,
  out: string,
  options: ImportCommandOptions,
): Promise<Outcome> {
  const importer = IMPORTERS.find(({ id }) => id === name);
  if (!importer) throw new SamusError('usage', 'USAGE_VALUE', `there is no importer ${name}`, 'add --help for a list');
  const own = ownOptions(importer, options);
  if (!(await stat(source).catch(() => undefined))) {
    throw new SamusError('input', 'IMPORT_SOURCE', `there is no ${source}`, 'check the path', { source });
  }
  const plan = await importer.plan(source, own);
  if (plan.items.length === 0) throw layoutError(source, importer.layout, 'no image in them has a mask');
  for (const warning of plan.warnings ?? []) warn(warning);
  const progress = new Progress('importing', plan.items.length);
  try {
    const { size, replace = false } = options;
    const onProgress = (done: number, image: string): void => progress.update(done, image);
    const result = await importDataset(out, plan, { replace, onProgress, ...(size !== undefined && { size }) });
    for (const { file, reason } of plan.skipped.slice(0, MOST_NAMED)) warn(`${file} is left out: ${reason}`);
    const more = plan.skipped.length - MOST_NAMED;
    if (more > 0) warn(`${more} more are left out`);
    const document: Json = {
      datasets: result.datasets.map((entry) => ({ ...entry })),
      skipped: plan.skipped.map((entry) => ({ ...entry })),
    };
    const lines = result.datasets.map(
      ({ dataset, images, empty, lists }) =>
        `${dataset}: ${images} images${empty > 0 ? `, ${empty} without an object` : ''}; lists ${lists.join(', ')}`,
    );
    return { document, lines };
  } finally {
    progress.end();
  }
}

/** The options that an importer takes. @throws SamusError USAGE_OPTION for others */
function ownOptions(importer: Importer, options: ImportOptions): ImportOptions {
  const { dataset, classes, images, labels } = options;
  for (const name of ['dataset', 'classes', 'images', 'labels'] as const) {
    if (options[name] === undefined || importer.options.includes(name)) continue;
    const message = `--${name} was given, but ${importer.id} has one form only`;
    throw new SamusError('usage', 'USAGE_OPTION', message, `leave --${name} out`);
  }
  if (dataset !== undefined && !/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(dataset)) {
    const message = `a name of letters, digits and hyphens was expected for the data set, "${dataset}" came`;
    throw new SamusError('usage', 'USAGE_OPTION', message, 'name it for example Organ-Source');
  }
  return {
    ...(dataset !== undefined && { dataset }),
    ...(classes && { classes }),
    ...(images !== undefined && { images }),
    ...(labels !== undefined && { labels }),
  };
}
