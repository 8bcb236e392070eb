/**
 * DL_Track's training data: muscles in TIFF, aponeuroses (`apo_images`, `apo_masks`) and fascicles (`fasc_images_S`,
 * `fasc_masks_S`) as two datasets.
 */
import { findFolder } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem, type Skipped } from './importer.js';
import { pairItems } from './pairs.node.js';

const SETS = [
  { dataset: 'Muscle-Aponeurosis', object: 'aponeurosis', images: ['apo_images'], labels: ['apo_masks'] },
  {
    dataset: 'Muscle-Fascicle',
    object: 'fascicle',
    images: ['fasc_images_S', 'fasc_images'],
    labels: ['fasc_masks_S', 'fasc_masks'],
  },
] as const;

export const dlTrack: Importer = {
  id: 'dl-track',
  layout: 'the folders apo_images and apo_masks, or fasc_images_S and fasc_masks_S',
  options: [],
  async plan(source) {
    const datasets = new Map<string, ReturnType<typeof datasetEntry>>();
    const items: ImportItem[] = [];
    const [skipped, failed]: [Skipped[], Skipped[]] = [[], []];
    for (const { dataset, object, images: imageFolders, labels: labelFolders } of SETS) {
      const [images, labels] = [await findFolder(source, imageFolders), await findFolder(source, labelFolders)];
      if (!images || !labels) continue;
      const pairs = await pairItems({ source, dataset, images, labels });
      datasets.set(
        dataset,
        datasetEntry([object], 'Apache-2.0', 'DL_Track_US, Ritsche et al. 2023, doi:10.21105/joss.05206'),
      );
      items.push(...pairs.items);
      skipped.push(...pairs.skipped);
      failed.push(...pairs.failed);
    }
    return { datasets, items, skipped, failed };
  },
};
