/** Names for output files: that of the image without folders and extension, unique and valid on every system. */
export class OutputNames {
  readonly #used = new Set<string>();
  readonly #wanted: ReadonlySet<string>;

  /** @param paths all that will be taken, so that no numbered name equals the name of another file */
  constructor(paths: readonly string[] = []) {
    this.#wanted = new Set(paths.map((path) => sameName(stemOf(path))));
  }

  /** The stem of a path; one that is taken gets a number. */
  take(path: string): string {
    return this.#free(stemOf(path));
  }

  /** A name without ending that is fit already, with its folders. */
  takeWhole(name: string): string {
    return this.#free(name);
  }

  /**
   * Names of the frames of one file, from its stem; an undefined frame stands for the file as a whole. If one of them is
   * taken, all get the same number, before the frame: `clip-2.0001`.
   */
  takeFrames(stem: string, frames: readonly (number | undefined)[]): string[] {
    for (let n = 1; ; n++) {
      const own = n === 1 ? stem : `${stem}-${n}`;
      if (n > 1 && this.#wanted.has(sameName(own.split('/').at(-1)!))) continue;
      const names = frames.map((frame) => (frame === undefined ? own : frameName(own, frame)));
      const keys = names.map(sameName);
      if (keys.some((key) => this.#used.has(key))) continue;
      for (const key of keys) this.#used.add(key);
      return names;
    }
  }

  #free(stem: string): string {
    return this.takeFrames(stem, [undefined])[0]!;
  }
}

/** `NAME.0001`: the name of what is made of a frame, with four digits from 1. */
export const frameName = (name: string, frame: number): string => `${name}.${String(frame).padStart(4, '0')}`;

/**
 * A name without ending for each image, each once. The frames of one file share what stands before the frame.
 * @param stemOf the name of a file without its ending
 */
export function outputStems(
  images: readonly { readonly path: string; readonly frame?: number }[],
  stemOf: (path: string) => string,
  names = new OutputNames(),
): string[] {
  const files = new Map<string, Map<number | undefined, number>[]>();
  for (const [i, { path, frame }] of images.entries()) {
    const copies = files.get(path) ?? [];
    files.set(path, copies);
    // An image that is listed twice gets a second name.
    const copy = copies.find((one) => !one.has(frame));
    if (copy) copy.set(frame, i);
    else copies.push(new Map([[frame, i]]));
  }
  const stems = new Array<string>(images.length).fill('');
  for (const [path, copies] of files) {
    for (const copy of copies) {
      const taken = names.takeFrames(stemOf(path), [...copy.keys()]);
      for (const [k, i] of [...copy.values()].entries()) stems[i] = taken[k]!;
    }
  }
  return stems;
}

/** By what output names are compared: some systems ignore case, and macOS ignores Unicode normal forms. */
export const sameName = (name: string): string => nameKey(name).toLowerCase();

/** The name of a file that outputs of it may have. */
export const stemOf = (path: string): string => safeName(bareName(path));

/** The same with the folders of the path, each image finding its own files again by them. */
export const stemInFolder = (path: string): string =>
  [...path.split('/').slice(0, -1).map(safeName), stemOf(path)].join('/');

/** The name without folders and ending. */
export const bareName = (path: string): string =>
  path
    .split('/')
    .at(-1)!
    .replace(/\.[^.]*$/, '');

/** A name that a data set's files may have (data/us30kArchive.ts): letters of any language, digits, and a few marks. */
export function safeName(text: string): string {
  const safe = text
    .replace(/[^\p{L}\p{M}\p{N} ._()+-]/gu, '_')
    .replace(/^[^\p{L}\p{N}_(]+/u, '')
    .slice(0, 120)
    .replace(/[. ]+$/, '');
  return safe === '' ? 'image' : safe;
}

/** By what names are compared: two that differ in their Unicode normal form only look alike, and macOS takes them for one. */
export const nameKey = (name: string): string => name.normalize('NFC');
