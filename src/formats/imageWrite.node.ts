/**
 * Writes pictures as PNG on Node: grey or RGB images, masks (0 and 255), class indices (0, 1, 2…). Files appear
 * whole or not at all: they are written beside their place and renamed into it.
 */
import { randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { SamusError } from '../errors.js';
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
 * @throws SamusError IMAGE_WRITE (input) if the place cannot be written, DISK_FULL (machine)
 */
export async function writePng(path: string, image: Image): Promise<void> {
  const bytes = await encodePng(image);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeFile(temporary, bytes, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

function writeError(path: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '') return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new SamusError(
      'machine',
      'DISK_FULL',
      `no room is left to write ${path}`,
      'free some space, or write elsewhere',
      {
        path,
      },
    );
  }
  const why =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'its folder does not exist'
      : code === 'EISDIR'
        ? 'it is a folder'
        : code === 'EACCES' || code === 'EPERM'
          ? 'permission is denied'
          : code;
  return new SamusError(
    'input',
    'IMAGE_WRITE',
    `a writable place was expected, but ${path} cannot be written: ${why}`,
    'create the folder, or name another place',
    { path, reason: code },
  );
}
