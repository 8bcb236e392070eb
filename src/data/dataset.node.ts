/**
 * A dataset folder in the published layout, read as it is: lists and class.json in `MainPatient/`, images in
 * `<Dataset>/img/NAME.png`, class indices in `<Dataset>/label/NAME.png`. Images are
 * read on request and never kept. Resizing and augmentation are not here, nor is making such a folder.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listed, SamusError } from '../errors.js';
import { storedPath } from '../formats/fileSystem.node.js';
import { brightestSamples, createImage, type Image, toGrey } from '../formats/image.js';
import { openImage } from '../formats/imageFile.node.js';
import { nameKey } from '../formats/outputNames.js';
import { aliasOf, classesOfDataset, type DatasetClasses, parseClassJson, parseDatasetJson } from './classes.js';
import type { Dataset, LabelledImage, ReadOptions } from './dataset.js';
import { FactsTable, patientByName } from './imageFacts.js';
import { forEachPng, isFolder, pngNames, readIfThere } from './layoutFiles.node.js';
import { NameIndex } from './nameIndex.js';
import { binaryMask, classIndices } from './publishedMasks.js';
import { EVERY_CLASS, LIST_FOLDER, type ListText, type Sample, SampleList, sampleOrigin } from './sampleList.js';

export type { Dataset, LabelledImage } from './dataset.js';

/** Opens a folder in the published layout. @throws SamusError DATA_LAYOUT for any other folder */
export async function openDataset(path: string): Promise<Dataset> {
  const root = await storedPath(path);
  const lists = join(root, LIST_FOLDER);
  if (!(await isFolder(lists))) {
    const message = `expected a folder of datasets with their lists in ${LIST_FOLDER}, ${root} is none`;
    const hint = 'name the folder above it, or make one with "samus data import"';
    throw new SamusError('DATA_LAYOUT', message, hint, { root });
  }
  const classFile = join(lists, 'class.json');
  const datasetFile = join(lists, 'dataset.json');
  const [classText, datasetText] = await Promise.all([readIfThere(classFile), readIfThere(datasetFile)]);
  const counts = byKey(parseClassJson(classText?.toString() ?? '{}', classFile));
  const entries = byKey(parseDatasetJson(datasetText?.toString() ?? '{}', datasetFile));
  const folders = new Map((await readdir(root)).map((name) => [nameKey(name), name]));
  const classes = (dataset: string): DatasetClasses => {
    const alias = aliasOf(dataset) ?? dataset;
    const own = nameKey(dataset);
    return classesOfDataset(dataset, counts.get(own) ?? counts.get(alias), entries.get(own) ?? entries.get(alias));
  };
  return new PublishedDataset(root, folders, classes);
}

/** Labels of another person: `<Dataset>/label/NAME.png`, with the classes of a dataset folder. */
export async function openLabels(path: string, { classes }: Pick<Dataset, 'classes'>): Promise<SecondLabels> {
  const root = await storedPath(path);
  const names = (await isFolder(root)) ? await readdir(root) : [];
  return new PublishedDataset(root, new Map(names.map((name) => [nameKey(name), name])), classes);
}

export type SecondLabels = Pick<Dataset, 'names' | 'readLabel'>;

const byKey = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<string, T> =>
  new Map([...map].map(([name, value]) => [nameKey(name), value]));

class PublishedDataset implements Dataset {
  readonly #facts = new Map<string, Promise<FactsTable | undefined>>();

  constructor(
    readonly root: string,
    /** Names of the folders as they are on the disk, by the Unicode normal form of lists. */
    readonly folders: ReadonlyMap<string, string>,
    readonly classes: (dataset: string) => DatasetClasses,
  ) {}

  async lists(names: readonly string[], reportEmpty?: (sample: Sample) => void): Promise<SampleList> {
    const texts = await Promise.all(names.map(async (name) => ({ name, text: await this.#listText(name) })));
    const list = this.#parse(texts);
    for (const dataset of list.datasets) await this.#checkFiles(list, dataset);
    return this.#withClasses(list, reportEmpty);
  }

  async listed(name: string, report?: (error: SamusError) => void): Promise<SampleList> {
    return this.#parse([{ name, text: await this.#listText(name) }], report);
  }

  #parse(texts: readonly ListText[], report?: (error: SamusError) => void): SampleList {
    return SampleList.parse(texts, report).renameDatasets((dataset) => this.#folderOf(dataset));
  }

  facts(dataset: string): Promise<FactsTable | undefined> {
    const folder = this.#folderOf(dataset);
    const known = this.#facts.get(folder);
    if (known) return known;
    const path = join(this.root, folder, 'images.csv');
    const reading = readIfThere(path).then((bytes) => (bytes === undefined ? undefined : new FactsTable(bytes, path)));
    this.#facts.set(folder, reading);
    return reading;
  }

  async patients(dataset: string): Promise<(name: string) => string | undefined> {
    const facts = await this.facts(dataset);
    const folder = this.#folderOf(dataset);
    return (name) => facts?.get(name)?.patient ?? patientByName(folder, name);
  }

  async read(
    sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>,
    { colour = false }: ReadOptions = {},
  ): Promise<LabelledImage> {
    const [read, { label, values }] = await Promise.all([this.#readFile(sample, 'img'), this.#readLabel(sample)]);
    const image = colour ? read.image : toGrey(read.image);
    const { width, height } = image;
    if (label.width !== width || label.height !== height) {
      const message = `expected the label of ${sampleOrigin({ ...sample, classId: 1 })} to have the size of its image, ${width}x${height}, got ${label.width}x${label.height}`;
      throw new SamusError('DATA_SIZE_MISMATCH', message, 'correct the label, or take the line out of the list', {
        ...origin(sample),
        image: [width, height],
        label: [label.width, label.height],
      });
    }
    const facts = (await this.facts(sample.dataset))?.get(sample.name);
    const spacing = facts?.spacingMm;
    const patient = facts?.patient ?? patientByName(this.#folderOf(sample.dataset), sample.name);
    return {
      image,
      label: label.data,
      width,
      height,
      // The table has the size of a native pixel; the stored image may have been resized.
      ...(spacing && {
        spacingMm: [
          (spacing[0] * (facts.width ?? width)) / width,
          (spacing[1] * (facts.height ?? height)) / height,
        ] as const,
      }),
      ...(patient !== undefined && { patient }),
      labelValues: values,
    };
  }

  async datasets(): Promise<string[]> {
    const found: string[] = [];
    for (const folder of this.folders.values()) {
      if (!folder.startsWith('.') && (await isFolder(join(this.root, folder, 'img')))) found.push(folder);
    }
    return found.sort();
  }

  async names(
    dataset: string,
  ): Promise<{ readonly images: ReadonlySet<string>; readonly labels: ReadonlySet<string> }> {
    const folder = join(this.root, this.#folderOf(dataset));
    return { images: await pngNames(join(folder, 'img')), labels: await pngNames(join(folder, 'label')) };
  }

  async listNames(): Promise<string[]> {
    const files = await readdir(join(this.root, LIST_FOLDER));
    return files
      .filter((file) => file.endsWith('.txt') && !file.startsWith('.'))
      .map((file) => file.slice(0, -4))
      .sort();
  }

  #folderOf(dataset: string): string {
    const alias = aliasOf(dataset);
    const own = this.folders.get(nameKey(dataset));
    return own ?? (alias === undefined ? undefined : this.folders.get(alias)) ?? dataset;
  }

  async #listText(name: string): Promise<string> {
    const stem = name.replace(/\.txt$/, '');
    const path = await storedPath(join(this.root, LIST_FOLDER, `${stem}.txt`));
    const text = /[/\\\0]/.test(stem) ? undefined : await readIfThere(path);
    if (text !== undefined) return text.toString();
    const lists = await this.listNames();
    const message = `list ${LIST_FOLDER}/${stem}.txt is missing in ${this.root}`;
    const hint = lists.length > 0 ? `lists there: ${listed(lists, 20)}` : 'make lists with "samus data split"';
    throw new SamusError('DATA_LIST_MISSING', message, hint, { list: name, lists });
  }

  /** Lists each folder once: looking up 100,000 files one by one would take minutes. */
  async #checkFiles(list: SampleList, dataset: string): Promise<void> {
    const places = new NameIndex(list.length);
    for (let i = 0; i < list.length; i++) {
      const sample = list.at(i);
      if (sample.dataset === dataset) places.add(sample.name, i);
    }
    for (const folder of ['img', 'label'] as const) {
      /** By the place that the index gives: a name may be in the list several times. */
      const there = new Uint8Array(list.length);
      await forEachPng(join(this.root, dataset, folder), (name) => {
        const place = places.get(name);
        if (place !== undefined) there[place] = 1;
      });
      for (const sample of list) {
        if (sample.dataset === dataset && there[places.get(sample.name)!] === 0) throw this.#missing(sample, folder);
      }
    }
  }

  /** Checks the classes of lines, and adds those of lines without one. */
  async #withClasses(list: SampleList, reportEmpty?: (sample: Sample) => void): Promise<SampleList> {
    const counts = new Map(list.datasets.map((dataset) => [dataset, this.classes(dataset).count]));
    let complete = true;
    for (const sample of list) {
      const count = counts.get(sample.dataset)!;
      if (sample.classId === EVERY_CLASS) complete = false;
      if (sample.classId < count) continue;
      const message = `expected a class below ${count} for ${sampleOrigin(sample)} (the number in class.json for ${sample.dataset}), got ${sample.classId}`;
      const hint = 'correct the line or class.json; the background counts there';
      throw new SamusError('DATA_CLASS_RANGE', message, hint, { ...origin(sample), count });
    }
    if (complete) return list;
    const indices: number[] = [];
    const classIds: number[] = [];
    for (let i = 0; i < list.length; i++) {
      const sample = list.at(i);
      const single = counts.get(sample.dataset) === 2 ? [1] : undefined;
      const held = sample.classId === EVERY_CLASS ? (single ?? (await this.#held(sample))) : [sample.classId];
      if (held.length === 0) reportEmpty?.(sample);
      for (const classId of held) {
        indices.push(i);
        classIds.push(classId);
      }
    }
    return list.select(indices, classIds);
  }

  /** The classes in a label, without the background. */
  async #held(sample: Sample): Promise<number[]> {
    const { data } = await this.readLabel(sample);
    return [...new Set(data)].filter((value) => value !== 0).sort((a, b) => a - b);
  }

  async readLabel(sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>): Promise<Image> {
    return (await this.#readLabel(sample)).label;
  }

  /**
   * In a dataset of two classes, every value except 0 is the object: published labels contain 255 as well as 1. A label with lossy
   * compression is noisy: a threshold separates background and object, and it cannot represent several classes.
   */
  async #readLabel(
    sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>,
  ): Promise<{ label: Image; values: number }> {
    const { count } = this.classes(sample.dataset);
    const { image, lossy, path } = await this.#readFile(sample, 'label');
    if (lossy && count === 2) {
      const label = binaryMask(image, true, path);
      return { label, values: label.data.includes(1) ? 1 : 0 };
    }
    const { width, height, data } = count === 2 ? brightestSamples(image) : classIndices(image, lossy, path);
    const held = new Uint8Array(256);
    for (const value of data) held[value] = 1;
    const values = held.reduce((sum, is) => sum + is, 0) - held[0]!;
    if (count === 2) {
      return {
        label: createImage(
          width,
          height,
          1,
          data.map((value) => (value > 0 ? 1 : 0)),
        ),
        values,
      };
    }
    const highest = held.lastIndexOf(1);
    if (highest >= count) {
      const message = `expected classes below ${count} in the label of ${sampleOrigin({ ...sample, classId: 1 })}, got ${highest}`;
      const hint = 'save class indices as plain grey values (not as palette or colours), or correct class.json';
      throw new SamusError('DATA_CLASS_RANGE', message, hint, { ...origin(sample), highest, count });
    }
    return { label: createImage(width, height, 1, data), values };
  }

  async #readFile(
    sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>,
    folder: 'img' | 'label',
  ): Promise<{ readonly image: Image; readonly lossy: boolean; readonly path: string }> {
    const path = this.#path(sample, folder);
    try {
      const source = await openImage(path);
      const image = await source.read(1, folder === 'img' ? 'image' : 'mask');
      return { image, lossy: source.lossy, path };
    } catch (error) {
      if (error instanceof SamusError && error.code === 'IMAGE_NOT_FOUND') throw this.#missing(sample, folder);
      throw error;
    }
  }

  #path({ dataset, name }: Pick<Sample, 'dataset' | 'name'>, folder: 'img' | 'label'): string {
    return join(this.root, this.#folderOf(dataset), folder, `${name}.png`);
  }

  #missing(sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>, folder: 'img' | 'label'): SamusError {
    const what = folder === 'img' ? 'image' : 'label';
    const file = this.#path(sample, folder);
    const message = `the ${what} of ${sampleOrigin({ ...sample, classId: 1 })} is missing at ${file}`;
    const hint = /\.png$/i.test(sample.name) ? 'lists name images without .png' : 'add the file, or take the line out';
    return new SamusError('DATA_FILE_MISSING', message, hint, { ...origin(sample), file });
  }
}

function origin({ dataset, name, list, line }: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>) {
  return { dataset, name, list: list ?? null, line: line ?? null };
}
