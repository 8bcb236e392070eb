/**
 * Segmentations as COCO JSON: polygons and run lengths, packed or plain. Categories become classes in the order of
 * their ids; where annotations overlap, the later one is on top. The source is the JSON file, or a folder with one, and
 * images lie where annotation tools put them (COCO, CVAT, Label Studio). An entry that cannot be used is left out and named.
 */
import { dirname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import { type CocoImage, type CocoObject, cocoCategories, cocoMask, readCoco } from '../../formats/coco.js';
import { isThere } from '../../formats/fileSystem.node.js';
import { createImage, type Image } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import { fileNames, findFolder, layoutError, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem, type Skipped } from './importer.js';

const LAYOUT = 'one JSON file in the form of COCO (images, annotations, categories)';
/** What an 8-bit label can hold beside the background. */
const MOST_CLASSES = 255;
/** Where the images may be, seen from the JSON file. */
const FOLDERS = ['images', 'image', 'img', 'train2017', 'val2017', '.'].flatMap((name) => [name, join('..', name)]);

export const coco: Importer = {
  id: 'coco',
  layout: LAYOUT,
  options: ['dataset', 'images', 'basenames'],
  async plan(source, { dataset = 'Own-Data', images: imageFolder, basenames = false }) {
    const path = await jsonFile(source);
    const skipped: Skipped[] = [];
    const { images, classes } = parse((await textIfThere(path)) ?? '', path, basenames, skipped);
    for (const { file, objects } of images) {
      // Where its annotations are left out, why is said there.
      const said = objects.length > 0 || skipped.some((one) => one.file === file);
      if (!said) skipped.push({ file, reason: 'it has no annotation' });
    }
    const annotated = images.filter(({ objects }) => objects.length > 0);
    const [problem] = skipped;
    if (annotated.length === 0 && problem)
      throw unusable(path, `no image can be imported; ${inWords(problem)}`, { ...problem });
    const folder = await imagesFolder(dirname(path), imageFolder, annotated);
    if (!folder) throw layoutError(source, LAYOUT, whereNot(annotated, imageFolder));
    const classIds = new Map(classes.map(({ id }, i) => [id, i + 1]));
    const items: ImportItem[] = [];
    for (const one of annotated) {
      const { file } = one;
      const image = join(folder, file);
      if (!(await isThere(image))) {
        skipped.push({ file, reason: 'it is not there' });
        continue;
      }
      items.push({
        dataset,
        // Folders become part of the name: two of them may hold images of one name.
        name: [...file.split('/').slice(0, -1), stemOf(file)].join('_'),
        source: file,
        load: () => load(image, one, classIds),
      });
    }
    if (items.length === 0 && annotated.length > 0) {
      throw layoutError(source, LAYOUT, whereNot(annotated, imageFolder));
    }
    const entry = datasetEntry(
      classes.map(({ name }) => name),
      'not stated',
      'own',
    );
    return { datasets: new Map([[dataset, entry]]), items, skipped, goesOn: true };
  },
};

const inWords = ({ file, annotation, reason }: Skipped): string =>
  `${annotation === undefined ? file : `annotation ${annotation} of ${file}`}: ${reason}`;

/** Where the images are not. */
function whereNot(images: readonly CocoImage[], named: string | undefined): string {
  const [first] = images;
  const which = images.length === 1 ? first?.file : `none of ${images.length} images (${first?.file}, …)`;
  const places = named === undefined ? `any of ${FOLDERS.join(', ')}` : named;
  return `${which} is ${images.length === 1 ? 'not ' : ''}in ${places}; name the folder by --images`;
}

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

/** The folder that the user named, or the first of the usual ones that holds one of the images. */
async function imagesFolder(
  beside: string,
  named: string | undefined,
  images: readonly CocoImage[],
): Promise<string | undefined> {
  if (named !== undefined) return findFolder(beside, [named]);
  for (const { file } of images) {
    for (const candidate of FOLDERS) if (await isThere(join(beside, candidate, file))) return join(beside, candidate);
  }
  return undefined;
}

/**
 * What the text of a COCO file says.
 * @param skipped gets the images and annotations that cannot be used
 * @throws SamusError IMPORT_ANNOTATION
 */
function parse(text: string, path: string, basenames: boolean, skipped: Skipped[]) {
  try {
    const document: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    const said = readCoco(document, ({ image, ...problem }) =>
      skipped.push({ file: String(image ?? '?'), ...problem }),
    );
    const classes = cocoCategories(document);
    if (classes.length > MOST_CLASSES) {
      throw unusable(path, `expected at most ${MOST_CLASSES} categories, got ${classes.length}`);
    }
    const images: CocoImage[] = [];
    for (const image of said) {
      const file = safePath(basenames ? lastPart(image.file) : image.file);
      if (file !== undefined) images.push({ ...image, file });
      else
        skipped.push({
          file: image.file,
          reason: 'its file_name leads out of the folder of images; --basenames takes the last part',
        });
    }
    return { images, classes };
  } catch (error) {
    if (error instanceof SyntaxError) throw unusable(path, 'expected COCO JSON, but it is no JSON');
    if (error instanceof SamusError && error.code === 'COCO_INVALID')
      throw unusable(path, error.message, error.details);
    throw error;
  }
}

function unusable(path: string, what: string, details: SamusError['details'] = {}): SamusError {
  return new SamusError('IMPORT_ANNOTATION', `${path}: ${what}`, 'correct it, or export the annotations again', {
    path,
    ...details,
  });
}

const partsOf = (file: string): string[] => file.replaceAll('\\', '/').split('/');
const lastPart = (file: string): string => partsOf(file).at(-1)!;

/** A path that stays within the folder of images, with `/` and without `.` and `..`. */
function safePath(file: string): string | undefined {
  const parts = partsOf(file);
  if (parts[0] === '' || parts[0]!.includes(':') || parts.at(-1) === '') return undefined;
  const inside: string[] = [];
  for (const part of parts) {
    if (part === '' || part === '.') continue;
    if (part !== '..') inside.push(part);
    else if (inside.pop() === undefined) return undefined;
  }
  return inside.length > 0 && !/^\.\.?$/.test(parts.at(-1)!) ? inside.join('/') : undefined;
}

/**
 * An image and the label that its annotations draw; those that cannot be drawn are left out.
 * @throws SamusError COCO_SIZE if the document says another size than the image has, IMPORT_ANNOTATION if no annotation
 *   is left, or for a file of several frames; and as openImage
 */
async function load(path: string, { file, objects, ...said }: CocoImage, classIds: ReadonlyMap<number, number>) {
  const opened = await openImage(path);
  if (opened.frames > 1) {
    const message = `expected one image in ${file}, it has ${opened.frames} frames`;
    throw new SamusError('IMPORT_ANNOTATION', message, 'annotate the frames as single images', { file });
  }
  const image = await opened.read(1);
  const { width, height } = image;
  // Some programs write 0 for what they do not know.
  const [saidWidth, saidHeight] = [said.width || width, said.height || height];
  if (saidWidth !== width || saidHeight !== height) {
    const message = `expected ${file} to have the size that its annotations are for, ${saidWidth}x${saidHeight}; it has ${width}x${height}`;
    const hint = 'import the images that were annotated, or export the annotations of these';
    throw new SamusError('COCO_SIZE', message, hint, { file, width, height, saidWidth, saidHeight });
  }
  const label = createImage(width, height, 1, new Uint8Array(width * height));
  const skipped: Skipped[] = [];
  for (const object of objects) {
    const mask = maskOf(object, label, (reason) =>
      skipped.push({ file, reason, ...(object.id !== undefined && { annotation: object.id }) }),
    );
    if (!mask) continue;
    const classId = classIds.get(object.categoryId) ?? 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) label.data[i] = classId;
  }
  if (skipped.length < objects.length) return { image, label, skipped };
  const { reason, annotation = '?' } = skipped[0]!;
  throw unusable(file, `none of its annotations can be used; annotation ${annotation}: ${reason}`, { annotation });
}

function maskOf(
  object: CocoObject,
  { width, height }: Image,
  report: (reason: string) => void,
): Uint8Array | undefined {
  try {
    return cocoMask(object, width, height);
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    report(error.message);
    return undefined;
  }
}
