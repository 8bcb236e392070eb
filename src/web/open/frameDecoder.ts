/** Decodes compressed frames of DICOM files in a worker of the worker that opened the file: a frame may hang. */
import { type FrameContract, limitedDecoder } from '../../formats/dicom/limitedDecoder.js';
import { workerClient } from '../pageWorker.js';

export const workerDecoder = limitedDecoder(() =>
  workerClient<FrameContract>(new Worker(new URL('./frameWorker.ts', import.meta.url), { type: 'module' })),
);
