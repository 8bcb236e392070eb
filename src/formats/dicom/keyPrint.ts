/**
 * Which key made a copy: De-identification Method (0012,0063) ends in a print of the key, from which the key does not
 * follow.
 */
import { Pseudonyms } from './pseudonyms.js';

const METHOD = 'PS3.15 E.1, allow-list';
const PRINTED = new RegExp(`${METHOD.replaceAll('.', '\\.')}(?:, key ([0-9A-F]{10}))?`);

export const keyPrint = (key: Uint8Array): string => new Pseudonyms(key).name('print', '');

/** De-identification Method (LO, at most 64 characters). */
export const methodOf = (version: string, key: Uint8Array): string =>
  `samus ${version}: ${METHOD}, key ${keyPrint(key)}`;

/**
 * The print of the key of a copy by the beginning of its file; empty for a copy that names none, undefined for another
 * file.
 */
export function keyOfCopy(head: Uint8Array): string | undefined {
  const found = PRINTED.exec(new TextDecoder('latin1').decode(head));
  return found ? (found[1] ?? '') : undefined;
}
