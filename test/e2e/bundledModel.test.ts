/**
 * The model that comes with the package, as a user meets it: its size, its answers to clicks on phantoms, and on the real
 * validation images the numbers that its card states.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePhantom } from '../../src/data/phantom.js';
import { toFloat32 } from '../../src/formats/halfFloat.js';
import { float32, type TensorData } from '../../src/graph/tensorData.js';
import { SAMUS_S } from '../../src/models/samus/config.js';
import { Random } from '../../src/nn/random.js';
import { loadModel } from '../../src/predict/loadModel.node.js';
import { Segmenter } from '../../src/predict/segmenter.js';
import type { Model } from '../../src/predict/types.js';
import { nodeRuntime } from '../../src/runtime/nodeRuntime.node.js';
import { newFolder, removeFolder, samus } from './samusProcess.js';

const FOLDER = fileURLToPath(new URL('../../models/samus-s/', import.meta.url));
const runtime = nodeRuntime({ worker: false });

/** Relative rounding of a normal number in 16 bits: half of its last place. */
const HALF_PLACE = 2 ** -11;

const phantoms = Array.from({ length: 12 }, (_, seed) => {
  const kind = seed % 2 === 0 ? 'cyst' : 'lesion';
  const { image, objects } = makePhantom({ seed: 500 + seed, width: 256, height: 256, kind });
  return { image, object: objects[0]! };
});

async function masksOf(model: Model): Promise<Uint8Array[]> {
  const segmenter = Segmenter.create(model, runtime);
  const masks: Uint8Array[] = [];
  for (const { image, object } of phantoms) {
    const { mask } = await segmenter.segment(await segmenter.encode(image), { points: [object.click] });
    masks.push(mask);
  }
  await segmenter.dispose();
  return masks;
}

function dice(found: Uint8Array, truth: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < found.length; i++) {
    both += found[i]! & truth[i]!;
    either += found[i]! + truth[i]!;
  }
  return (2 * both) / either;
}

describe('the bundled model', () => {
  let model: Model;
  let masks: Uint8Array[];

  beforeAll(async () => {
    model = await loadModel('samus-s');
    masks = await masksOf(model);
  });

  it('is the small SAMUS in 16 bits, in at most 25 MB', () => {
    expect(model.config).toEqual(SAMUS_S);
    expect(model.warnings).toEqual([]);
    const file = readFileSync(join(FOLDER, 'model.safetensors'));
    expect(file.length).toBeLessThanOrEqual(25e6);
    const header: Record<string, { dtype?: string }> = JSON.parse(
      file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))),
    );
    const { __metadata__: _, ...tensors } = header;
    // SAM's frequencies of positions are no weights, and stay as they are.
    const wide = Object.keys(tensors).filter((name) => tensors[name]!.dtype !== 'F16');
    expect(wide).toEqual(['prompt_encoder.pe_layer.positional_encoding_gaussian_matrix']);
  });

  it('finds cysts and lesions of phantoms, which it never saw, from one click', () => {
    const scores = masks.map((mask, i) => dice(mask, phantoms[i]!.object.mask));
    expect(scores.reduce((sum, score) => sum + score, 0) / scores.length).toBeGreaterThan(0.6);
  });

  it('gives the same masks for other weights that round to the same 16 bits', async () => {
    const random = Random.seeded(1);
    const moved = [...model.tensors].map(([name, tensor]): [string, TensorData] => {
      const { data, shape } = toFloat32(tensor);
      return [
        name,
        float32(
          data.map((value) => value * (1 + random.uniform(-HALF_PLACE, HALF_PLACE))),
          shape,
        ),
      ];
    });
    const others = await masksOf({ ...model, tensors: new Map(moved) });
    let different = 0;
    for (const [i, mask] of masks.entries()) {
      for (let pixel = 0; pixel < mask.length; pixel++) different += mask[pixel] === others[i]![pixel] ? 0 : 1;
    }
    expect(different / (masks.length * 256 * 256)).toBeLessThan(0.001);
  });
});

const ROOT = process.env.SAMUS_TEST_DATA;

describe.skipIf(!ROOT)('the bundled model on the real validation images of SAMUS_TEST_DATA', () => {
  let folder = '';
  beforeAll(() => {
    folder = newFolder();
  });
  afterAll(() => removeFolder(folder));

  it('has the Dice that its card states', async () => {
    const data = join(ROOT!, 'data', 'ultrasound');
    const { stdout } = await samus(folder, 'evaluate', '--data', data, '--list', 'val-may-ship', '--json');
    const { datasets } = JSON.parse(stdout) as {
      datasets: { dataset: string; class: number; images: number; dice: { mean: number } }[];
    };
    const card = readFileSync(join(FOLDER, 'README.md'), 'utf8');
    const stated = [...card.matchAll(/^\| (\S+) (\d+) \([^)]*\) \| (\d+) \| ([\d.]+) \|/gm)];
    expect(stated.length).toBe(datasets.length);
    for (const [, dataset, classId, images, mean] of stated) {
      const found = datasets.find((group) => group.dataset === dataset && group.class === Number(classId));
      expect(found?.images, dataset).toBe(Number(images));
      expect(found?.dice.mean, dataset).toBeCloseTo(Number(mean), 2);
    }
  }, 300_000);
});
