/**
 * The tables of a study, made from the records of its finished images one after another: measurements as CSV, masks as
 * COCO, failed images as CSV. None is in memory as a whole.
 */
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CocoCategory, cocoDocument } from '../../formats/coco.js';
import { csvLine } from '../../formats/csv.js';
import { replaceFile } from '../../formats/fileWrite.node.js';
import { decodeRle } from '../../formats/rle.js';
import type { ItemRecord } from './itemRunner.node.js';
import { DONE, plannedItems } from './plan.node.js';
import type { StoredError } from './study.js';
import { STUDY_FILES } from './studyFolder.node.js';

export interface FailedItem {
  readonly image: string;
  readonly error: StoredError;
}

const COLUMNS = [
  ...['image', 'frame', 'object', 'class', 'score', 'presence', 'absent', 'area_px', 'perimeter_px'],
  ...['long_axis_px', 'short_axis_px', 'area_mm2', 'perimeter_mm', 'long_axis_mm', 'short_axis_mm', 'why_no_mm'],
  ...['x0', 'y0', 'x1', 'y1', 'mask'],
];

/** @param states of the plan @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function writeTables(
  folder: string,
  states: Uint8Array,
  failed: readonly FailedItem[],
  progress: (images: number) => void = () => undefined,
): Promise<void> {
  await replaceFile(join(folder, STUDY_FILES.failed), async (path) => {
    const file = await Lines.open(path);
    await file.write(csvLine(['image', 'code', 'message', 'hint']));
    for (const { image, error } of failed) await file.write(csvLine([image, error.code, error.message, error.hint]));
    await file.close();
  });
  await replaceFile(join(folder, STUDY_FILES.measurements), (measurements) =>
    replaceFile(join(folder, STUDY_FILES.coco), async (coco) => {
      const [csv, document] = [await Lines.open(measurements), await CocoFile.open(coco)];
      await csv.write(csvLine(COLUMNS));
      let index = 0;
      let done = 0;
      for await (const { image, base } of plannedItems(folder)) {
        if (states[index++] !== DONE) continue;
        const record: ItemRecord = JSON.parse(await readFile(join(folder, STUDY_FILES.images, `${base}.json`), 'utf8'));
        for (const frame of record.images) {
          for (const row of rowsOf(image, frame)) await csv.write(csvLine(row));
          await document.add(image, frame);
        }
        progress(++done);
      }
      await Promise.all([csv.close(), document.close()]);
    }),
  );
}

type Frame = ItemRecord['images'][number];

function rowsOf(image: string, { frame, objects }: Frame) {
  return objects.map((object) => {
    const { name, className, score, presence, absent, area, measured, box, mask } = object;
    return [
      ...[image, frame, name, className, score, presence, absent, area],
      ...[measured?.perimeter_px ?? 0, measured?.long_axis_px ?? 0, measured?.short_axis_px ?? 0],
      ...[object.area_mm2, object.perimeter_mm, object.long_axis_mm, object.short_axis_mm, object.why_no_mm],
      ...(box ?? [null, null, null, null]),
      mask,
    ];
  });
}

/** Lines that are written at a time. */
const LINES_TOGETHER = 500;

/** A text file that is written line by line. */
class Lines {
  #waiting: string[] = [];

  private constructor(
    private readonly file: FileHandle,
    private readonly end: string,
  ) {}

  static async open(path: string, end = '\n'): Promise<Lines> {
    return new Lines(await open(path, 'wx'), end);
  }

  async write(line: string): Promise<void> {
    this.#waiting.push(`${line}${this.end}`);
    if (this.#waiting.length >= LINES_TOGETHER) await this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.file.close();
  }

  async #flush(): Promise<void> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    await this.file.appendFile(text);
  }
}

/** A COCO document: the images are written at once, the annotations into a second file, which is appended at the end. */
class CocoFile {
  readonly #categories: CocoCategory[] = [];
  #images = 0;
  #annotations = 0;

  private constructor(
    private readonly path: string,
    private readonly file: Lines,
    private readonly others: Lines,
  ) {}

  static async open(path: string): Promise<CocoFile> {
    const file = await Lines.open(path, '');
    await file.write(`{"info":${JSON.stringify(cocoDocument([]).info)},"images":[`);
    return new CocoFile(path, file, await Lines.open(`${path}.annotations`, ''));
  }

  /** COCO has no frames: those of a file have names of their own, `FILE#FRAME`. */
  async add(image: string, { frame, width, height, objects }: Frame): Promise<void> {
    const named = objects.flatMap(({ rle, name, className, score }) => {
      // Numbers of objects that were found without a prompt are not categories.
      const category = className ?? (/^object-\d+$/.test(name) ? 'object' : name);
      this.#category(category);
      return rle ? [{ mask: decodeRle({ size: [...rle.size], counts: rle.counts }).data, category, name, score }] : [];
    });
    const found = named.map(({ score, ...one }) => ({ ...one, ...(score !== null && { score }) }));
    const file = frame === undefined ? image : `${image}#${frame}`;
    const document = cocoDocument([{ file, width, height, objects: found }], { categories: this.#categories });
    for (const entry of document.images) {
      const text = JSON.stringify({ ...entry, id: this.#images + 1 });
      await this.file.write(this.#images++ === 0 ? text : `,${text}`);
    }
    for (const entry of document.annotations) {
      const text = JSON.stringify({ ...entry, id: this.#annotations + 1, image_id: this.#images });
      await this.others.write(this.#annotations++ === 0 ? text : `,${text}`);
    }
  }

  async close(): Promise<void> {
    await this.others.close();
    await this.file.write('],"annotations":[');
    const source = await open(`${this.path}.annotations`);
    try {
      for await (const part of source.createReadStream({ encoding: 'utf8' })) await this.file.write(String(part));
    } finally {
      await source.close();
      await rm(`${this.path}.annotations`, { force: true });
    }
    const categories = cocoDocument([], { categories: this.#categories }).categories;
    await this.file.write(`],"categories":${JSON.stringify(categories)}}\n`);
    await this.file.close();
  }

  #category(name: string): void {
    if (this.#categories.every((one) => one.name !== name)) {
      this.#categories.push({ id: this.#categories.length + 1, name });
    }
  }
}
