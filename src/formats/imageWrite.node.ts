/**
 * Writes pictures as PNG on Node: grey or RGB images, masks (0 and 255), class indices (0, 1, 2…). Files appear
 * whole or not at all.
 */
import { writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { replaceFile } from './fileWrite.node.js';
import type { Image } from './image.js';

/** PNG bytes of an image: 8 bits, grey or RGB, no alpha, no profile; reading them gives the same samples back. */
export async function encodePng(image: Image): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 6, palette: false })
    .toBuffer();
}

/**
 * Writes `image` as PNG to `path`; the folder must exist, a file that is there is replaced.
 * A class-index mask is a grey image of its indices; for a mask of 0 and 255 see `maskToImage`.
 * @throws SamusError FILE_UNWRITABLE, DISK_FULL
 */
export async function writePng(path: string, image: Image): Promise<void> {
  const bytes = await encodePng(image);
  await replaceFile(path, (temporary) => writeFile(temporary, bytes, { flag: 'wx' }));
}
