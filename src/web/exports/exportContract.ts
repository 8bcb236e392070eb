/** The calls of the worker for files (exportWorker.ts): packing, unpacking and long computations. */

import type { DicomSegOptions } from '../../formats/dicom/writeSeg.js';
import type { Measurement } from '../../predict/measure.js';
import { hasPrompts } from '../../predict/prompts.js';
import type { Annotation, ClassEntry, ImageDocument, PackedMask } from '../document/types.js';
import type { Imported, KnownSizes } from './readAnnotations.js';

const DICOM_FORMATS = ['dcmseg', 'dcmsr', 'dcmsc'] as const;
export type DicomExportFormat = (typeof DICOM_FORMATS)[number];

export const EXPORT_FORMATS = [
  ...(['masks', 'us30k', 'coco-rle', 'coco-polygons', 'nifti', 'prompts'] as const),
  ...DICOM_FORMATS,
] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const isDicomFormat = (format: ExportFormat): format is DicomExportFormat =>
  DICOM_FORMATS.some((one) => one === format);

/** Whether an export has something to write of an object: the JSON alone has a place for prompts without a mask. */
export const fits = (object: Annotation, wantsPrompts: boolean): boolean =>
  object.shape !== null || (wantsPrompts && hasPrompts(object));

/** A frame of an image file with the work on it. */
export interface ExportImage {
  /** Of the file, relative to its folder, with the extension; unique within the export but for its frames. */
  readonly path: string;
  /** Hash of the file; distinguishes files of the same name. */
  readonly content: string;
  /** From 1. */
  readonly frame: number;
  readonly file: Blob;
  readonly document: ImageDocument;
}

export interface ExportRequest {
  readonly format: ExportFormat;
  /** Name of the data set: the folder of the US30K layout. */
  readonly dataset: string;
  readonly classes: readonly ClassEntry[];
  readonly images: readonly ExportImage[];
  /** How DICOM segmentations are written. */
  readonly dicom?: Pick<DicomSegOptions, 'geometry' | 'kind'>;
  /** One file to download, or the files one by one to be written into a folder. */
  readonly packed: boolean;
}

export interface OutputFile {
  /** With `/` between folders. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface Exported {
  readonly files: readonly OutputFile[];
  /** Images of the request that are left out, by their numbers in it: those that could not be read. */
  readonly skipped: readonly number[];
  /** Those that DICOM objects cannot be written for. */
  readonly others?: readonly number[];
  /** Number of segmentations without the size of a pixel. */
  readonly unmeasured?: number;
  /** Number of objects whose labels are cut. */
  readonly shortened?: number;
}

/** A DICOM segmentation: the masks of its segments by the image and frame that they are on. */
export interface SegFile {
  readonly width: number;
  readonly height: number;
  readonly objects: readonly SegMask[];
}

export interface SegMask {
  readonly name: string;
  /** What it is, by its code; null where that says nothing. */
  readonly className: string | null;
  /** SOP Instance UID of the image. */
  readonly source: string;
  readonly frame: number;
  readonly mask: PackedMask;
}

/** What a segmentation must agree with. */
export interface DicomInstance {
  readonly uid: string;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
}

/** Objects of one class as a label image has them. */
export interface LabelClass {
  readonly classId: number;
  readonly mask: PackedMask;
}

/** The objects of a mask file. */
export interface Label {
  readonly width: number;
  readonly height: number;
  readonly classes: readonly LabelClass[];
  /** Where the file says it. */
  readonly spacingMm?: readonly [x: number, y: number];
}

export type ExportContract = {
  write: { input: ExportRequest; output: Exported; progress: { done: number; total: number } };
  /** Files of a zip archive, without folders. */
  unzip: { input: Blob; output: readonly OutputFile[] };
  annotations: { input: { file: Blob; path: string; sizes?: KnownSizes }; output: Imported };
  /** Whether a file is a PNG of one object: nothing but black and white. */
  isMask: { input: Blob; output: boolean };
  /** Whether a picture that is named like a mask looks like one. */
  looksLikeMask: { input: Blob; output: boolean };
  label: { input: Blob; output: Label };
  seg: { input: Blob; output: SegFile };
  /** Null for a file that is no DICOM image. */
  instance: { input: Blob; output: DicomInstance | null };
  measure: { input: { mask: PackedMask; mm: readonly [x: number, y: number] | null }; output: Measurement | null };
  /** The content hash of a large file (open/contentHash.ts). */
  hash: { input: Blob; output: string };
  sample: { input: { seed: number }; output: { png: Uint8Array<ArrayBuffer>; spacingMm: number } };
};

/** Bytes in memory that is not shared, as downloads and messages need it; copied only where they are not. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : new Uint8Array(bytes);
}
