/**
 * Annotated images as a folder in the layout of US30K, in memory: files to be written somewhere, or one zip archive to
 * be downloaded. What a person annotated becomes training data this way; `samus data check` accepts it. Folders on a
 * disk are written by importDataset.node.ts.
 */
import { zipSync } from 'fflate';
import { SamusError } from '../errors.js';
import { encodeClassPng } from '../formats/classPng.js';
import { formatFacts } from './imageFacts.js';
import { LIST_FOLDER } from './sampleList.js';

/** An image with a class for each of its pixels. */
export interface Us30kImage {
  /** Its name in the dataset, without `.png`; may hold spaces, and `/` for folders. */
  readonly name: string;
  /** A PNG file of it. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** 0 the background, then 1, 2, … in the order of the dataset's classes; row-major. */
  readonly classes: Uint8Array;
  /** Millimetres of a pixel across and down. */
  readonly spacingMm?: readonly [x: number, y: number];
  readonly patient?: string;
  /** The file that it was made from. */
  readonly source?: string;
}

export interface Us30kDataset {
  /** Name of its folder, for example `Breast-Own`. */
  readonly dataset: string;
  /** Kinds of objects without the background, in the order of their indices from 1 on. */
  readonly classes: readonly { readonly name: string; readonly color: string }[];
  readonly images: readonly Us30kImage[];
  readonly licence?: string;
  readonly source?: string;
}

/** A file to be written. */
export interface Us30kFile {
  /** With `/`, from the root on. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A name of a folder or file that every system takes, and that leads nowhere else. */
const NAME = /^[\p{L}\p{N}_(][\p{L}\p{M}\p{N} ._()+-]{0,199}$/u;

/** A PNG file is packed already. */
const STORED = { level: 0 } as const;

/**
 * The files of a root with one dataset: images, labels, `images.csv`, `class.json`, `dataset.json`, and the lists
 * `all-<Dataset>` (every object of every image) and `empty-<Dataset>` (images without one).
 * @throws SamusError DATA_NAME, IMPORT_NAMES if two images have one name, DATA_CLASS_RANGE, CLASS_PNG_SIZE
 */
export function us30kFiles({ dataset, classes, images, licence, source }: Us30kDataset): Us30kFile[] {
  checkName(dataset, [dataset]);
  const files: Us30kFile[] = [];
  const lines = { all: [] as string[], empty: [] as string[] };
  const seen = new Set<string>();
  for (const { name, png, width, height, classes: label } of images) {
    checkName(name, name.split('/'));
    // Some systems know no capital letters.
    if (seen.has(name.toLowerCase())) {
      const message = `expected different names for the images of ${dataset}, got ${name} twice`;
      throw new SamusError('IMPORT_NAMES', message, 'rename one of them', { name });
    }
    seen.add(name.toLowerCase());
    files.push({ path: `${dataset}/img/${name}.png`, bytes: png });
    files.push({ path: `${dataset}/label/${name}.png`, bytes: encodeClassPng(label, width, height) });
    const held = heldClasses(label, classes.length, name);
    lines.all.push(...held.map((classId) => `${classId}/${dataset}/${name}\n`));
    if (held.length === 0) lines.empty.push(`1/${dataset}/${name}\n`);
  }
  const entry = {
    classes: ['background', ...classes.map(({ name }) => name)],
    colors: ['#000000', ...classes.map(({ color }) => color)],
    ...(licence !== undefined && { licence }),
    ...(source !== undefined && { source }),
  };
  const text = (path: string, content: string): void => {
    files.push({ path, bytes: new TextEncoder().encode(content) });
  };
  text(`${dataset}/images.csv`, formatFacts(images));
  text(`${LIST_FOLDER}/class.json`, `${JSON.stringify({ [dataset]: entry.classes.length }, null, 1)}\n`);
  text(`${LIST_FOLDER}/dataset.json`, `${JSON.stringify({ [dataset]: entry }, null, 1)}\n`);
  for (const [list, entries] of Object.entries(lines)) {
    // A list without lines is an error to whoever reads it.
    if (entries.length > 0) text(`${LIST_FOLDER}/${list}-${dataset}.txt`, entries.join(''));
  }
  return files;
}

/** The same as the bytes of a zip archive, to be unpacked into a root. @throws SamusError as {@link us30kFiles} */
export function us30kArchive(dataset: Us30kDataset): Uint8Array {
  return zipSync(Object.fromEntries(us30kFiles(dataset).map(({ path, bytes }) => [path, [bytes, STORED]])));
}

/** Classes that a label holds, in order. @throws SamusError DATA_CLASS_RANGE */
function heldClasses(label: Uint8Array, count: number, name: string): number[] {
  const held = new Uint8Array(256);
  for (const value of label) held[value] = 1;
  const classes = [...held.keys()].filter((value) => value > 0 && held[value] === 1);
  const highest = classes.at(-1) ?? 0;
  if (highest <= count) return classes;
  const message = `expected classes up to ${count} in the label of ${name}, got ${highest}`;
  throw new SamusError('DATA_CLASS_RANGE', message, 'name all classes', { name, highest, count });
}

function checkName(name: string, parts: readonly string[]): void {
  if (parts.every((part) => NAME.test(part) && part.trim() === part && !part.endsWith('.'))) return;
  throw new SamusError(
    'DATA_NAME',
    `expected a name of letters, digits, spaces and _ . ( ) + -, got ${JSON.stringify(name)}`,
    'rename it; it becomes the name of a file',
    { name },
  );
}
