/**
 * What `samus phantom` writes: `phantom-1.png` with a mask for each object, `phantom-1.cyst.png`,
 * `phantom-1.cyst-2.png`. Every kind is a class, so that examples and tests have a dataset without patients.
 */
import { join } from 'node:path';
import { createImage } from '../../formats/image.js';
import { readImage, readMask } from '../../formats/imageFile.node.js';
import { PHANTOM_KINDS } from '../phantom.js';
import { checkSameSize } from '../publishedMasks.js';
import { fileNames } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';

/** Text, as the parts of a file name are. */
const CLASSES: readonly string[] = PHANTOM_KINDS;

export const phantom: Importer = {
  id: 'phantom',
  layout: 'files like phantom-1.png and phantom-1.cyst.png, as "samus phantom" writes them',
  options: ['dataset'],
  async plan(source, { dataset = 'Phantom' }) {
    const files = await fileNames(source);
    const masks = new Map<string, { readonly file: string; readonly classId: number }[]>();
    for (const file of files) {
      const [, image, kind] = /^(phantom-\d+)\.([a-z]+)(?:-\d+)?\.png$/.exec(file) ?? [];
      const classId = CLASSES.indexOf(kind ?? '') + 1;
      if (image !== undefined && classId > 0) masks.set(image, [...(masks.get(image) ?? []), { file, classId }]);
    }
    const items: ImportItem[] = [];
    for (const file of files) {
      const name = /^(phantom-\d+)\.png$/.exec(file)?.[1];
      if (name === undefined) continue;
      items.push({
        dataset,
        name,
        source: file,
        patient: name,
        load: async () => {
          const image = await readImage(join(source, file));
          const data = new Uint8Array(image.width * image.height);
          const label = createImage(image.width, image.height, 1, data);
          for (const mask of masks.get(name) ?? []) {
            const drawn = await readMask(join(source, mask.file));
            checkSameSize(image, drawn, mask.file);
            for (let i = 0; i < data.length; i++) if (drawn.data[i] !== 0) data[i] = mask.classId;
          }
          return { image, label };
        },
      });
    }
    return { datasets: new Map([[dataset, datasetEntry(CLASSES, 'MIT', 'samus phantom')]]), items, skipped: [] };
  },
};
