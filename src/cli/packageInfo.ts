/**
 * What the program says of itself: the package's version, its notice, and a command line.
 */
import { readFileSync } from 'node:fs';

export { NOTICE } from '../formats/annotation.js';

/** The version in package.json, two folders above the built file. */
export function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error('package.json has no version');
}

/** A command line of this program that a POSIX shell understands. */
export function commandText(args: readonly string[]): string {
  const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  return ['samus', ...args.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word)))].join(' ');
}
