/** Names of files that are written: of a picture without its folders and ending, each once, fit for every system. */
export class OutputNames {
  readonly #used = new Set<string>();
  readonly #wanted: ReadonlySet<string>;

  /** @param paths of all that will be taken: no number gives one the name that another has of its own */
  constructor(paths: readonly string[] = []) {
    this.#wanted = new Set(paths.map((path) => sameName(stemOf(path))));
  }

  /** The stem of a path; one that is taken gets a number. */
  take(path: string): string {
    return this.#free(stemOf(path));
  }

  /** The same with the folders of the path, each image finding its own files again by them. */
  takeInFolder(path: string): string {
    return this.#free([...path.split('/').slice(0, -1).map(safeName), stemOf(path)].join('/'));
  }

  /** A name without ending that is fit already, with its folders. */
  takeWhole(name: string): string {
    return this.#free(name);
  }

  #free(stem: string): string {
    for (let n = 1; ; n++) {
      const name = n === 1 ? stem : `${stem}-${n}`;
      if (n > 1 && this.#wanted.has(sameName(name.split('/').at(-1)!))) continue;
      if (this.#used.has(sameName(name))) continue;
      this.#used.add(sameName(name));
      return name;
    }
  }
}

/** By what output names are compared: some systems ignore case, and macOS ignores Unicode normal forms. */
export const sameName = (name: string): string => nameKey(name).toLowerCase();

const stemOf = (path: string): string => safeName(bareName(path));

/** The name without folders and ending. */
export const bareName = (path: string): string =>
  path
    .split('/')
    .at(-1)!
    .replace(/\.[^.]*$/, '');

/** A name that a data set's files may have (data/us30kArchive.ts): letters of any language, digits, and a few marks. */
export function safeName(text: string): string {
  const safe = text
    .replace(/[^\p{L}\p{N} ._()+-]/gu, '_')
    .replace(/^[^\p{L}\p{N}_(]+/u, '')
    .slice(0, 120)
    .replace(/[. ]+$/, '');
  return safe === '' ? 'image' : safe;
}

/** By what names are compared: two that differ in their Unicode normal form only look alike, and macOS takes them for one. */
export const nameKey = (name: string): string => name.normalize('NFC');
