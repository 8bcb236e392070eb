/** What the worker that opens pictures (imageWorker.ts) can be asked. */
import type { Image } from '../../formats/image.js';

export interface Picture {
  readonly image: Image;
  /** Millimetres a pixel is wide and high, where the file says so believably. */
  readonly spacingMm: readonly [x: number, y: number] | null;
}

export type ImageContract = {
  /** The pixels of a picture file. */
  open: { input: Blob; output: Picture };
  /** A picture as a PNG file, without loss. */
  png: { input: Image; output: Uint8Array<ArrayBuffer> };
};
