/**
 * Reads volumes from files on Node: NIfTI (`.nii`, `.nii.gz`) and MetaImage (`.mha`, `.mhd` with its `.raw`),
 * detected by their content. nifti.ts and metaImage.ts decode them.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { SamusError } from '../errors.js';
import { sniffFormat, unreadFormat } from './imageFormat.js';
import type { ImageFile, ImageLimits, ImageSource } from './imageSource.js';
import { metaVolume, parseMetaHeader } from './metaImage.js';
import { parseNifti } from './nifti.js';
import { MAX_VOLUME_BYTES, planesSource, sampleBytes, type Volume, volumeFormat } from './volume.js';

/** Opens the planes of a volume as frames. @throws SamusError as readVolume, IMAGE_FORMAT for bytes or another gzip file */
export async function volumeSource(file: ImageFile, limits: Required<ImageLimits>): Promise<ImageSource> {
  const { name, path, format } = file;
  if (path === undefined) throw unreadFormat(name, format);
  const volume = await readVolume(path).catch((error: unknown) => {
    const other = format.id === 'gzip' && error instanceof SamusError && error.code === 'VOLUME_FORMAT';
    throw other ? unreadFormat(name, format) : error;
  });
  return planesSource(volume, name, format.id, limits);
}

/**
 * The volume in a file.
 * @throws SamusError VOLUME_NOT_FOUND, VOLUME_FORMAT, VOLUME_CORRUPT, VOLUME_TOO_LARGE
 */
export async function readVolume(path: string): Promise<Volume> {
  const stored = await read(path);
  const bytes = sniffFormat(stored)?.id === 'gzip' ? await unpack(gunzip, stored, path) : stored;
  if (sniffFormat(bytes)?.id === 'metaimage') return readMetaImage(path, bytes);
  // A big-endian or odd NIfTI header is known by its length field rather than by its first bytes.
  return parseNifti(bytes, path);
}

async function readMetaImage(path: string, bytes: Uint8Array): Promise<Volume> {
  const header = parseMetaHeader(bytes, path);
  const { dataFile } = header;
  // Headers are not trusted: they may only name a file beside them.
  if (dataFile !== undefined && basename(dataFile) !== dataFile) {
    throw volumeFormat(path, `its samples are in ${dataFile}, not beside it`, 'put both files into one folder');
  }
  const whole = dataFile === undefined ? bytes : await read(join(dirname(path), dataFile));
  if (header.compressed) {
    return metaVolume(header, await unpack(inflate, whole.subarray(Math.max(0, header.dataOffset)), path), path);
  }
  if (header.dataOffset >= 0) return metaVolume(header, whole.subarray(header.dataOffset), path);
  const length = header.size.reduce((product, side) => product * side, header.channels) * sampleBytes(header.type);
  return metaVolume(header, whole.subarray(Math.max(0, whole.length - length)), path);
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || error.code !== 'ENOENT') throw error;
    throw new SamusError('VOLUME_NOT_FOUND', `cannot find ${path}`, 'check the path', { path });
  }
}

async function unpack(method: typeof gunzip | typeof inflate, bytes: Uint8Array, path: string): Promise<Uint8Array> {
  try {
    return await promisify(method)(bytes, { maxOutputLength: MAX_VOLUME_BYTES });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `cannot unpack the samples of ${path}`;
    throw new SamusError('VOLUME_CORRUPT', message, 'copy or export the file again', { path, reason });
  }
}
