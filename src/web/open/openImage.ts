/** Opens an image file in the page's worker for images (imageWorker.ts, decodePicture.ts). */
import { PageWorker } from '../pageWorker.js';
import type { ImageContract, OpenedImage } from './imageContract.js';

const worker = new PageWorker<ImageContract>(
  () => new Worker(new URL('./imageWorker.ts', import.meta.url), { type: 'module' }),
);

export const imageClient = (): PageWorker<ImageContract> => worker;

/** Pixels of a picture after which the worker's memory is given back at once. */
const LARGE = 8e6;

/**
 * A frame of a picture file.
 * @param frame from 1; what the file has, the result says
 * @throws SamusError IMAGE_TOO_LARGE, IMAGE_DICOM, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_FRAME, IMAGE_UNSUPPORTED,
 *   IMAGE_UNREADABLE: message and hint are fit to show to a person
 */
export async function openImage(file: File, signal?: AbortSignal, frame = 1): Promise<OpenedImage> {
  const picture = await imageClient().call('open', { file, frame }, { signal });
  if (picture.image.width * picture.image.height > LARGE) worker.letGo();
  return { ...picture, name: file.name, width: picture.image.width, height: picture.image.height };
}
