/** Converts between objects and label images, and reads masks in the forms in which datasets publish them. */
import { gunzipSync } from 'fflate';
import { binaryMask, fillOutline } from '../../data/publishedMasks.js';
import { SamusError } from '../../errors.js';
import { type ClassMap, decodeClassPng } from '../../formats/classPng.js';
import { createImage, type Image, toGrey } from '../../formats/image.js';
import { SNIFF_BYTES, sniffFormat } from '../../formats/imageFormat.js';
import { parseNifti } from '../../formats/nifti.js';
import { rleCounts } from '../../formats/rle.js';
import { maskOfPatch } from '../../formats/runs.js';
import { planeImage, volumeFormat } from '../../formats/volume.js';
import type { ImageDocument, PackedMask } from '../document/types.js';
import { decodePicture } from '../open/decodePicture.js';
import { readBytes } from '../open/pictureErrors.js';
import { pageError } from '../pageError.js';
import type { Label, LabelClass } from './exportContract.js';

/** A class for each pixel, row-major, 0 being the background; of overlapping objects the later one is on top. */
export function classMap({ width, height, objects }: ImageDocument): Uint8Array {
  const classes = new Uint8Array(width * height);
  for (const { shape, classId } of objects) if (shape) fill(classes, shape, classId);
  return classes;
}

/** Filling a drawn outline grows it at least this much; a ring-shaped object, such as a muscle, grows less. */
const OUTLINE_GROWS = 6;
/** How far compression changes black and white, and the share of pixels that must be one of them. */
const NOISE = 40;
const BLACK_OR_WHITE = 0.98;
/** Class indices of published labels are small. */
const MOST_INDEX = 32;

/**
 * The objects of a mask file: a PNG of class indices, a NIfTI label of one slice, or a black and white picture with or
 * without losses. A closed outline is filled (HC18).
 * @throws SamusError IMAGE_FORMAT for other pictures, and what reading the formats throws
 */
export async function readLabel(file: Blob): Promise<Label> {
  const bytes = await readBytes(file);
  const format = sniffFormat(bytes.subarray(0, SNIFF_BYTES))?.id;
  if (format === 'nifti' || format === 'gzip') return niftiLabel(format === 'gzip' ? unpacked(bytes) : bytes);
  const { width, height, classes } = format === 'png' ? await pngClasses(file, bytes) : await pictureClasses(file);
  return { width, height, classes: labelClasses(classes, width, height) };
}

/** Whether a file that is named like a mask looks like one. */
export async function looksLikeMask(file: Blob): Promise<boolean> {
  try {
    const grey = toGrey((await decodePicture(file)).image);
    return isBlackAndWhite(grey) || grey.data.every((value) => value <= MOST_INDEX);
  } catch (error) {
    // Another kind of label, or unreadable, which is reported when it is opened.
    if (error instanceof SamusError) return true;
    throw error;
  }
}

/** Colour images may still be black and white only. */
async function pngClasses(file: Blob, bytes: Uint8Array): Promise<ClassMap> {
  try {
    const label = decodeClassPng(bytes);
    const two = label.classes.every((value) => value === 0 || value === 255);
    return two ? { ...label, classes: filled(createImage(label.width, label.height, 1, label.classes)) } : label;
  } catch (error) {
    if (!(error instanceof SamusError) || error.code !== 'CLASS_PNG_COLOURS') throw error;
    const picture = await pictureClasses(file).catch(() => undefined);
    if (!picture) throw error;
    return picture;
  }
}

async function pictureClasses(file: Blob): Promise<ClassMap> {
  const { image } = await decodePicture(file);
  if (!isBlackAndWhite(toGrey(image))) throw pageError('IMAGE_FORMAT');
  return { width: image.width, height: image.height, classes: filled(binaryMask(image, true)) };
}

/** 255 inside the mask or its outline. */
function filled(mask: Image): Uint8Array {
  const inside = (data: Uint8Array): number => data.reduce((sum, value) => sum + Number(value !== 0), 0);
  const whole = fillOutline(mask)?.data;
  const data = whole && inside(whole) >= OUTLINE_GROWS * inside(mask.data) ? whole : mask.data;
  return data.map((value) => (value === 0 ? 0 : 255));
}

function isBlackAndWhite({ data }: Image): boolean {
  const count = data.reduce((sum, value) => sum + Number(value <= NOISE || value >= 255 - NOISE), 0);
  return count >= BLACK_OR_WHITE * data.length && data.some((value) => value >= 255 - NOISE);
}

function niftiLabel(bytes: Uint8Array): Label {
  const volume = parseNifti(bytes, 'NIfTI');
  const [width = 0, height = 0, ...planes] = volume.size;
  if (planes.some((count) => count !== 1) || volume.channels !== 1) {
    throw volumeFormat('NIfTI', `its size is ${volume.size.join('x')}`, 'open a label of one slice');
  }
  const { data } = planeImage(volume, 0, 'NIfTI', 'mask');
  const [x = 0, y = 0] = volume.spacingMm;
  // 1 without a unit means unknown.
  const known = x > 0 && y > 0 && !(x === 1 && y === 1);
  return { width, height, classes: labelClasses(data, width, height), ...(known && { spacingMm: [x, y] as const }) };
}

/** Larger than any label of one slice. */
const MOST_BYTES = 1e9;

function unpacked(bytes: Uint8Array): Uint8Array {
  // The last four bytes of gzip are the size of its content.
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(Math.max(0, bytes.length - 4), true);
  if (size > MOST_BYTES) throw pageError('ARCHIVE_TOO_LARGE');
  try {
    return gunzipSync(bytes);
  } catch {
    throw pageError('ARCHIVE_CORRUPT');
  }
}

/**
 * The classes of a label image, each as one object. An image of 0 and 255 is a mask of the first class, as most
 * programs write it.
 */
export function labelClasses(classes: Uint8Array, width: number, height: number): LabelClass[] {
  const values = [...new Set(classes)].filter((value) => value !== 0).sort((a, b) => a - b);
  const only = values.length === 1 && values[0] === 255;
  return values.map((value) => {
    const data = classes.map((one) => (one === value ? 1 : 0));
    return { classId: only ? 1 : value, mask: maskOfPatch({ x: 0, y: 0, width, height, data }, width, height) };
  });
}

function fill(classes: Uint8Array, mask: PackedMask, value: number): void {
  const [height, width] = mask.size;
  let at = 0;
  for (const [k, count] of rleCounts(mask).entries()) {
    if (k % 2 === 1) {
      for (let i = at; i < at + count; i++) classes[(i % height) * width + Math.floor(i / height)] = value;
    }
    at += count;
  }
}
