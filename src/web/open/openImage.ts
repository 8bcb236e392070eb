/**
 * Opens image files in the page's worker for images (imageWorker.ts, decodePicture.ts). Frames are decoded when they are
 * asked for, and the last ones are kept.
 */
import { KeptTasks } from '../keptTasks.js';
import { PageWorker } from '../pageWorker.js';
import type { ImageContract, OpenedFile, OpenedImage } from './imageContract.js';

const worker = new PageWorker<ImageContract>(
  () => new Worker(new URL('./imageWorker.ts', import.meta.url), { type: 'module' }),
);

export const imageClient = (): PageWorker<ImageContract> => worker;

/** Pixels of a picture after which the worker's memory is given back at once. */
const LARGE = 8e6;

/** Bytes of decoded frames of a file that are kept. */
const MOST_BYTES = 128e6;

/** How many frames after the requested one are decoded in advance. */
const AHEAD = 2;

let count = 0;

/**
 * Opens a file of one or several frames.
 * @throws SamusError IMAGE_TOO_LARGE, IMAGE_CLIP, IMAGE_CORRUPT, IMAGE_UNSUPPORTED, IMAGE_UNREADABLE, and for DICOM the
 *   codes that begin so: message and hint are fit to show to a person
 */
export async function openFile(file: File, signal?: AbortSignal): Promise<OpenedFile> {
  const id = String(count++);
  const facts = await worker.call('open', { id, file }, { signal });
  const decoded = new KeptTasks<OpenedImage>(MOST_BYTES, undefined, ({ image }) => image.data.byteLength);

  const decode = (frame: number, signal?: AbortSignal): Promise<OpenedImage> => {
    const start = async (shared: AbortSignal): Promise<OpenedImage> => {
      const picture = await worker.call('frame', { id, file, frame }, { signal: shared });
      const { width, height } = picture.image;
      if (facts.frames === 1 && width * height > LARGE) worker.letGo();
      return { ...picture, name: file.name, width, height };
    };
    return decoded.get(String(frame), start, signal);
  };

  return {
    ...facts,
    async read(frame, signal, ahead = 0) {
      const picture = await decode(frame, signal);
      for (let n = 1; ahead !== 0 && n <= Math.min(AHEAD, facts.frames - 1); n++) {
        const next = (frame - 1 + n * ahead + facts.frames) % facts.frames;
        // A frame that cannot be read is reported when it is requested.
        void decode(next + 1).catch(() => undefined);
      }
      return picture;
    },
    patient: () => worker.call('patient', { id, file }),
    close() {
      if (worker.started) void worker.call('close', id).catch(() => undefined);
    },
  };
}

/**
 * One frame of a file that is not needed any longer.
 * @param frame from 1; what the file has, the result says
 * @throws SamusError as {@link openFile}
 */
export async function openFrame(file: File, signal?: AbortSignal, frame = 1): Promise<OpenedImage> {
  const opened = await openFile(file, signal);
  try {
    return await opened.read(frame, signal);
  } finally {
    opened.close();
  }
}
