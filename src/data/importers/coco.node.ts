/**
 * Segmentations as COCO JSON: polygons and run lengths, packed or plain. Categories become classes in the order of
 * their ids; where annotations overlap, the later one is on top. The source is the JSON file, or a folder with one, and
 * images lie where annotation tools put them (COCO, CVAT, Label Studio). An entry that cannot be used is left out and named.
 */
import { basename, dirname, join } from 'node:path';
import { SamusError } from '../../errors.js';
import {
  type CocoImage,
  type CocoObject,
  type CocoProblem,
  cocoCategories,
  cocoMask,
  readCoco,
} from '../../formats/cocoRead.js';
import { isThere } from '../../formats/fileSystem.node.js';
import { createImage, type Image } from '../../formats/image.js';
import { openImage } from '../../formats/imageFile.node.js';
import { parsePythonJson } from '../../formats/jsonFields.js';
import { nameKey } from '../../formats/outputNames.js';
import { groupBy } from '../groupBy.js';
import { unlistable } from '../sampleList.js';
import { fileNames, findFolder, layoutError, stemOf, textIfThere } from './files.node.js';
import { datasetEntry, type Importer, type ImportItem, type Skipped } from './importer.js';

const LAYOUT = 'one JSON file in the form of COCO (images, annotations, categories)';
/** What an 8-bit label can hold beside the background. */
const MOST_CLASSES = 255;
const LEADS_OUT = 'its file_name leads out of the folder of images; --basenames takes the last part';
/** Where the images may be, seen from the JSON file. */
const FOLDERS = ['images', 'image', 'img', 'train2017', 'val2017', '.'].flatMap((name) => [name, join('..', name)]);

export const coco: Importer = {
  id: 'coco',
  layout: LAYOUT,
  options: ['dataset', 'images', 'basenames'],
  async plan(source, { dataset = 'Own-Data', images: imageFolder, basenames = false }) {
    const path = await jsonFile(source);
    const { images, classes, problems, warnings } = parse((await textIfThere(path)) ?? '', path, basenames);
    const wanted = images.filter(({ objects, problems }) => objects.length + problems.length > 0);
    if (wanted.every(({ objects }) => objects.length === 0) && problems[0]) throw noImage(path, problems[0]);
    if (wanted.length === 0) throw unusable(path, 'expected annotations with an area, got none (boxes have no area)');
    const folder = await imagesFolder(dirname(path), imageFolder, wanted);
    if (!folder) throw layoutError(source, LAYOUT, whereNot(wanted, imageFolder));
    const classIds = new Map(classes.map(({ id }, i) => [id, i + 1]));
    const [skipped, failed]: [Skipped[], Skipped[]] = [[], []];
    for (const problem of problems) {
      if (problem.path === undefined) skipped.push(entryOf(problem));
      else if (problem.lost === 'image')
        ((await isThere(join(folder, problem.path))) ? failed : skipped).push(entryOf(problem));
    }
    const items: ImportItem[] = [];
    const taken = new Map<string, string>();
    for (const one of images) {
      const { file } = one;
      const image = join(folder, file);
      // Folders become part of the name: two of them may hold images of one name.
      const name = [...file.split('/').slice(0, -1), stemOf(file)].join('_');
      const key = nameKey(name);
      const other = taken.get(key);
      const unfit = unlistable(name) ?? (other === undefined ? undefined : `its name, ${name}, is that of ${other}`);
      if (one.objects.length + one.problems.length === 0) skipped.push({ file, reason: 'it has no annotation' });
      else if (!(await isThere(image))) skipped.push({ file, reason: 'it is missing' });
      else if (unfit !== undefined) failed.push({ file, reason: unfit });
      else {
        taken.set(key, file);
        items.push({ dataset, name, source: file, load: () => load(image, one, classIds) });
      }
    }
    if (items.length === 0) {
      if (failed[0]) throw noImage(path, failed[0]);
      throw layoutError(source, LAYOUT, whereNot(wanted, imageFolder));
    }
    const entry = datasetEntry(
      classes.map(({ name }) => name),
      'not stated',
      'own',
    );
    return { datasets: new Map([[dataset, entry]]), items, skipped, failed, warnings };
  },
};

/** An image and what is wrong with its annotations. */
interface AnnotatedImage extends CocoImage {
  readonly problems: readonly Skipped[];
}

/** What is wrong with an entry; `path` is that of its image in the folder of images, where there may be one. */
interface Problem extends Skipped {
  readonly lost: 'image' | 'annotation';
  readonly path?: string;
}

const entryOf = ({ file, reason, annotation }: Skipped): Skipped => ({
  file,
  reason,
  ...(annotation !== undefined && { annotation }),
});

const inWords = ({ file, annotation, reason }: Skipped): string =>
  `${annotation === undefined ? file : `annotation ${annotation} of ${file}`}: ${reason}`;

function noImage(path: string, problem: Skipped): SamusError {
  return unusable(path, `no image can be imported; ${inWords(problem)}`, { ...entryOf(problem) });
}

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
 * What the text of a COCO file says, and in `problems` what cannot be used of it.
 * @throws SamusError IMPORT_ANNOTATION
 */
function parse(text: string, path: string, basenames: boolean) {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const pathOf = (file: string): string | undefined => safePath(basenames ? lastPart(file) : file);
  const report = ({ image, lost, ...problem }: CocoProblem): void => {
    const inside = typeof image === 'string' ? pathOf(image) : undefined;
    // Problems without an image are reported for the document.
    const file = String(inside ?? image ?? basename(path));
    if (lost) problems.push({ file, lost, ...problem, ...(inside !== undefined && { path: inside }) });
    else warnings.push(`${file}: ${problem.reason}`);
  };
  try {
    const document = parseJson(text, path);
    const said = readCoco(document, report);
    // What is wrong with categories has been reported by then.
    const classes = cocoCategories(document, () => {});
    if (classes.length > MOST_CLASSES) {
      throw unusable(path, `expected at most ${MOST_CLASSES} categories, got ${classes.length}`);
    }
    const lost = problems.filter((problem) => problem.lost === 'annotation');
    const ofFile = groupBy(lost, ({ file }) => file);
    const images: AnnotatedImage[] = [];
    for (const image of said) {
      const file = pathOf(image.file);
      if (file !== undefined) images.push({ ...image, file, problems: ofFile.get(file)?.map(entryOf) ?? [] });
      else problems.push({ file: image.file, lost: 'image', reason: LEADS_OUT });
    }
    return { images, classes, problems, warnings };
  } catch (error) {
    if (error instanceof SamusError && error.code === 'COCO_INVALID')
      throw unusable(path, error.message, error.details);
    throw error;
  }
}

/** @throws SamusError IMPORT_ANNOTATION */
function parseJson(text: string, path: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw unusable(path, `expected COCO JSON, but it is no JSON: ${error.message}`);
  }
}

function unusable(path: string, what: string, details: SamusError['details'] = {}): SamusError {
  return new SamusError('IMPORT_ANNOTATION', `${path}: ${what}`, 'correct it, or export the annotations again', {
    path,
    ...details,
  });
}

const pathParts = (file: string): string[] => file.replaceAll('\\', '/').split('/');
const lastPart = (file: string): string => pathParts(file).at(-1)!;

/** A path that stays within the folder of images, with `/` and without `.` and `..`. */
function safePath(file: string): string | undefined {
  const parts = pathParts(file);
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
async function load(
  path: string,
  { file, objects, problems, ...said }: AnnotatedImage,
  classIds: ReadonlyMap<number, number>,
) {
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
  const skipped = [...problems];
  let drawn = 0;
  for (const object of objects) {
    const mask = maskOf(object, label, (reason) =>
      skipped.push({ file, reason, ...(object.id !== undefined && { annotation: object.id }) }),
    );
    if (!mask) continue;
    drawn++;
    const classId = classIds.get(object.categoryId) ?? 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) label.data[i] = classId;
  }
  if (drawn > 0) return { image, label, skipped };
  const { reason, annotation = '?' } = skipped[0]!;
  throw unusable(file, `none of its annotations can be used; annotation ${annotation}: ${reason}`, {
    file,
    annotation,
    reason: `${reason}; the image is left out, for none of its annotations can be used`,
  });
}

function maskOf(
  object: CocoObject,
  { width, height }: Image,
  report: (reason: string) => void,
): Uint8Array | undefined {
  try {
    const mask = cocoMask(object, width, height);
    if (mask.some((value) => value !== 0)) return mask;
    report('it contains no pixel of the image');
    return undefined;
  } catch (error) {
    if (!(error instanceof SamusError)) throw error;
    report(error.message);
    return undefined;
  }
}
