/**
 * Segmentations as COCO JSON: polygons and run lengths, packed or plain. Categories become classes in the order of
 * their ids; where annotations overlap, the later one is on top. The source is the JSON file, or a folder with one, and
 * images lie where annotation tools put them (COCO, CVAT, Label Studio).
 */
import { dirname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import { type CocoImage, cocoCategories, cocoMask, readCoco } from '../../formats/coco.js';
import { exists } from '../../formats/fileSystem.node.js';
import { createImage, type Image } from '../../formats/image.js';
import { readImage } from '../../formats/imageFile.node.js';
import { fileNames, findFolder, layoutError, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem } from './importer.js';

const LAYOUT = 'one JSON file in the form of COCO (images, annotations, categories)';
/** What an 8-bit label can hold beside the background. */
const MOST_CLASSES = 255;
/** Where the images may be, seen from the JSON file. */
const FOLDERS = ['images', 'image', 'img', 'train2017', 'val2017', '.'].flatMap((name) => [name, join('..', name)]);

export const coco: Importer = {
  id: 'coco',
  layout: LAYOUT,
  options: ['dataset', 'images'],
  async plan(source, { dataset = 'Own-Data', images: imageFolder }) {
    const path = await jsonFile(source);
    const { images, classes } = parse((await textIfThere(path)) ?? '', path);
    const folder = await imagesFolder(dirname(path), imageFolder, images[0]?.file);
    if (!folder) {
      const came =
        imageFolder === undefined
          ? `${images[0]?.file} is in none of ${FOLDERS.join(', ')}`
          : `there is no ${imageFolder}`;
      throw layoutError(source, LAYOUT, `${came}; name it by --images`);
    }
    const names = classes.map(({ name }) => name);
    const classIds = new Map(classes.map(({ id }, i) => [id, i + 1]));
    const items: ImportItem[] = [];
    const skipped: { file: string; reason: string }[] = [];
    for (const annotated of images) {
      const { file, objects } = annotated;
      if (objects.length === 0) {
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
          return { image, label: draw(annotated, classIds, image) };
        },
      });
    }
    return { datasets: new Map([[dataset, datasetEntry(names, 'not stated', 'own')]]), items, skipped };
  },
};

/** The JSON file that the source is or holds, perhaps in a folder `annotations`. */
async function jsonFile(source: string): Promise<string> {
  if (/\.json$/i.test(source)) return source;
  const [own, inner] = await Promise.all([source, join(source, 'annotations')].map(jsonIn));
  const files = own!.length > 0 ? own! : inner!;
  const [first] = files;
  if (first !== undefined && files.length === 1) return first;
  throw layoutError(source, LAYOUT, files.length === 0 ? 'there is none' : `there are ${files.length}, name one`);
}

async function jsonIn(folder: string): Promise<string[]> {
  return (await fileNames(folder)).filter((name) => /\.json$/i.test(name)).map((name) => join(folder, name));
}

/** The folder that the user named, or the first of the usual ones that holds the first image. */
async function imagesFolder(beside: string, named: string | undefined, file = ''): Promise<string | undefined> {
  if (named !== undefined) return findFolder(beside, [named]);
  for (const candidate of FOLDERS) if (await exists(join(beside, candidate, file))) return join(beside, candidate);
  return undefined;
}

/** What the text of a COCO file says. @throws SamusError IMPORT_ANNOTATION */
function parse(text: string, path: string) {
  const refuse = (what: string): SamusError =>
    new SamusError('IMPORT_ANNOTATION', `${path}: ${what}`, 'export the annotations again', { path });
  try {
    const document: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    const images = readCoco(document).map((image) => {
      const file = safePath(image.file);
      if (file === undefined) throw refuse(`the file_name ${image.file} leads out of its folder`);
      return { ...image, file };
    });
    const classes = cocoCategories(document);
    if (classes.length > MOST_CLASSES) {
      throw refuse(`${MOST_CLASSES} categories at most were expected, it has ${classes.length}`);
    }
    return { images, classes };
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse('COCO JSON was expected, but it is no JSON');
    if (error instanceof SamusError && error.code === 'COCO_INVALID') throw refuse(error.message);
    throw error;
  }
}

/** A path that stays within the folder of images, with `/`. */
function safePath(file: string): string | undefined {
  const parts = file.replaceAll('\\', '/').split('/');
  const inside = parts.every(
    (part, i) => part !== '' && part !== '.' && part !== '..' && !(i === 0 && part.includes(':')),
  );
  return inside ? parts.join('/') : undefined;
}

/** @throws SamusError COCO_SIZE if the document says another size than the image has, RLE_INVALID */
function draw(annotated: CocoImage, classIds: ReadonlyMap<number, number>, { width, height }: Image): Image {
  const { file, objects } = annotated;
  // Some programs write 0 for what they do not know.
  const [saidWidth, saidHeight] = [annotated.width || width, annotated.height || height];
  if (saidWidth !== width || saidHeight !== height) {
    const message = `${file} was expected to have the size that its annotations are for, ${saidWidth}x${saidHeight}; it has ${width}x${height}`;
    const hint = 'import the images that were annotated, or export the annotations of these';
    throw new SamusError('COCO_SIZE', message, hint, { file, width, height, saidWidth, saidHeight });
  }
  const label = createImage(width, height, 1, new Uint8Array(width * height));
  for (const object of objects) {
    const classId = classIds.get(object.categoryId) ?? 0;
    const mask = cocoMask(object, width, height);
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) label.data[i] = classId;
  }
  return label;
}
