/**
 * Training, validation and evaluation give a model the same input as prediction, colours included.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY, TINY_SAMUS, tinyModel } from '../../test/support/tinyModel.js';
import { openDataset } from '../data/dataset.node.js';
import { evaluate } from '../evaluate/evaluate.js';
import { DEFAULT_TOLERANCES } from '../evaluate/metrics.js';
import { promptable } from '../evaluate/promptableModel.js';
import { summariseEvaluation } from '../evaluate/summary.js';
import { createImage, toGrey } from '../formats/image.js';
import { writePng } from '../formats/imageWrite.node.js';
import { asFloat32 } from '../graph/tensorData.js';
import type { ModelConfig } from '../models/architecture.js';
import { inputShape } from '../models/graphs.js';
import { architectureOf } from '../models/registry.js';
import { ClassNetwork } from '../predict/classNetwork.js';
import { Segmenter } from '../predict/segmenter.js';
import { nodeRuntime } from '../runtime/nodeRuntime.node.js';
import type { Runtime } from '../runtime/session.js';
import { BatchLoader } from './batchLoader.node.js';
import { validate } from './validate.node.js';

const [WIDTH, HEIGHT] = [48, 40];
/** Red grows to the right, green downwards, blue the other way. */
const COLOURS = createImage(
  WIDTH,
  HEIGHT,
  3,
  Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / (3 * WIDTH))];
    return [5 * x, 6 * y, 255 - 5 * x][i % 3]!;
  }),
);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'samus-colour-'));
  const label = createImage(WIDTH, HEIGHT, 1, new Uint8Array(WIDTH * HEIGHT).fill(1, 700, 1100));
  for (const folder of ['Set/img', 'Set/label', 'MainPatient']) await mkdir(join(root, folder), { recursive: true });
  await writePng(join(root, 'Set/img/a.png'), COLOURS);
  await writePng(join(root, 'Set/label/a.png'), label);
  await writeFile(join(root, 'MainPatient/class.json'), '{"Set":2}');
  await writeFile(join(root, 'MainPatient/all.txt'), '1/Set/a\n');
});
afterAll(() => rm(root, { recursive: true }));

/** A runtime that keeps the images that models get. */
function recording() {
  const runtime = nodeRuntime({ worker: false });
  const images: Float32Array[] = [];
  const recorded: Runtime = {
    name: 'recording',
    async createSession(model, options) {
      const session = await runtime.createSession(model, options);
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        dispose: () => session.dispose(),
        run(feeds, runOptions) {
          if (feeds.image) images.push(asFloat32(feeds.image).data.slice());
          return session.run(feeds, runOptions);
        },
      };
    },
  };
  return { runtime: recorded, images };
}

/** The inputs of a model in training, validation, evaluation and prediction of the same image. */
async function inputsOf(config: ModelConfig) {
  const { runtime, images } = recording();
  const model = tinyModel(config);
  const prompted = architectureOf(config).task === 'prompted';
  const dataset = await openDataset(root);
  const list = await dataset.lists(['all']);
  const segmenter = prompted ? Segmenter.create(model, runtime) : ClassNetwork.create(model, runtime);
  await segmenter.encode(COLOURS);
  const measured =
    segmenter instanceof Segmenter
      ? promptable(segmenter)
      : promptable<Awaited<ReturnType<ClassNetwork['encode']>>>(segmenter);
  const prompt = prompted ? ({ kind: 'points', count: 1 } as const) : ({ kind: 'none' } as const);
  const protocol = { prompt, clicks: 0, draws: 0, seed: 1, native: true, ...DEFAULT_TOLERANCES };
  await evaluate(measured, dataset, list, protocol);
  await segmenter.dispose();
  const compute = { threads: 1, provider: 'cpu' } as const;
  const watch = { progress: () => undefined, stopped: () => false, pictures: 1 };
  await validate(model.tensors, { runtime, compute, config, dataset, list, ...watch });
  const shape = {
    ...inputShape(config),
    targetSide: 16,
    target: 'share',
    prompts: 'point',
    middleClicks: 0,
    augment: 'none',
    clickNoise: 0,
    seed: 1,
  } as const;
  const loader = new BatchLoader({ root, list, shape, batch: 1, maskSide: 16, threads: 1 });
  const { feeds } = await loader.get(0, 0);
  const trained = asFloat32(feeds.image!).data.slice();
  await loader.close();
  const [predicted, evaluated, validated] = images;
  return { predicted: predicted!, evaluated: evaluated!, validated: validated!, trained };
}

function distance(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe('an object score', () => {
  it('counts in validation and evaluation: a wrong "absent" is a Dice of 0, a right one no false positive', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'samus-absent-'));
    for (const part of ['Set/img', 'Set/label', 'MainPatient']) await mkdir(join(folder, part), { recursive: true });
    const area = new Uint8Array(WIDTH * HEIGHT);
    for (const [name, data] of [
      ['a', area.slice().fill(1, 700, 1100)],
      ['b', area],
    ] as const) {
      await writePng(join(folder, `Set/img/${name}.png`), COLOURS);
      await writePng(join(folder, `Set/label/${name}.png`), createImage(WIDTH, HEIGHT, 1, data));
    }
    await writeFile(join(folder, 'MainPatient/class.json'), '{"Set":2}');
    await writeFile(join(folder, 'MainPatient/all.txt'), '1/Set/a\n1/Set/b\n');
    const dataset = await openDataset(folder);
    const list = await dataset.lists(['all']);
    const runtime = nodeRuntime({ worker: false });
    const measured = async (minPresence: number) => {
      const model = tinyModel({ ...TINY_SAMUS, objectScore: true, minPresence });
      const watch = { progress: () => undefined, stopped: () => false, pictures: 0 };
      const compute = { threads: 1, provider: 'cpu' } as const;
      const { config, tensors } = model;
      const validated = await validate(tensors, { runtime, compute, config, dataset, list, ...watch });
      const segmenter = Segmenter.create(model, runtime);
      const protocol = { prompt: { kind: 'points', count: 1 }, clicks: 0, draws: 0, seed: 1, native: true } as const;
      const evaluated = await evaluate(promptable(segmenter), dataset, list, { ...protocol, ...DEFAULT_TOLERANCES });
      await segmenter.dispose();
      return { parts: validated!.parts, group: summariseEvaluation(evaluated, list, dataset, 1).groups[0]! };
    };
    const never = await measured(1);
    expect(never.parts['Set/1']).toBeCloseTo(0, 6);
    expect(never.parts['Set/1/absent']).toBe(1);
    expect(never.group).toMatchObject({ images: 1, absent: { images: 1, falsePositives: 0 } });
    const always = await measured(0);
    expect(always.parts['Set/1']).toBeGreaterThan(0);
    expect(always.parts['Set/1/absent']).toBeCloseTo(0, 6);
    expect(always.group).toMatchObject({ images: 1, absent: { images: 1, falsePositives: 1 } });
    await rm(folder, { recursive: true });
  });
});

describe('the input of a model', () => {
  it.each(['sam', 'cenet'])('has the colours of the image in all workflows (%s)', async (name) => {
    const config = TINY[name]!;
    const { predicted, evaluated, validated, trained } = await inputsOf(config);
    const area = config.imageSize ** 2;
    const [red, green] = [predicted.subarray(0, area), predicted.subarray(area, 2 * area)];
    expect(distance(red, green)).toBeGreaterThan(1);
    expect(evaluated).toEqual(predicted);
    // Levels are divided in another order.
    expect(distance(validated, predicted)).toBeLessThan(1e-5);
    expect(trained).toEqual(validated);
  });

  it('is grey for a model that sees grey', async () => {
    const { predicted, evaluated, validated, trained } = await inputsOf(TINY.samus!);
    expect(predicted).toHaveLength(TINY.samus!.imageSize ** 2);
    expect(evaluated).toEqual(predicted);
    expect(distance(validated, predicted)).toBeLessThan(1e-6);
    expect(trained).toEqual(validated);
    const dataset = await openDataset(root);
    const sample = { dataset: 'Set', name: 'a' };
    expect((await dataset.read(sample)).image).toEqual(toGrey(COLOURS));
    expect((await dataset.read(sample, { colour: true })).image).toEqual(COLOURS);
  });
});
