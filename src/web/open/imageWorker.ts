/** The worker for images: decodes and encodes files off the main thread. */
import { serveWorker } from '../pageWorker.js';
import { decodePicture } from './decodePicture.js';
import type { ImageContract } from './imageContract.js';
import { encodePicture } from './pngPicture.js';

serveWorker<ImageContract>({
  async open({ file, frame }, { transfer }) {
    const picture = await decodePicture(file, frame);
    transfer(picture.image.data.buffer);
    return picture;
  },
  async png(image, { transfer }) {
    const bytes = encodePicture(image);
    transfer(bytes.buffer);
    return bytes;
  },
});
