/**
 * What an importer is: it looks through a folder as its authors publish it and lists the images in it; each is
 * loaded when it is written (importDataset.node.ts).
 */
import type { Image } from '../../formats/image.js';
import { classesOfDataset, type DatasetEntry } from '../classes.js';

/** An image with its label, loaded. */
interface ImportedImage {
  readonly image: Image;
  /** Class indices, grey, of the image's size; absent if the image was not annotated. */
  readonly label?: Image;
  /** Millimetres of a pixel across and down. */
  readonly spacingMm?: readonly [x: number, y: number];
  /** Annotations that the label lacks because they cannot be used. */
  readonly skipped?: readonly Skipped[];
}

/** What is left out, and why. */
export interface Skipped {
  /** The image, relative to the source. */
  readonly file: string;
  readonly reason: string;
  /** Id of the annotation that cannot be used. */
  readonly annotation?: number | string;
  /** Of an error about DICOM. */
  readonly code?: string;
}

/** Which frames of clips are imported: all, those with masks, or every Nth from the first. */
export type FrameSelection = 'all' | 'masks' | { readonly every: number };

/** An image to be imported. */
export interface ImportItem {
  /** The folder it goes to, for example `Breast-BUSI`. */
  readonly dataset: string;
  /** Its name there, without `.png`; with an identity, only for messages. */
  readonly name: string;
  /** Its path relative to the source. */
  readonly source: string;
  /** Patient, where the source says more than the names that patients.ts knows. */
  readonly patient?: string;
  /** Where names of files may name patients: what is written of the file and the patient are hashes of this. */
  readonly identity?: ItemIdentity;
  /** Side of the official split, where there is one. */
  readonly split?: 'train' | 'val' | 'test';
  load(): Promise<ImportedImage>;
}

interface ItemIdentity {
  readonly file: string;
  /** Of a file with several. */
  readonly frame?: number;
  readonly patient?: string;
}

/** What a source holds. */
export interface ImportPlan {
  /** Every dataset that the items name, with all its classes. */
  readonly datasets: ReadonlyMap<string, Required<DatasetEntry>>;
  readonly items: readonly ImportItem[];
  /** Images and annotations that are left out. */
  readonly skipped: readonly Skipped[];
  /** Images that exist but cannot be used. */
  readonly failed?: readonly Skipped[];
  /** What else the user should know. */
  readonly warnings?: readonly string[];
}

/** Options of some importers; the others reject them. */
export interface ImportOptions {
  /** Name of the dataset in the root. */
  readonly dataset?: string;
  /** Names of the classes, without the background. */
  readonly classes?: readonly string[];
  /** Folders of images and labels, relative to the source. */
  readonly images?: string;
  readonly labels?: string;
  /** Look for images by the last part of the path that an annotation file gives. */
  readonly basenames?: boolean;
  readonly frames?: FrameSelection;
}

/** What each importer brings in, by the name that the command line calls it. */
export const IMPORTER_TITLES = {
  busi: 'BUSI: breast lesions',
  camus: 'CAMUS: left ventricle, myocardium, left atrium',
  carotid: 'Common carotid artery: lumen',
  coco: 'segmentations as COCO JSON',
  ddti: 'DDTI: thyroid nodules (XML polygons or PNG)',
  dicom: 'DICOM images, with masks from DICOM segmentations',
  'dl-track': 'DL_Track: aponeuroses and fascicles of muscles',
  hc18: 'HC18: fetal heads',
  pair: 'a folder of images and a folder of labels',
  phantom: 'what "samus phantom" writes',
  psfhs: 'PSFHS: pubic symphysis and fetal head',
  tg3k: 'TG3K: thyroid glands',
} as const;

export interface Importer {
  readonly id: keyof typeof IMPORTER_TITLES;
  /** What the source folder has to look like. */
  readonly layout: string;
  /** The options that it takes. */
  readonly options: readonly (keyof ImportOptions)[];
  /** @throws SamusError IMPORT_LAYOUT if the source does not look like it */
  plan(source: string, options: ImportOptions): Promise<ImportPlan>;
}

/** What is noted about a dataset with these classes (without the background). */
export function datasetEntry(classes: readonly string[], licence: string, source: string): Required<DatasetEntry> {
  const names = ['background', ...classes];
  return { classes: names, colors: classesOfDataset('', names.length, undefined).colors, licence, source };
}
