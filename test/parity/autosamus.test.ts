/**
 * AutoSAMUS against its authors' implementation, part by part. The golden's random weights make tokens of a norm of 16,000 and
 * attention that is almost all or nothing: in float32 the reference itself is 1.1e-4 from the same arithmetic in float64, and the
 * decoder turns that into 1 % of the logits. So each part gets the reference's results of the part before it.
 */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/formats/byteSource.js';
import { readCheckpointFile } from '../../src/formats/checkpointFile.node.js';
import { toFloat32 } from '../../src/formats/halfFloat.js';
import { readSafetensors } from '../../src/formats/safetensors.js';
import { input, type Tensor } from '../../src/graph/tensor.js';
import type { StateDict, TensorData } from '../../src/graph/tensorData.js';
import { AUTOSAMUS } from '../../src/models/autosamus/index.js';
import { featureAdapter } from '../../src/models/autosamus/promptGenerator.js';
import { checkStateDict } from '../../src/models/model.js';
import { maskDecoder } from '../../src/models/sam/maskDecoder.js';
import { densePositions } from '../../src/models/sam/promptEncoder.js';
import { compile } from '../../src/nn/compile.js';
import { Parameters } from '../../src/nn/parameters.js';
import { takenBy } from '../../src/runtime/session.js';
import { compareReference, computeReference, openReference } from '../../src/train/reference.js';
import { runtime } from '../support/evaluate.js';

const folder = process.env.SAMUS_TEST_DATA;

async function opened() {
  const { tensors } = await readCheckpointFile(`${folder}/golden/autosamus-tiny.fp16.pth`);
  const config = AUTOSAMUS.recognise(tensors);
  if (!config) throw new Error('this is not AutoSAMUS');
  return { name: 'autosamus-tiny', config, tensors: checkStateDict(config, tensors).tensors };
}

async function fileOf(path: string) {
  return readSafetensors(memorySource(await readFile(`${folder}/golden/${path}.safetensors`)));
}

function distance(a: TensorData, b: TensorData): number {
  const [x, y] = [toFloat32(a).data, toFloat32(b).data];
  const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(x.map((value, i) => value - y[i]!)) / norm(y);
}

describe.skipIf(!folder)('AutoSAMUS (needs the folder SAMUS_TEST_DATA)', () => {
  it('encodes and prompts itself as the reference', async () => {
    const model = await opened();
    const file = openReference(await fileOf('autosamus-tiny.forward'), model);
    const { differences } = compareReference(file, await computeReference(runtime, file));
    const errors = new Map(differences.map(({ name, rel_l2 }) => [name, rel_l2]));
    expect(errors.get('image_embedding')).toBeLessThan(5e-5);
    expect(errors.get('sparse')).toBeLessThan(5e-5);
    // Twice the reference's own distance from float64.
    expect(errors.get('new_image_embedding')).toBeLessThan(5e-4);
    expect(errors.get('low_res_logits')).toBeLessThan(5e-2);
  });

  it('decodes the prompts of the reference as the reference', async () => {
    const { config, tensors } = await opened();
    const { tensors: expected } = await fileOf('autosamus-tiny.forward');
    const p = new Parameters();
    const given = (name: string) => input(name, expected.get(name)!.shape);
    const image = given('new_image_embedding');
    const { lowResLogits } = maskDecoder(p.at('mask_decoder'), config, {
      embedding: image,
      positions: densePositions(p.at('prompt_encoder'), config),
      sparse: given('sparse'),
      dense: given('dense'),
    });
    const dense = featureAdapter(p.at('feature_adapter'), image, config.adapterChannels);
    const results = await run({ adapted: dense, lowResLogits }, tensors, expected);
    expect(distance(results.adapted!, expected.get('dense')!)).toBeLessThan(5e-5);
    // From equal inputs, too, this attention loses three digits.
    const [, , height, width] = results.lowResLogits!.shape;
    const first = { ...results.lowResLogits!, shape: [1, 1, height!, width!] };
    const logits = toFloat32(first).data.slice(0, height! * width!);
    expect(
      distance({ dtype: 'float32', shape: [logits.length], data: logits }, expected.get('low_res_logits')!),
    ).toBeLessThan(2e-3);
  });

  it('has the same weights without a gradient, and a loss near the reference', async () => {
    const data = await fileOf('networks/autosamus-tiny.training');
    const file = openReference(data, await opened());
    const computed = await computeReference(runtime, file);
    expect([...computed.withoutGradient].sort()).toEqual(
      JSON.parse(data.metadata.get('without_gradient') ?? '').sort(),
    );
    const { differences, missing } = compareReference(file, computed);
    expect(missing).toEqual([]);
    expect(differences.find(({ name }) => name === 'loss')?.rel_l2).toBeLessThan(2e-3);
  });
});

async function run(outputs: Readonly<Record<string, Tensor>>, weights: StateDict, feeds: StateDict) {
  const session = await compile(runtime, outputs, weights);
  try {
    return await session.run(takenBy(session, Object.fromEntries(feeds)));
  } finally {
    await session.dispose();
  }
}
