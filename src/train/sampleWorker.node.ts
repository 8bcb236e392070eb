/**
 * Thread that reads and augments training samples. batchLoader.node.ts starts it; nothing imports it.
 */
import { workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { type Dataset, openDataset } from '../data/dataset.node.js';
import { takesColour } from '../models/preprocessing.js';
import { ownerChannel } from '../runtime/thread.node.js';
import { serveCalls } from '../runtime/threadProtocol.js';
import type { SampleContract, SampleWorkerData } from './batchLoader.node.js';
import { makeTrainingSample } from './trainingSample.js';

// Leave the cores to the training; a single image gains nothing from several threads.
sharp.concurrency(1);

const { root, shape }: SampleWorkerData = workerData;
const colour = takesColour(shape.preprocessing);
let dataset: Promise<Dataset> | undefined;

serveCalls<SampleContract>(ownerChannel(), {
  async make({ sample, draw }, { transfer }) {
    dataset ??= openDataset(root);
    const { image, label } = await (await dataset).read(sample, { colour });
    const made = makeTrainingSample(image, label, sample.classId, draw, shape);
    transfer(made.image.buffer);
    transfer(made.target.buffer);
    return made;
  },
});
