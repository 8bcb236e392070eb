/**
 * HC18 (van den Heuvel 2018): fetal heads, `training_set/010_2HC.png` with the outline of its ellipse in
 * `010_2HC_Annotation.png`, and the size of a pixel in a CSV. The outline is filled. The test set has no outlines.
 */
import { basename, join, relative } from 'node:path';
import { SamusError } from '../../errors.js';
import { csvRow } from '../../formats/csv.js';
import { readImage } from '../../formats/imageFile.node.js';
import { fillOutline } from '../publishedMasks.js';
import { findFolder, imageNames, layoutError, readBinaryMask, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';

const DATASET = 'FetalHead-HC18';
const CSV = 'training_set_pixel_size_and_HC.csv';
const LAYOUT = `the folder training_set and beside it ${CSV}`;

export const hc18: Importer = {
  id: 'hc18',
  layout: LAYOUT,
  options: [],
  async plan(source) {
    const folder = await findFolder(source, ['training_set', join('training_set', 'training_set')]);
    if (!folder) throw layoutError(source, LAYOUT, 'training_set is missing');
    const sizes = pixelSizes((await textIfThere(join(source, CSV))) ?? (await textIfThere(join(folder, CSV))));
    const files = new Set(await imageNames(folder));
    const items: ImportItem[] = [];
    const skipped: { file: string; reason: string }[] = [];
    for (const file of files) {
      const name = stemOf(file);
      if (name.endsWith('_Annotation')) continue;
      const outline = `${name}_Annotation.png`;
      const source_ = relative(source, join(folder, file));
      if (!files.has(outline)) {
        skipped.push({ file: source_, reason: 'it has no outline' });
        continue;
      }
      const size = sizes.get(file);
      items.push({
        dataset: DATASET,
        name,
        source: source_,
        load: async () => {
          const label = fillOutline(await readBinaryMask(join(folder, outline)));
          if (!label) {
            const message = `expected one closed outline in ${outline}, it has none or a gap`;
            throw new SamusError('IMPORT_ANNOTATION', message, 'correct or remove the file', {
              file: outline,
            });
          }
          const image = await readImage(join(folder, file));
          return { image, label, ...(size !== undefined && { spacingMm: [size, size] as const }) };
        },
      });
    }
    const unknown = items.filter(({ source: file }) => !sizes.has(basename(file))).length;
    const warnings = unknown > 0 ? [`${CSV} has no millimetres for ${unknown} of ${items.length} images`] : [];
    const entry = datasetEntry(
      ['fetal head'],
      'CC BY 4.0',
      'van den Heuvel et al. 2018, doi:10.1371/journal.pone.0200412',
    );
    return { datasets: new Map([[DATASET, entry]]), items, skipped, warnings };
  },
};

/** Millimetres of a pixel by file name: the CSV's first two columns. */
function pixelSizes(csv = ''): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (let at = 0; at < csv.length; ) {
    const { fields, next } = csvRow(csv, at);
    const size = Number(fields[1]);
    if (size > 0) sizes.set(fields[0]!.trim(), size);
    at = next;
  }
  return sizes;
}
