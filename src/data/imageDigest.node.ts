/**
 * What equal pictures have in common: a digest of the pixels, not of the file, in which one picture may be packed in several ways.
 */
import { createHash } from 'node:crypto';
import type { Image } from '../formats/image.js';

export function digestOf({ width, height, data }: Image): string {
  return createHash('sha256').update(`${width}x${height}:`).update(data).digest('base64');
}
