/**
 * Decodes compressed frames in a thread of their own, on Node and in the page. Codecs are large programs in C++ that run on
 * whatever a file holds: a frame that takes too long is given up and its thread ended, and the next frame gets a new one.
 */
import type { ThreadClient } from '../../runtime/threadProtocol.js';
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

/** @param start makes a thread @param mostMs after which a frame is given up */
export function limitedDecoder(start: () => ThreadClient<FrameContract>, mostMs = MOST_MS): FrameDecoder {
  let thread: ThreadClient<FrameContract> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const decode = async (bytes: Uint8Array, format: PixelFormat): Promise<StoredSamples> => {
    if (!thread || thread.lost) thread = start();
    const current = thread;
    // A copy: the bytes may be a part of a file that stays.
    const own = Uint8Array.from(bytes);
    let timer: ReturnType<typeof setTimeout> | undefined;
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
    // One at a time: the time of a frame starts with its turn.
    const result = last.then(() => decode(bytes, format));
    last = result.catch(() => undefined);
    return result;
  };
}
