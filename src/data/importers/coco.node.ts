/**
 * Segmentations as COCO JSON: polygons and run lengths, packed or plain. Categories become classes in the order of
 * their ids; where annotations overlap, the later one is on top. The source is the JSON file, or a folder with one.
 */
import { dirname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import { createImage, type Image } from '../../formats/image.js';
import { readImage } from '../../formats/imageFile.node.js';
import { decodeRle } from '../../formats/rle.js';
import { groupBy } from '../groupBy.js';
import { type CocoAnnotation, parseCoco } from './cocoJson.js';
import { fileNames, findFolder, layoutError, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';
import { checkSameSize } from './masks.js';
import { fillPolygon } from './polygon.js';

const LAYOUT = 'one JSON file in the form of COCO (images, annotations, categories)';
const FOLDERS = ['images', 'image', 'img', 'train2017', 'val2017', '.'] as const;

export const coco: Importer = {
  id: 'coco',
  layout: LAYOUT,
  options: ['dataset', 'images'],
  async plan(source, { dataset = 'Own-Data', images: imageFolder }) {
    const path = await jsonFile(source);
    const { images, annotations, categories } = parseCoco((await textIfThere(path)) ?? '', path);
    const folder = await findFolder(dirname(path), imageFolder === undefined ? FOLDERS : [imageFolder]);
    if (!folder) throw layoutError(source, LAYOUT, `there is no folder ${imageFolder}`);
    const classes = [...categories].sort(([a], [b]) => a - b);
    const classIds = new Map(classes.map(([id], i) => [id, i + 1]));
    const byImage = groupBy(annotations, ({ image }) => image);
    const items: ImportItem[] = [];
    const skipped: { file: string; reason: string }[] = [];
    for (const { id, file } of images) {
      const drawn = byImage.get(id) ?? [];
      if (drawn.length === 0) {
        skipped.push({ file, reason: 'it has no annotation' });
        continue;
      }
      items.push({
        dataset,
        // Folders become part of the name: two of them may hold images of one name.
        name: [...file.split('/').slice(0, -1), stemOf(file)].join('_'),
        source: file,
        load: async () => {
          const image = await readImage(join(folder, file));
          const label = createImage(image.width, image.height, 1, new Uint8Array(image.width * image.height));
          for (const annotation of drawn) draw(label, annotation, classIds.get(annotation.category) ?? 0, file);
          return { image, label };
        },
      });
    }
    if (items.length === 0) throw layoutError(source, LAYOUT, 'no image in it is annotated');
    const names = classes.map(([, name]) => name);
    return { datasets: new Map([[dataset, datasetEntry(names, 'not stated', 'own')]]), items, skipped };
  },
};

/** The JSON file that the source is or holds. */
async function jsonFile(source: string): Promise<string> {
  if (/\.json$/i.test(source)) return source;
  const files = (await fileNames(source)).filter((name) => /\.json$/i.test(name));
  const [first] = files;
  if (first !== undefined && files.length === 1) return join(source, first);
  throw layoutError(source, LAYOUT, files.length === 0 ? 'there is none' : `there are ${files.length}, name one`);
}

function draw(label: Image, { polygons, rle, category }: CocoAnnotation, classId: number, file: string): void {
  if (classId === 0) {
    const message = `an annotation of ${file} was expected to have one of the categories, ${category} is none`;
    throw new SamusError('input', 'IMPORT_ANNOTATION', message, 'correct the JSON file', { file, category });
  }
  for (const polygon of polygons) fillPolygon(label, polygon, classId, 0.5);
  if (!rle) return;
  const mask = decodeRle(rle);
  checkSameSize(label, createImage(mask.width, mask.height, 1, mask.data), file);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i] !== 0) label.data[i] = classId;
}
