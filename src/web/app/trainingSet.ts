/**
 * Reads the metadata of a US30K training set that is opened to be corrected: names and colours of classes
 * (`MainPatient/dataset.json`) and pixel sizes (`DATASET/images.csv`).
 */
import { FactsTable } from '../../data/imageFacts.js';
import { SamusError } from '../../errors.js';
import { isFields, jsonOf } from '../../formats/jsonFields.js';
import { classColor, LAST_CLASS } from '../document/palette.js';
import type { ClassEntry } from '../document/types.js';
import { readBytes } from '../open/pictureErrors.js';
import type { FoundFile } from './listing.js';
import { LABEL_FOLDER } from './maskNames.js';

export interface TrainingSets {
  /** Classes by dataset name. */
  readonly classes: ReadonlyMap<string, readonly ClassEntry[]>;
  /** Paths of metadata files that were read; they are not masks. */
  readonly read: ReadonlySet<string>;
  /** Adds the pixel size to an image of a dataset; other files are returned unchanged. */
  withSpacing(found: FoundFile): Promise<FoundFile>;
}

/** Offset of width and height in a PNG file. */
const SIZE_AT = 16;

/** Ignores files of these names with other content. */
export async function readTrainingSets(files: readonly FoundFile[]): Promise<TrainingSets> {
  const classes = new Map<string, readonly ClassEntry[]>();
  const read = new Set<string>();
  const tables = new Map<string, FactsTable>();
  for (const { file, path } of files) {
    const name = path.split('/').at(-1)!;
    if (name === 'dataset.json') {
      const described = datasetClasses(new TextDecoder().decode(await bytesOf(file)));
      for (const [dataset, own] of described) classes.set(dataset, own);
      if (described.length > 0) read.add(path);
    } else if (name === 'images.csv') {
      const table = factsTable(await bytesOf(file), path);
      if (table) tables.set(path.slice(0, -name.length), table);
    }
  }
  const withSpacing = async (found: FoundFile): Promise<FoundFile> => {
    for (const [folder, table] of tables) {
      const begin = `${folder}img/`;
      if (!found.path.startsWith(begin)) continue;
      const facts = table.get(found.path.slice(begin.length).replace(/\.png$/i, ''));
      if (!facts?.spacingMm) continue;
      const [x, y] = facts.spacingMm;
      // Datasets may contain copies smaller than the measured originals.
      const [width, height] = await pngSize(found.file);
      const ratio = (measured: number | undefined, here: number): number => (measured && here ? measured / here : 1);
      return { ...found, spacingMm: [x * ratio(facts.width, width), y * ratio(facts.height, height)] };
    }
    return found;
  };
  return { classes, read, withSpacing };
}

/** The dataset of a label: the parent of its label folder. */
export function datasetOf(path: string): string | undefined {
  const folders = path.split('/').slice(0, -1);
  return folders[folders.findIndex((folder) => LABEL_FOLDER.test(folder)) - 1];
}

function datasetClasses(text: string): [name: string, classes: readonly ClassEntry[]][] {
  const document = jsonOf(text);
  if (!isFields(document)) return [];
  return Object.entries(document).flatMap(([dataset, entry]): [string, readonly ClassEntry[]][] => {
    if (!isFields(entry) || !Array.isArray(entry.classes)) return [];
    const names: readonly unknown[] = entry.classes;
    const colors: readonly unknown[] = Array.isArray(entry.colors) ? entry.colors : [];
    // The first class is the background.
    const classes = names.slice(0, LAST_CLASS + 1).flatMap((name, id): ClassEntry[] => {
      const color = colors[id];
      if (id === 0 || typeof name !== 'string') return [];
      const known = typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color);
      return [{ id, name: name.slice(0, 200), color: known ? color : classColor(id) }];
    });
    return [[dataset, classes]];
  });
}

function factsTable(bytes: Uint8Array, path: string): FactsTable | undefined {
  try {
    return new FactsTable(bytes, path);
  } catch (error) {
    if (error instanceof SamusError) return undefined;
    throw error;
  }
}

/** Empty for unreadable files; images report that when they are opened. */
async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBytes(file);
  } catch (error) {
    if (error instanceof SamusError) return new Uint8Array();
    throw error;
  }
}

/** Zeros if the file is truncated. */
async function pngSize(file: Blob): Promise<readonly [width: number, height: number]> {
  const head = new DataView((await bytesOf(file.slice(SIZE_AT, SIZE_AT + 8))).buffer);
  return head.byteLength < 8 ? [0, 0] : [head.getUint32(0), head.getUint32(4)];
}
