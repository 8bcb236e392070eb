/** The program of the thread that decodes frames. Started by frameThread.node.ts, never imported. */
import { ownerChannel } from '../../runtime/thread.node.js';
import { serveCalls } from '../../runtime/threadProtocol.js';
import { decodeFrame } from './codecs.js';
import type { FrameContract } from './limitedDecoder.js';

serveCalls<FrameContract>(ownerChannel(), {
  async decode({ bytes, format }, { transfer }) {
    const samples = await decodeFrame(bytes, format);
    transfer(samples.values.buffer);
    return samples;
  },
});
