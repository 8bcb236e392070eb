/**
 * The program of a thread that reads and augments training samples. Started by samplePool.node.ts, never imported.
 */
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { type Dataset, openDataset } from '../data/dataset.node.js';
import { createImage } from '../formats/image.js';
import { packError } from '../runtime/workerMessages.js';
import type { FromSampleWorker, SampleOrderMessage, SampleWorkerData } from './samplePool.node.js';
import { makeTrainingSample } from './trainingSample.js';

const port = parentPort;
if (!port) throw new Error('sampleWorker.node.js is the program of a worker thread');

// The cores belong to the training; one picture is no work to share anyway.
sharp.concurrency(1);

const { root, shape }: SampleWorkerData = workerData;
let dataset: Promise<Dataset> | undefined;

port.on('message', async ({ id, sample, draw }: SampleOrderMessage) => {
  try {
    dataset ??= openDataset(root);
    const { image, label, width, height } = await (await dataset).read(sample);
    const made = makeTrainingSample(image, createImage(width, height, 1, label), sample.classId, draw, shape);
    const message: FromSampleWorker = { id, sample: made };
    port.postMessage(message, [made.image.buffer, made.target.buffer].filter(isTransferable));
  } catch (error) {
    const message: FromSampleWorker = { id, error: packError(error) };
    port.postMessage(message);
  }
});

function isTransferable(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return buffer instanceof ArrayBuffer;
}
