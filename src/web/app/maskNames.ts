/**
 * Which files are masks and which image each belongs to, by names alone: the layouts that this project writes, and
 * those in which ultrasound datasets are published.
 */
import { type FileFormat, isNamedAs, readFormats } from '../../formats/imageFormat.js';
import { bareName, safeName } from '../../formats/outputNames.js';

/** A folder of masks in the US30K layout and most others. */
export const LABEL_FOLDER = /^(labels?|masks?|segmentations?)$/i;
/** Words of folders such as `thyroid-mask`, `Expert mask images` or `GT`. */
const MASK_WORDS = new Set(
  'mask masks label labels seg segs segmentation segmentations annotation annotations gt groundtruth'.split(' '),
);
/** Words of the folders of images beside them: `img`, `thyroid-image`. */
const IMAGE_WORDS = new Set('img imgs image images'.split(' '));
/**
 * What follows the name of the image in that of its mask: `a_mask.png`, `a_mask_1.png` (BUSI, images with several
 * lesions), `a_Annotation.png` (HC18). This page writes `a.OBJECT.png` instead.
 */
const SUFFIX = /[._ -](mask|label|seg|segmentation|annotation|gt)([._ -]?\d+)?$/i;
/** Formats of masks: images of one frame. Those with losses are read by brightness. */
export const maskFormats = (): FileFormat[] => readFormats('page').filter(({ hasFrames }) => hasFrames !== true);
const NIFTI = /\.nii(\.gz)?$/i;

/** The name without folder, ending and mask suffix, in small letters. */
export const stem = (path: string): string => bare(path).replace(SUFFIX, '').toLowerCase();

/**
 * How sure it is that a file is a mask. `certain`: JSON, NIfTI, or a PNG in a folder of labels; `likely`: named like
 * a published mask of one of the images.
 * @param images stems of the images that it may belong to
 */
export function maskKind(path: string, images: ReadonlySet<string>): 'certain' | 'likely' | null {
  if (/\.json$/i.test(path) || NIFTI.test(path)) return 'certain';
  if (!isNamedAs(maskFormats(), path)) return null;
  const folders = foldersOf(path);
  if (/\.png$/i.test(path) && folders.some((folder) => LABEL_FOLDER.test(folder))) return 'certain';
  const named = isNamedAsMask(path) || folders.some(isMaskFolder);
  return named && images.has(stem(path)) ? 'likely' : null;
}

/** Whether a file can only be an image by its name: not in a folder of masks, and without a mask suffix. */
export const isNamedAsImage = (path: string): boolean => !isNamedAsMask(path) && !foldersOf(path).some(isMaskFolder);

export function isNamedAsMask(path: string): boolean {
  return SUFFIX.test(bare(path));
}

/** Files named like the mask of one object of an image, `IMAGE.OBJECT.png`. Images may be named like that too. */
export function namedAsObjects<T extends { readonly path: string }>(
  files: readonly T[],
  images: readonly { readonly path: string }[],
): T[] {
  const names = new Set(images.map(({ path }) => safeName(bareName(path)).toLowerCase()));
  return files.filter(({ path }) => {
    const parts = bareName(path).toLowerCase().split('.');
    return /\.png$/i.test(path) && parts.some((_, i) => i > 0 && names.has(parts.slice(0, i).join('.')));
  });
}

/** The object's name within the name of its mask, or null. */
export function objectIn(path: string, image: string): string | null {
  const own = bareName(path);
  const begin = `${safeName(bareName(image))}.`;
  return own.length > begin.length && own.toLowerCase().startsWith(begin.toLowerCase())
    ? own.slice(begin.length)
    : null;
}

/** The images that a mask may belong to by its name, in any folder. */
export function imagesNamed<T extends { readonly path: string }>(name: string, images: readonly T[]): T[] {
  const same = images.filter(({ path }) => stem(path) === stem(name));
  if (same.length > 0) return same;
  const found = images.filter(({ path }) => objectIn(name, path) !== null);
  // `a.b.c.png` may belong to `a.png` and to `a.b.png`: the longer name wins.
  const longest = Math.max(...found.map(({ path }) => bareName(path).length));
  return found.filter(({ path }) => bareName(path).length === longest);
}

/**
 * The image that a mask belongs to: the one with the same path, else the one with the same name, whatever its ending.
 * Where several folders have an image of that name, the one whose folders agree best; none if that is ambiguous.
 */
export function imageFor<T extends { readonly path: string }>(name: string, images: readonly T[]): T | undefined {
  const exact = images.find(({ path }) => path === name);
  if (exact) return exact;
  const same = imagesNamed(name, images);
  if (same.length < 2) return same[0];
  const agreeing = same.map((image) => agreement(placeOf(name), placeOf(image.path)));
  const most = Math.max(...agreeing);
  const best = same.filter((_, i) => agreeing[i] === most);
  if (best.length === 1) return best[0];
  const there = best.filter(({ path }) => placeOf(path).join('/') === placeOf(name).join('/'));
  return there.length === 1 ? there[0] : undefined;
}

const foldersOf = (path: string): string[] => path.split('/').slice(0, -1);
/** `a.nii.gz` has an ending of two parts. */
const bare = (path: string): string => bareName(path.replace(NIFTI, '.nii'));
const wordsOf = (folder: string): string[] =>
  folder
    .toLowerCase()
    .replace(/ground[^a-z]+truth/g, 'groundtruth')
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
const isMaskFolder = (folder: string): boolean => wordsOf(folder).some((word) => MASK_WORDS.has(word));

/** The folders of an image and of its mask, without the words in which they differ: `test-image` and `test-mask`. */
function placeOf(path: string): string[] {
  return foldersOf(path)
    .map((folder) =>
      hasRole(folder)
        ? wordsOf(folder)
            .filter((word) => !isRole(word))
            .join(' ')
        : folder,
    )
    .filter(Boolean);
}

const isRole = (word: string): boolean => MASK_WORDS.has(word) || IMAGE_WORDS.has(word);
const hasRole = (folder: string): boolean => wordsOf(folder).some(isRole);

/** How many folders agree, from the innermost on: the outermost are those that a person opened, and may be missing. */
function agreement(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}
