/**
 * Names and patients of images whose sources may be named after a patient: keyed hashes. The salt stays in the dataset, so
 * that another import of the same files gives the same names, and lists of the dataset stay right.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../formats/fileSystem.node.js';
import { makeFolder } from '../../formats/fileWrite.node.js';
import { frameName } from '../../formats/outputNames.js';
import type { ImportItem } from './importer.js';

/** File of the salt in a dataset. */
const SALT_FILE = 'patients.salt';

type Hash = (text: string) => string;

/** An item with the name and patient that are written. */
export interface NamedItem extends ImportItem {
  /** What images.csv says of where it comes from. */
  readonly noted: string;
}

/** The salt is that of the dataset that is replaced, or a new one. @param folder of the dataset that is made */
export async function saltedHash(replaced: string, folder: string): Promise<Hash> {
  const path = join(replaced, SALT_FILE);
  const known = (await exists(path)) ? (await readFile(path, 'utf8')).trim() : '';
  const salt = /^[0-9a-f]{32,}$/.test(known) ? known : randomBytes(16).toString('hex');
  await makeFolder(folder);
  await writeFile(join(folder, SALT_FILE), `${salt}\n`);
  return (text) => createHash('sha256').update(`${salt} ${text}`).digest('hex').slice(0, 16);
}

/** The item as it is written. @param hash needed where an item has an identity */
export function namedItem(item: ImportItem, hash: Hash | undefined): NamedItem {
  const { identity, source } = item;
  if (!identity || !hash) return { ...item, noted: source };
  const { file, frame, patient } = identity;
  const stem = `US-${hash(`file ${file}`).slice(0, 10).toUpperCase()}`;
  return {
    ...item,
    name: frame === undefined ? stem : frameName(stem, frame),
    noted: stem,
    ...(patient !== undefined && { patient: hash(patient) }),
  };
}
