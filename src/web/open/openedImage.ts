/** What opening a picture gives: its pixels and what the file says of their size. */
import type { Image } from '../../formats/image.js';

export interface OpenedImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly image: Image;
  /** Millimetres a pixel is wide and high, where the file says so believably (pngPicture.ts); else null. */
  readonly spacingMm: readonly [x: number, y: number] | null;
}
