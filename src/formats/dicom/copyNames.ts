/**
 * Names of copies without identities. No part of an old name stays, because exports are often named after the patient, a
 * number, a date or a UID, in any script and spelling: every name is a keyed hash. The same key gives the same names.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { textOf } from './dataSet.js';
import type { DicomFile } from './dicomFile.js';
import { Pseudonyms } from './pseudonyms.js';

/** The name of the copy of a file, without its ending: it follows from the instance, not from the name of the file. */
export const copyName = (file: DicomFile, key: Uint8Array): string =>
  new Pseudonyms(key).name('file', textOf(file.data, 0x0008_0018) ?? contentOf(file));

/** The path of a folder of copies. @param parts names of the folder and of those above it */
export function copyFolder(parts: readonly string[], key: Uint8Array): string[] {
  const pseudonyms = new Pseudonyms(key);
  return parts.map((_, i) => pseudonyms.name('folder', parts.slice(0, i + 1).join('/')));
}

/** Keeps files without a UID apart. */
export function contentOf({ data, pixels }: DicomFile): string {
  const content = pixels?.content ?? [];
  const hash = sha256.create();
  for (const part of content instanceof Uint8Array ? [content] : content) hash.update(part);
  return `${bytesToHex(hash.digest())} ${data.size}`;
}
