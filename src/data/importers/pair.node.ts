/**
 * Any dataset that lies in two folders, images and labels with the same names. With one class a label is a mask,
 * bright where the object is; with several it holds class indices. A label can also be a DICOM segmentation of its image.
 */
import { SamusError } from '../../errors.js';
import type { Image } from '../../formats/image.js';
import { binaryMask, classIndices } from '../publishedMasks.js';
import { findFolder, layoutError } from './files.node.js';
import { datasetEntry, type Importer } from './importer.js';
import { pairItems } from './pairs.node.js';

const LAYOUT = 'a folder of images and a folder of labels with the same names';
const IMAGES = ['images', 'image', 'img', 'imgs'] as const;
const LABELS = ['labels', 'label', 'masks', 'mask'] as const;

export const pair: Importer = {
  id: 'pair',
  layout: LAYOUT,
  options: ['dataset', 'classes', 'images', 'labels'],
  async plan(source, { dataset = 'Own-Data', classes = ['object'], images: imageFolder, labels: labelFolder }) {
    const images = await findFolder(source, imageFolder === undefined ? IMAGES : [imageFolder]);
    const labels = await findFolder(source, labelFolder === undefined ? LABELS : [labelFolder]);
    if (!images || !labels) {
      throw layoutError(source, LAYOUT, `${images ? 'no labels are' : 'no images are'} there; name them by option`);
    }
    const several = (mask: Image, lossy: boolean, file: string) =>
      indices(classIndices(mask, lossy, file), classes.length + 1, file);
    const labelOf = classes.length > 1 ? several : binaryMask;
    // A segmentation names its segments; with one class, all of them are it.
    const classOf = (label: string) => (classes.length > 1 ? classes.indexOf(label) + 1 || undefined : 1);
    const pairs = await pairItems({ source, dataset, images, labels, labelOf, classOf });
    return { datasets: new Map([[dataset, datasetEntry(classes, 'not stated', 'own')]]), ...pairs };
  },
};

function indices(grey: Image, count: number, file: string): Image {
  const highest = grey.data.reduce((most, value) => Math.max(most, value), 0);
  if (highest < count) return grey;
  const message = `expected class indices below ${count} in ${file}, got ${highest}`;
  const hint = 'name all classes with --classes, and save indices as plain grey values, not as palette or JPEG';
  throw new SamusError('DATA_CLASS_RANGE', message, hint, { file, highest, count });
}
