/** Reads what a person gives the page; a file may be gone or forbidden by then, whatever it is. */
import { unreadable } from './pictureErrors.js';

/** @throws SamusError IMAGE_UNREADABLE */
export async function readBytes(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}
