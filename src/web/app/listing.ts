/**
 * Gives each image of the list a unique path, so that masks can be matched to it, and detects files that are already
 * listed. Pure functions.
 */
import type { SourceFolder } from '../storage/database.js';
import type { Entry } from './state.js';

/** A file and its path. */
export interface FoundFile {
  readonly file: File;
  readonly path: string;
  readonly spacingMm?: readonly [x: number, y: number];
  /** The folder that `path` starts with, if results can be written to it. */
  readonly folder?: SourceFolder;
}

/** The list with unique paths: duplicates get a number. */
export function withOwnPaths(list: readonly Entry[]): Entry[] {
  // Some file systems ignore case.
  const wanted = new Set(list.map(({ path }) => path.toLowerCase()));
  const taken = new Set<string>();
  return list.map((entry) => {
    let { path } = entry;
    for (let n = 2; taken.has(path.toLowerCase()); n++) {
      const next = numbered(entry.path, n);
      if (!wanted.has(next.toLowerCase())) path = next;
    }
    taken.add(path.toLowerCase());
    if (path === entry.path) return entry;
    return { ...entry, path, name: path.split('/').at(-1)!, foundAs: entry.foundAs ?? entry.path };
  });
}

/** Entries from the same place that may be this file; comparing contents decides. */
export function candidatesFor({ file, path, folder }: FoundFile, list: readonly Entry[]): Entry[] {
  return list.filter(
    (entry) =>
      (entry.foundAs ?? entry.path) === path &&
      entry.file.size === file.size &&
      (!entry.folder || !folder || entry.folder.id === folder.id),
  );
}

/**
 * The paths of images within their folder, as found there. If a file was replaced by another of the same name and
 * both are listed, both get the path of the list.
 */
export function pathsInFolder(images: readonly Entry[], { name }: SourceFolder): ReadonlyMap<Entry, string> {
  const inside = (path: string): string => path.slice(name.length + 1);
  const namesOf = ({ path, foundAs = path }: Entry) => ({ own: inside(path), found: inside(foundAs) });
  const count = new Map<string, number>();
  for (const image of images) {
    for (const one of new Set(Object.values(namesOf(image)))) count.set(one, (count.get(one) ?? 0) + 1);
  }
  return new Map(
    images.map((image) => {
      const { own, found } = namesOf(image);
      return [image, count.get(found) === 1 ? found : own];
    }),
  );
}

function numbered(path: string, n: number): string {
  const [, stem, ending] = /^(.*?)(\.[^./]*)?$/s.exec(path)!;
  return `${stem}-${n}${ending ?? ''}`;
}
