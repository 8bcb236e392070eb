/**
 * Common carotid artery images (Momot 2022): `US images/NAME.png` with `Expert mask images/NAME.png`.
 */
import { join } from 'node:path';
import { findFolder, layoutError } from './files.node.js';
import { datasetEntry, type Importer } from './importer.js';
import { pairItems } from './pairs.node.js';

const DATASET = 'Artery-CCA';
const LAYOUT = 'the folders "US images" and "Expert mask images"';
const PARENT = 'Common Carotid Artery Ultrasound Images';

export const carotid: Importer = {
  id: 'carotid',
  layout: LAYOUT,
  options: [],
  async plan(source) {
    const images = await findFolder(source, ['US images', join(PARENT, 'US images')]);
    const labels = await findFolder(source, ['Expert mask images', join(PARENT, 'Expert mask images')]);
    if (!images || !labels) throw layoutError(source, LAYOUT, 'they are missing');
    const pairs = await pairItems({ source, dataset: DATASET, images, labels });
    const entry = datasetEntry(['lumen'], 'CC BY 4.0', 'Momot 2022, doi:10.17632/d4xt63mgjm.1');
    return { datasets: new Map([[DATASET, entry]]), ...pairs };
  },
};
