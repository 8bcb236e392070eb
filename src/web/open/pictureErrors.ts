/**
 * Errors of opening images, and reading bytes of files that may be gone or blocked. The texts for the user are in
 * text/en.ts.
 */
import type { SamusError } from '../../errors.js';
import { pageError } from '../pageError.js';
import type { FileKind } from '../text/en.js';

/** Most pixels and longest side, the command line's limits too: five times a scanner's largest export. */
export const MAX_PIXELS = 40e6;
export const MAX_SIDE = 32_767;

export function tooLarge(width: number, height: number): SamusError {
  return pageError('IMAGE_TOO_LARGE', { width, height, maxPixels: MAX_PIXELS, maxSide: MAX_SIDE });
}

export const dicom = (): SamusError => pageError('IMAGE_DICOM');

export const clip = (): SamusError => pageError('IMAGE_CLIP');

export const corrupt = (reason: string): SamusError => pageError('IMAGE_CORRUPT', { reason });

export const unsupported = (kind: FileKind): SamusError => pageError('IMAGE_UNSUPPORTED', { kind });

export const unreadable = (reason: string): SamusError => pageError('IMAGE_UNREADABLE', { reason });

/** The bytes of what a person gives the page. @throws SamusError IMAGE_UNREADABLE */
export async function readBytes(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}
