/** The calls of the worker for images (imageWorker.ts), and the opened image. */
import type { patientFacts } from '../../formats/dicom/dicomFacts.js';
import type { Calibration } from '../../formats/dicom/regions.js';
import type { Image } from '../../formats/image.js';
import type { FrameTiming } from '../../formats/imageSource.js';

export interface Picture {
  readonly image: Image;
  /** Millimetres a pixel is wide and high, where the file says so believably (pngPicture.ts). */
  readonly spacingMm: readonly [x: number, y: number] | null;
  /** How many frames the file has, and which of them this is, from 1. */
  readonly frames: number;
  readonly frame: number;
}

export interface OpenedImage extends Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** What a file says before any frame is decoded. */
interface FileFacts {
  readonly frames: number;
  /** Number of frames in the header of a truncated file. */
  readonly framesStated?: number;
  /** Null if the file specifies none. */
  readonly timing: FrameTiming | null;
  /** Null for other formats. */
  readonly dicom: DicomFacts | null;
}

/** What a DICOM file says about its frames; nothing about the patient. */
export interface DicomFacts {
  readonly sopClass: string | null;
  readonly transferSyntax: string;
  readonly rows: number;
  readonly columns: number;
  readonly photometric: string;
  /** One for all frames, or one each. */
  readonly frameTimesMs: readonly number[] | null;
  readonly calibration: Calibration;
}

export type PatientFacts = ReturnType<typeof patientFacts>;

/** A file that is open in the page (openImage.ts). */
export interface OpenedFile extends FileFacts {
  /**
   * @param frame from 1
   * @param ahead 1 or -1: decodes the next frames in this direction too, from the other end after the last
   * @throws SamusError IMAGE_FRAME, IMAGE_CORRUPT, IMAGE_FRAME_BROWSER, IMAGE_UNREADABLE, DICOM_...
   */
  read(frame: number, signal?: AbortSignal, ahead?: 0 | 1 | -1): Promise<OpenedImage>;
  /** The patient and the study; null for other formats. Show it only if a person asks for it. */
  patient(): Promise<PatientFacts | null>;
  /** Frees the memory of the worker; frames are not read any more. */
  close(): void;
}

/** A file and a name for it: the worker keeps the last few files open under their names. */
export interface NamedFile {
  readonly id: string;
  readonly file: Blob;
}

export type ImageContract = {
  open: { input: NamedFile; output: FileFacts };
  /** The pixels of a frame, from 1. Opens the file if it is not open. */
  frame: { input: NamedFile & { readonly frame: number }; output: Picture };
  /** What identifies the patient, of DICOM. */
  patient: { input: NamedFile; output: PatientFacts | null };
  close: { input: string; output: null };
  /** A picture as a PNG file, without loss. */
  png: { input: Image; output: Uint8Array<ArrayBuffer> };
};
