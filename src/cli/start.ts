/**
 * `npm start`: shows the project at work without data of patients. Makes a phantom, segments each of its objects from
 * one click, and writes a picture of it. Without a bundled model the weights are random, which it says.
 */
import { join } from 'node:path';
import { makePhantom } from '../data/phantom.js';
import { writePng } from '../formats/imageWrite.node.js';
import { SAMUS_S } from '../models/config.js';
import { parametersOf } from '../models/graphs.js';
import { initialise } from '../nn/parameters.js';
import { Random } from '../nn/random.js';
import { bundledModels, loadModel } from '../predict/loadModel.node.js';
import { Segmenter } from '../predict/segmenter.js';
import type { Model } from '../predict/types.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import { DEFAULT_MODEL } from './modelOptions.js';
import { makeFolder } from './output.js';
import { NOTICE } from './packageInfo.js';
import { reportError } from './run.js';
import { overlayOf, resultLines } from './segmentResult.js';

/** A phantom of several objects; which one does not matter. */
const SEED = 1;

async function start(): Promise<void> {
  const { image, objects } = makePhantom({ seed: SEED, width: 512, height: 384 });
  const bundled = await bundledModels();
  const model = bundled.includes(DEFAULT_MODEL) ? await loadModel(DEFAULT_MODEL) : randomModel();
  const segmenter = Segmenter.create(model, nodeRuntime());
  try {
    const prompts = objects.map(({ click }, i) => ({ name: `object-${i + 1}`, points: [click] }));
    const results = await segmenter.segment(await segmenter.encode(image), prompts);
    const segmented = results.map((result, i) => ({ prompt: prompts[i]!, result }));
    await makeFolder('out');
    const picture = join('out', 'phantom.overlay.png');
    await writePng(picture, overlayOf(image, segmented));
    const lines = [
      ...resultLines('phantom', segmented),
      ...(bundled.includes(DEFAULT_MODEL)
        ? [`the masks are those of the bundled model ${DEFAULT_MODEL}`]
        : ['no trained model is bundled: the weights are random, so the masks mean nothing']),
      `the picture is ${picture}`,
      `${NOTICE}.`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  } finally {
    await segmenter.dispose();
  }
}

function randomModel(): Model {
  const tensors = initialise(parametersOf(SAMUS_S), Random.seeded(SEED));
  return { name: 'random', config: SAMUS_S, tensors };
}

try {
  await start();
} catch (error) {
  reportError(error, false);
  process.exitCode = 1;
}
