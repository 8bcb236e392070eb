/**
 * The key file of `samus dicom deidentify`, and the check that a folder holds copies of one key only: those of two keys
 * look like other patients and studies.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SamusError } from '../errors.js';
import { keyOfCopy, keyPrint } from '../formats/dicom/keyPrint.js';
import { openFileSource } from '../formats/fileSource.node.js';
import { exists } from '../formats/fileSystem.node.js';
import { writePrivate } from './output.js';

const KEY_BYTES = 32;
/** Enough of a copy for the elements before the one that names the key. */
const HEAD_BYTES = 256 * 1024;

/** Most entries of a folder to look at: it may be one with much else in it. */
const MOST_LOOKED = 2000;

/** A key, and whether it has to be kept yet. */
export interface Key {
  readonly bytes: Uint8Array;
  readonly isNew: boolean;
}

/** The key in a file, or a new one. @throws SamusError DICOM_KEY, FILE_UNREADABLE, FILE_IS_DIRECTORY */
export async function keyOf(path: string): Promise<Key> {
  if (!(await exists(path))) return { bytes: randomBytes(KEY_BYTES), isNew: true };
  const source = await openFileSource(path);
  await source.close();
  const text = (await readFile(path, 'utf8')).trim();
  if (new RegExp(`^[0-9a-f]{${2 * KEY_BYTES}}$`, 'i').test(text)) {
    return { bytes: Buffer.from(text, 'hex'), isNew: false };
  }
  const message = `expected ${2 * KEY_BYTES} hexadecimal digits in ${path}, got another text`;
  throw new SamusError('DICOM_KEY', message, 'name another file; it is created if missing', { path });
}

/** Keeps a new key, readable for its owner only. @throws SamusError FILE_UNWRITABLE, DISK_FULL */
export async function keepKey(path: string, { bytes, isNew }: Key): Promise<void> {
  if (isNew) await writePrivate(path, `${Buffer.from(bytes).toString('hex')}\n`);
}

/**
 * Rejects a folder with copies made with another key, such as a key that was deleted since.
 * @throws SamusError DICOM_KEY
 */
export async function checkSameKey(folder: string, keyFile: string, { bytes, isNew }: Key): Promise<void> {
  const found = await keyInFolder(folder);
  if (found === undefined) return;
  // Copies of early builds do not name their key.
  if (found === '' ? !isNew : found === keyPrint(bytes)) return;
  const got = isNew ? 'no key is there' : 'that is another key';
  throw new SamusError(
    'DICOM_KEY',
    `expected ${keyFile} to hold the key of the copies in ${folder}, but ${got}`,
    'name the file of their key with --key, or choose another --out',
    { path: keyFile },
  );
}

/** The print of the key of the first copy in a folder and those below it; empty for one that names none. */
async function keyInFolder(folder: string): Promise<string | undefined> {
  const folders = [folder];
  let looked = 0;
  for (let place = folders.shift(); place !== undefined; place = folders.shift()) {
    for (const entry of await readdir(place, { withFileTypes: true }).catch(() => [])) {
      if (++looked > MOST_LOOKED) return undefined;
      const path = join(place, entry.name);
      if (entry.isDirectory()) folders.push(path);
      const found = entry.isFile() ? keyOfCopy(await headOf(path)) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Empty for a file that cannot be read. */
async function headOf(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path).catch(() => undefined);
  try {
    return (await source?.read(0, Math.min(HEAD_BYTES, source.size))) ?? new Uint8Array();
  } finally {
    await source?.close();
  }
}
