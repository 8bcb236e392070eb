/**
 * The table of a dataset folder, as the paper's first table: for each dataset and class how many images there are,
 * how many of them in each list, and how large the objects and images are.
 */
import type { Dataset } from './dataset.node.js';

export interface TableRow {
  readonly dataset: string;
  readonly class: number;
  readonly className: string;
  /** Images whose label holds the class. */
  readonly images: number;
  /** Samples of the class in each list, by its name. */
  readonly lists: { readonly [list: string]: number };
  /** Patients, sweeps or cases that the images are of; null where none is known. */
  readonly patients: number | null;
  /** Mean share of an image that the object covers, 0 to 1. */
  readonly area: number;
  /** Smallest and largest stored size, `[width, height]`. */
  readonly sizes: { readonly least: readonly [number, number]; readonly most: readonly [number, number] };
}

export interface TableOptions {
  /** Lists to count in. */
  readonly lists: readonly string[];
  /** Told before each label is read. */
  readonly onProgress?: (done: number, total: number, image: string) => void;
}

/** What is gathered for one class. */
interface Tally {
  images: number;
  area: number;
  readonly patients: Set<string>;
}

/** The rows of the table, by dataset and class. @throws what reading lists and labels throws */
export async function tableOfDataset(data: Dataset, { lists, onProgress }: TableOptions): Promise<TableRow[]> {
  const counts = new Map<string, Record<string, number>>();
  for (const list of lists) {
    for (const { dataset, classId } of await data.lists([list])) {
      const count = counts.get(`${dataset}/${classId}`) ?? {};
      count[list] = (count[list] ?? 0) + 1;
      counts.set(`${dataset}/${classId}`, count);
    }
  }
  const names = await data.datasets();
  const folders = await Promise.all(names.map(async (dataset) => ({ dataset, ...(await data.names(dataset)) })));
  const total = folders.reduce((sum, { images }) => sum + images.size, 0);
  const rows: TableRow[] = [];
  let done = 0;
  for (const { dataset, images, labels } of folders) {
    const classes = data.classes(dataset);
    const patientOf = await data.patients(dataset);
    const tallies = classes.names.map((): Tally => ({ images: 0, area: 0, patients: new Set() }));
    let [least, most]: [readonly [number, number], readonly [number, number]] = [
      [0, 0],
      [0, 0],
    ];
    for (const name of images) {
      onProgress?.(done++, total, name);
      if (!labels.has(name)) continue;
      const { width, height, data: label } = await data.readLabel({ dataset, name });
      if (least[0] === 0 || width * height < least[0] * least[1]) least = [width, height];
      if (width * height > most[0] * most[1]) most = [width, height];
      const pixels = new Uint32Array(256);
      for (const value of label) pixels[value]!++;
      const patient = patientOf(name);
      for (const [classId, tally] of tallies.entries()) {
        if (pixels[classId] === 0) continue;
        tally.images++;
        tally.area += pixels[classId]! / label.length;
        if (patient !== undefined) tally.patients.add(patient);
      }
    }
    for (const [classId, { images: held, area, patients }] of tallies.entries()) {
      if (classId === 0) continue;
      rows.push({
        dataset,
        class: classId,
        className: classes.names[classId]!,
        images: held,
        lists: Object.fromEntries(lists.map((list) => [list, counts.get(`${dataset}/${classId}`)?.[list] ?? 0])),
        patients: patients.size > 0 ? patients.size : null,
        area: held > 0 ? area / held : 0,
        sizes: { least, most },
      });
    }
  }
  return rows;
}
