/**
 * BUSI (Al-Dhabyani 2020) as published: `benign (4).png` with one or several masks `benign (4)_mask.png`,
 * `benign (4)_mask_1.png`, …, some of them RGBA; the masks of an image are united. Normal images have empty masks.
 */
import { join, relative } from 'node:path';
import { readImage } from '../../formats/imageFile.node.js';
import { uniteMasks } from '../publishedMasks.js';
import { findFolder, imageNames, readBinaryMask } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';

const DATASET = 'Breast-BUSI';
const KINDS = ['benign', 'malignant', 'normal'] as const;
export const busi: Importer = {
  id: 'busi',
  layout: 'the folders benign, malignant and normal with files like "benign (1).png" and "benign (1)_mask.png"',
  options: [],
  async plan(source) {
    const items: ImportItem[] = [];
    const skipped: { file: string; reason: string }[] = [];
    for (const kind of KINDS) {
      const folder = await findFolder(source, [kind, join('Dataset_BUSI_with_GT', kind)]);
      if (!folder) continue;
      const masks = new Map<string, string[]>();
      const images: { number: string; file: string }[] = [];
      for (const file of await imageNames(folder)) {
        const [, number, mask] = /^\w+ \((\d+)\)(_mask(?:_\d+)?)?\.png$/i.exec(file) ?? [];
        if (number === undefined)
          skipped.push({ file: relative(source, join(folder, file)), reason: 'its name is odd' });
        else if (mask === undefined) images.push({ number, file });
        else masks.set(number, [...(masks.get(number) ?? []), file]);
      }
      for (const { number, file } of images) {
        const [first, ...others] = masks.get(number) ?? [];
        if (first === undefined) {
          skipped.push({ file: relative(source, join(folder, file)), reason: 'it has no mask' });
          continue;
        }
        const maskOf = (name: string) => readBinaryMask(join(folder, name));
        items.push({
          dataset: DATASET,
          name: `${kind}${number.padStart(4, '0')}`,
          source: relative(source, join(folder, file)),
          load: async () => ({
            image: await readImage(join(folder, file)),
            label: uniteMasks([await maskOf(first), ...(await Promise.all(others.map(maskOf)))], file),
          }),
        });
      }
    }
    const entry = datasetEntry(['lesion'], 'CC BY 4.0', 'Al-Dhabyani et al. 2020, doi:10.1016/j.dib.2019.104863');
    return { datasets: new Map([[DATASET, entry]]), items, skipped };
  },
};
