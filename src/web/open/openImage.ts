/** Opens a picture that a person gives the page. All of the work is done in a worker (imageWorker.ts, decodePicture.ts). */
import { imageClient } from './imageClient.js';
import type { OpenedImage } from './openedImage.js';

/**
 * The picture in a file.
 * @throws SamusError IMAGE_TOO_LARGE, IMAGE_DICOM, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_UNREADABLE:
 *   message and hint are fit to show to a person
 */
export async function openImage(file: File, signal?: AbortSignal): Promise<OpenedImage> {
  const { image, spacingMm } = await imageClient().call('open', file, { signal });
  return { name: file.name, width: image.width, height: image.height, image, spacingMm };
}
