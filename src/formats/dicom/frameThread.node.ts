/** The threads that decode compressed frames on Node (limitedDecoder.ts). */
import { builtFile, startThread } from '../../runtime/thread.node.js';
import { ThreadClient } from '../../runtime/threadProtocol.js';
import type { FrameDecoder } from './codecs.js';
import { limitedDecoder } from './limitedDecoder.js';
import { damagedPixels } from './pixelFormat.js';

/** @param mostMs after which a frame is given up @param program of the thread */
export function threadDecoder(
  mostMs?: number,
  program = builtFile('frameWorker.node.js', import.meta.url),
): FrameDecoder {
  const lostError = (): Error => damagedPixels('expected a frame that decodes, got the end of the decoder');
  return limitedDecoder(() => new ThreadClient(startThread(program, { name: 'frames', lostError })), mostMs);
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
