/**
 * Errors of opening images, and reading bytes of files that may be gone or blocked. The texts for the user are in
 * text/en.ts.
 */
import type { SamusError } from '../../errors.js';
import type { FileParts } from '../../formats/imageSource.js';
import { pageError } from '../pageError.js';

export const clip = (): SamusError => pageError('IMAGE_CLIP');

export const onlyFirstFrame = (): SamusError => pageError('IMAGE_FRAME_BROWSER');

export const corrupt = (reason: string): SamusError => pageError('IMAGE_CORRUPT', { reason });

/** @param title of the format; @param unusual whether other files of the format are read */
export const unsupported = (title: string | undefined, unusual = false): SamusError =>
  pageError('IMAGE_UNSUPPORTED', { kind: title ?? null, unusual });

export const unreadable = (reason: string): SamusError => pageError('IMAGE_UNREADABLE', { reason });

/** The bytes of what a person gives the page. @throws SamusError IMAGE_UNREADABLE */
export async function readBytes(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** What a person gives the page, to be read in parts. */
export const fileParts = (blob: Blob): FileParts => ({
  size: blob.size,
  read: (start, length) => readBytes(blob.slice(start, start + length)),
});
