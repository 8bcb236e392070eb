/** The calls of the worker for images (imageWorker.ts), and the opened image. */
import type { Image } from '../../formats/image.js';

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

export type ImageContract = {
  /** The pixels of a frame of a picture file; frames are counted from 1. */
  open: { input: { readonly file: Blob; readonly frame: number }; output: Picture };
  /** A picture as a PNG file, without loss. */
  png: { input: Image; output: Uint8Array<ArrayBuffer> };
};
