/** The worker that decodes compressed frames of DICOM files, which may hang. Started by frameDecoder.ts. */
import { decodeFrame } from '../../formats/dicom/codecs.js';
import type { FrameContract } from '../../formats/dicom/limitedDecoder.js';
import { serveWorker } from '../pageWorker.js';
import './codecFiles.js';

serveWorker<FrameContract>({
  async decode({ bytes, format }, { transfer }) {
    const samples = await decodeFrame(bytes, format);
    transfer(samples.values.buffer);
    return samples;
  },
});
