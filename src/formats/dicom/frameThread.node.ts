/**
 * Decodes compressed frames in a thread on Node. Codecs are large programs in C++ that run on whatever a file holds: a frame
 * that takes too long is given up and its thread ended, and the next frame gets a new one.
 */
import { builtFile, startThread } from '../../runtime/thread.node.js';
import { ThreadClient } from '../../runtime/threadProtocol.js';
import { decodeFrame, type FrameDecoder, type StoredSamples } from './codecs.js';
import { damagedPixels, type PixelFormat } from './pixelFormat.js';

export type FrameContract = {
  decode: {
    input: { readonly bytes: Uint8Array; readonly format: PixelFormat };
    output: StoredSamples;
  };
};

/** Real frames take a quarter of a second at most. */
const MOST_MS = 10_000;

/** @param mostMs after which a frame is given up @param program of the thread */
export function threadDecoder(
  mostMs = MOST_MS,
  program = builtFile('frameWorker.node.js', import.meta.url),
): FrameDecoder {
  let thread: ThreadClient<FrameContract> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const decode = async (bytes: Uint8Array, format: PixelFormat): Promise<StoredSamples> => {
    if (!thread || thread.lost) {
      const lostError = (): Error => damagedPixels('expected a frame that decodes, got the end of the decoder');
      thread = new ThreadClient(startThread(program, { name: 'frames', lostError }));
    }
    const current = thread;
    // A copy: the bytes may be a part of a file that stays.
    const own = Uint8Array.from(bytes);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const seconds = mostMs / 1000;
        reject(damagedPixels(`expected a frame that decodes in ${seconds} s, got none`));
        void current.terminate();
      }, mostMs);
    });
    try {
      return await Promise.race([current.call('decode', { bytes: own, format }, { transfer: [own.buffer] }), late]);
    } finally {
      clearTimeout(timer);
    }
  };

  return (bytes, format) => {
    // These are loops of our own, bounded by the size of the frame.
    if (format.coding === 'native' || format.coding === 'rle') return decodeFrame(bytes, format);
    // One at a time: the time of a frame begins when its turn comes.
    const result = last.then(() => decode(bytes, format));
    last = result.catch(() => undefined);
    return result;
  };
}

/** The one of several decoders that has the least to do. */
export function leastBusy(decoders: readonly FrameDecoder[]): FrameDecoder {
  const all = decoders.map((decode) => ({ decode, pending: 0 }));
  return async (bytes, format) => {
    const free = all.reduce((best, one) => (one.pending < best.pending ? one : best));
    free.pending += 1;
    try {
      return await free.decode(bytes, format);
    } finally {
      free.pending -= 1;
    }
  };
}

/** Of all files of this thread. A frame that hangs in one does not hold up those of other files. */
export const sharedDecoder = leastBusy([threadDecoder(), threadDecoder()]);
