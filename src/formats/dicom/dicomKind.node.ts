/**
 * What a file on the disk is, as far as it is DICOM: an image, a segmentation, or another object without an image, such
 * as the directory of a disc. Of most files only the beginning is read.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { storedPath } from '../fileSystem.node.js';
import { sniffFormat } from '../imageFormat.js';
import { textOf } from './dataSet.js';
import { mediaClass, readDicomFile } from './dicomFile.js';
import { type DicomKind, kindOfClass } from './objectKind.js';
import { type DicomSeg, readDicomSeg } from './readSeg.js';

/** Enough for the file meta information. */
const HEAD_BYTES = 8192;

/** Undefined: not DICOM, or no file that can be read. */
export async function dicomKind(path: string): Promise<DicomKind | undefined> {
  const file = await storedPath(path);
  const head = await headOf(file);
  if (!head || sniffFormat(head)?.id !== 'dicom') return undefined;
  return kindOfClass(mediaClass(head) ?? (await statedClass(file)));
}

/** The segmentation in a file, or undefined if the file is none. @throws SamusError as readDicomSeg */
export async function readSegFile(path: string): Promise<DicomSeg | undefined> {
  if ((await dicomKind(path)) !== 'segmentation') return undefined;
  return readDicomSeg(await readFile(await storedPath(path)));
}

async function headOf(path: string): Promise<Uint8Array | undefined> {
  let handle: FileHandle | undefined;
  try {
    // A pipe would wait for its other end.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    // Opening it as an image reports why it cannot be read.
    return undefined;
  } finally {
    await handle?.close();
  }
}

/** Of a file without meta information; undefined for a damaged one, which opening it reports. */
async function statedClass(path: string): Promise<string | undefined> {
  try {
    return textOf((await readDicomFile(await readFile(path))).data, 0x0008_0016);
  } catch {
    return undefined;
  }
}
