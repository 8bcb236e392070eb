/**
 * PSFHS (2024): pubic symphysis and fetal head, `image_mha/03744.mha` with `label_mha/03744.mha`. Images hold red,
 * green and blue as three planes; their spacing of 1 is what ITK writes where nothing is known.
 */
import { join, relative } from 'node:path';
import { createImage, type Image } from '../../formats/image.js';
import { planeImage } from '../../formats/volume.js';
import { readVolume } from '../../formats/volumeFile.node.js';
import { byStem, fileNames, findFolder, layoutError } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem, type Skipped } from './importer.js';

const DATASET = 'FetalHead-PSFHS';
const LAYOUT = 'the folders image_mha and label_mha';

export const psfhs: Importer = {
  id: 'psfhs',
  layout: LAYOUT,
  options: [],
  async plan(source) {
    const images = await findFolder(source, ['image_mha', join('PSFHS', 'image_mha')]);
    const labels = await findFolder(source, ['label_mha', join('PSFHS', 'label_mha')]);
    if (!images || !labels) throw layoutError(source, LAYOUT, 'they are missing');
    const items: ImportItem[] = [];
    const [skipped, failed]: [Skipped[], Skipped[]] = [[], []];
    const filesOf = async (folder: string) =>
      byStem(await volumeNames(folder), (file, reason) =>
        failed.push({ file: relative(source, join(folder, file)), reason }),
      );
    const masks = await filesOf(labels);
    for (const [name, file] of await filesOf(images)) {
      const path = join(images, file);
      const mask = masks.get(name);
      if (mask === undefined) skipped.push({ file: relative(source, path), reason: 'it has no label' });
      else {
        items.push({
          dataset: DATASET,
          name,
          source: relative(source, path),
          load: async () => ({
            image: await readPlanes(path),
            label: planeImage(await readVolume(join(labels, mask)), 0, mask, 'mask'),
          }),
        });
      }
    }
    const classes = ['pubic symphysis', 'fetal head'];
    const entry = datasetEntry(classes, 'CC BY 4.0', 'Chen et al. 2024, doi:10.1038/s41597-024-03266-4');
    return { datasets: new Map([[DATASET, entry]]), items, skipped, failed };
  },
};

async function volumeNames(folder: string): Promise<string[]> {
  return (await fileNames(folder)).filter((name) => /\.(mha|mhd)$/i.test(name));
}

async function readPlanes(path: string): Promise<Image> {
  const volume = await readVolume(path);
  const first = planeImage(volume, 0, path);
  if (volume.size[2] !== 3) return first;
  const planes = [first, planeImage(volume, 1, path), planeImage(volume, 2, path)];
  const data = new Uint8Array(first.data.length * 3);
  for (const [c, plane] of planes.entries())
    for (let i = 0; i < plane.data.length; i++) data[3 * i + c] = plane.data[i]!;
  return createImage(first.width, first.height, 3, data);
}
