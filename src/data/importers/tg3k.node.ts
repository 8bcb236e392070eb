/**
 * TG3K (Gong 2021): thyroid glands, `thyroid-image/0007.jpg` with `thyroid-mask/0007.jpg`. The masks are JPEG, so
 * that their edges carry noise.
 */
import { join } from 'node:path';
import { findFolder, layoutError } from './files.node.js';
import { datasetEntry, type Importer } from './importer.js';
import { pairItems } from './pairs.node.js';

const DATASET = 'ThyroidGland-TG3K';
const LAYOUT = 'the folders thyroid-image and thyroid-mask';

export const tg3k: Importer = {
  id: 'tg3k',
  layout: LAYOUT,
  options: [],
  async plan(source) {
    const images = await findFolder(source, ['thyroid-image', join('tg3k', 'thyroid-image')]);
    const labels = await findFolder(source, ['thyroid-mask', join('tg3k', 'thyroid-mask')]);
    if (!images || !labels) throw layoutError(source, LAYOUT, 'they are missing');
    const pairs = await pairItems({ source, dataset: DATASET, images, labels });
    const entry = datasetEntry(
      ['thyroid gland'],
      'research use',
      'Gong et al. 2021, doi:10.1109/ISBI48211.2021.9434087',
    );
    return { datasets: new Map([[DATASET, entry]]), ...pairs };
  },
};
