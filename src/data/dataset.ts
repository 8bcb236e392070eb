/**
 * The interface of a folder of datasets: lists, images with their labels, classes, patients. dataset.node.ts reads the
 * published layout.
 */
import type { SamusError } from '../errors.js';
import type { Image } from '../formats/image.js';
import type { DatasetClasses } from './classes.js';
import type { FactsTable } from './imageFacts.js';
import type { Sample, SampleList } from './sampleList.js';

/** An image with its label, both at the size that is stored. */
export interface LabelledImage {
  /** Grey, unless colours were requested. */
  readonly image: Image;
  /** Class indices, row-major. */
  readonly label: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Pixel size of `image` in millimetres, across and down, if known. */
  readonly spacingMm?: readonly [x: number, y: number];
  readonly patient?: string;
  /** Number of values other than 0 in the label file; in a dataset of two classes, all of them mean the object. */
  readonly labelValues: number;
}

export interface ReadOptions {
  /** Whether a colour image keeps its colours; default: it becomes grey. */
  readonly colour?: boolean;
}

/** A folder in the published layout. */
export interface Dataset {
  readonly root: string;
  /**
   * The samples of `MainPatient/NAME.txt` for each name, one list after the other. Every image and label exists and every
   * class is in range. A line without a class becomes one sample for each class in its label. In a dataset with one kind of
   * object it is always that one, as published, so that images without the object count too.
   * @param reportEmpty gets the lines whose labels contain no class
   * @throws SamusError DATA_LIST_MISSING, DATA_LIST_EMPTY, DATA_LIST_LINE, DATA_FILE_MISSING, DATA_CLASS_RANGE,
   *   and what `read` throws for labels that must be read
   */
  lists(names: readonly string[], reportEmpty?: (sample: Sample) => void): Promise<SampleList>;
  /**
   * The samples of one list as its lines name them: nothing is looked up, and a line without a class stays one sample of
   * EVERY_CLASS.
   * @param report gets the errors of invalid lines; without it they are thrown
   * @throws SamusError DATA_LIST_MISSING, DATA_LIST_EMPTY, DATA_LIST_LINE, DATA_CLASS_RANGE
   */
  listed(name: string, report?: (error: SamusError) => void): Promise<SampleList>;
  /** Classes of a dataset in this folder, with defaults if the folder specifies none. @throws SamusError DATA_LAYOUT */
  classes(dataset: string): DatasetClasses;
  /**
   * @throws SamusError DATA_FILE_MISSING, DATA_SIZE_MISMATCH (image and label differ), DATA_CLASS_RANGE (a label value
   * over class.json), DATA_LAYOUT, and what reading images throws
   */
  read(sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>, options?: ReadOptions): Promise<LabelledImage>;
  /** The label alone, as class indices, grey. @throws SamusError as {@link Dataset.read} */
  readLabel(sample: Pick<Sample, 'dataset' | 'name' | 'list' | 'line'>): Promise<Image>;
  /** Folders that contain a dataset, sorted. */
  datasets(): Promise<string[]>;
  /** Names, without `.png`, of the images and labels of a dataset. */
  names(dataset: string): Promise<{ readonly images: ReadonlySet<string>; readonly labels: ReadonlySet<string> }>;
  /** Names of the lists, sorted, without `.txt`. */
  listNames(): Promise<string[]>;
  /** The facts of a dataset's images, if it has an images.csv. @throws SamusError DATA_LAYOUT */
  facts(dataset: string): Promise<FactsTable | undefined>;
  /**
   * The patient of an image by its name: from images.csv, else from the naming scheme of a known dataset. @throws SamusError DATA_LAYOUT
   */
  patients(dataset: string): Promise<(name: string) => string | undefined>;
}
