/**
 * All importers by their names, and the planning of an import with what holds for every one of them. A set is added
 * when there is a real sample of it to prove the importer on.
 */
import { SamusError } from '../../errors.js';
import { exists, storedPath } from '../../formats/fileSystem.node.js';
import { busi } from './busi.node.js';
import { camus } from './camus.node.js';
import { carotid } from './carotid.node.js';
import { coco } from './coco.node.js';
import { ddti } from './ddti.node.js';
import { dicom } from './dicom.node.js';
import { dlTrack } from './dlTrack.node.js';
import { layoutError } from './files.node.js';
import { hc18 } from './hc18.node.js';
import type { Importer, ImportOptions, ImportPlan } from './importer.js';
import { pair } from './pair.node.js';
import { phantom } from './phantom.node.js';
import { psfhs } from './psfhs.node.js';
import { tg3k } from './tg3k.node.js';

export const IMPORTERS: readonly Importer[] = [
  busi,
  camus,
  carotid,
  coco,
  ddti,
  dicom,
  dlTrack,
  hc18,
  pair,
  phantom,
  psfhs,
  tg3k,
];

/**
 * Looks through `source` with the importer of that name; nothing is written yet.
 * @throws SamusError USAGE_VALUE for another name, USAGE_OPTION for an option that it does not take, IMPORT_SOURCE if
 *   there is no such file or folder, IMPORT_LAYOUT if it looks otherwise or no image in it has a mask
 */
export async function planImport(name: string, source: string, options: ImportOptions): Promise<ImportPlan> {
  const importer = IMPORTERS.find(({ id }) => id === name);
  if (!importer)
    throw new SamusError('USAGE_VALUE', `expected the name of an importer, got ${name}`, 'add --help for a list');
  const own = ownOptions(importer, options);
  const folder = await storedPath(source);
  if (!(await exists(folder))) {
    throw new SamusError('IMPORT_SOURCE', `cannot find ${source}`, 'check the path', { source });
  }
  const plan = await importer.plan(folder, own);
  const { items, failed: [first] = [] } = plan;
  if (items.length === 0) {
    const found = first ? `no image in it can be used; ${first.file}: ${first.reason}` : 'no image in it has a mask';
    throw layoutError(source, importer.layout, found);
  }
  return plan;
}

/** The options that an importer takes. @throws SamusError USAGE_OPTION for others */
function ownOptions(importer: Importer, options: ImportOptions): ImportOptions {
  const { dataset, classes, images, labels, basenames, frames } = options;
  for (const name of ['dataset', 'classes', 'images', 'labels', 'basenames', 'frames'] as const) {
    if (options[name] === undefined || importer.options.includes(name)) continue;
    const message = `--${name} was given, but ${importer.id} has one form only`;
    throw new SamusError('USAGE_OPTION', message, `leave --${name} out`);
  }
  if (dataset !== undefined && !/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._-]*$/u.test(dataset)) {
    const message = `expected a name of letters, digits and hyphens for the dataset, got "${dataset}"`;
    throw new SamusError('USAGE_OPTION', message, 'name it for example Organ-Source');
  }
  return {
    ...(dataset !== undefined && { dataset }),
    ...(classes && { classes }),
    ...(images !== undefined && { images }),
    ...(labels !== undefined && { labels }),
    ...(basenames !== undefined && { basenames }),
    ...(frames !== undefined && { frames }),
  };
}
