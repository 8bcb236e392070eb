/** Names of files that are written: of a picture without its folders and ending, each once, fit for every system. */
export class OutputNames {
  readonly #used = new Set<string>();

  /** The stem of a path; one that is taken gets a number. */
  take(path: string): string {
    const stem = safeName(
      path
        .split('/')
        .at(-1)!
        .replace(/\.[^.]*$/, ''),
    );
    for (let n = 1; ; n++) {
      const name = n === 1 ? stem : `${stem}-${n}`;
      // Some systems know no capital letters.
      if (this.#used.has(name.toLowerCase())) continue;
      this.#used.add(name.toLowerCase());
      return name;
    }
  }
}

/** A name that a data set's files may have (data/us30kArchive.ts): letters of any language, digits, and a few marks. */
export function safeName(text: string): string {
  const safe = text
    .replace(/[^\p{L}\p{N} ._()+-]/gu, '_')
    .replace(/^[^\p{L}\p{N}_(]+/u, '')
    .slice(0, 120)
    .replace(/[. ]+$/, '');
  return safe === '' ? 'image' : safe;
}
