/**
 * An image with its label at the size that is evaluated: 256×256 as published, or as stored.
 */
import type { Image } from '../formats/image.js';
import { resizeBilinear, resizeNearest } from '../formats/resize.js';

/** An image with its label, as datasets of data/ read it. */
export interface LabelledCase {
  readonly image: Image;
  /** Class indices, row-major. */
  readonly label: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Millimetres of a pixel across and down, where they are known. */
  readonly spacingMm?: readonly [x: number, y: number];
  readonly patient?: string;
}

/** Side of the published evaluation, in pixels. */
export const PUBLISHED_SIZE = 256;

/**
 * Image and label stretched to a square, the image by Pillow's bilinear and the label by its nearest, as published;
 * a pixel's millimetres change with it.
 * @param size in pixels, or undefined for the size that is stored
 */
export function atSize(stored: LabelledCase, size: number | undefined): LabelledCase {
  const { image, label, width, height, spacingMm, patient } = stored;
  if (size === undefined || (width === size && height === size)) return stored;
  const classes = resizeNearest({ width, height, channels: 1, data: label }, size, size);
  return {
    image: resizeBilinear(image, size, size),
    label: classes.data,
    width: size,
    height: size,
    ...(spacingMm && { spacingMm: [(spacingMm[0] * width) / size, (spacingMm[1] * height) / size] as const }),
    ...(patient !== undefined && { patient }),
  };
}

/** 1 where the label is the class, else 0. */
export function classMask(label: Uint8Array, classId: number): Uint8Array {
  return label.map((value) => (value === classId ? 1 : 0));
}
