/** How masks find their images, and which files are masks: by their names alone. */
import { bareName, safeName } from '../../formats/outputNames.js';

/** Folders of the US30K layout and of most others that hold masks, and those that hold the images beside them. */
export const LABEL_FOLDER = /^(labels?|masks?|segmentations?)$/i;
const IMAGE_FOLDER = /^(imgs?|images?)$/i;
/** As the command line and many programs name a mask; this page names them after image and object. */
const SUFFIX = /[._-](mask|label|seg)$/i;

/** The name without folder and ending, small, and without what makes it that of a mask. */
export const stem = (path: string): string => bareName(path).replace(SUFFIX, '').toLowerCase();

/**
 * Whether a file is a mask: JSON, a PNG in a folder of labels, or one that is named as the mask of an image.
 * @param images stems of the images it may be the mask of
 */
export function isMaskFile(path: string, images: ReadonlySet<string>): boolean {
  if (/\.json$/i.test(path)) return true;
  if (!/\.png$/i.test(path)) return false;
  const folders = foldersOf(path);
  return folders.some((folder) => LABEL_FOLDER.test(folder)) || (isNamedAsMask(path) && images.has(stem(path)));
}

export function isNamedAsMask(path: string): boolean {
  return SUFFIX.test(path.replace(/\.[^.]+$/, ''));
}

/** The files that have the name of a mask of one object of an image, `IMAGE.OBJECT.png`. Pictures may have it too. */
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

/** The name of the object that is in that of its mask, or null. */
export function objectIn(path: string, image: string): string | null {
  const own = bareName(path);
  const begin = `${safeName(bareName(image))}.`;
  return own.length > begin.length && own.toLowerCase().startsWith(begin.toLowerCase())
    ? own.slice(begin.length)
    : null;
}

/** The images that a mask may be of by its name alone, wherever they are. */
export function imagesNamed<T extends { readonly path: string }>(name: string, images: readonly T[]): T[] {
  const same = images.filter(({ path }) => stem(path) === stem(name));
  if (same.length > 0) return same;
  const found = images.filter(({ path }) => objectIn(name, path) !== null);
  // `a.b.png` of `a.png` and `a.b.c.png` of `a.b.png`: what the longer name leaves is the object.
  const longest = Math.max(...found.map(({ path }) => bareName(path).length));
  return found.filter(({ path }) => bareName(path).length === longest);
}

/**
 * The image that a mask is of: the one of this path, else the one of this name, whatever its ending. Where several
 * folders have an image of this name, the one whose folders agree best; none if that is not clear.
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

/** The folders of an image or of its mask, which lie in two of them: without these two, it is the same. */
function placeOf(path: string): string[] {
  return foldersOf(path).filter((folder) => !LABEL_FOLDER.test(folder) && !IMAGE_FOLDER.test(folder));
}

/** How many folders agree, from the innermost on: the outermost are those that a person opened, and may be missing. */
function agreement(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a.at(-1 - count) === b.at(-1 - count)) count++;
  return count;
}
