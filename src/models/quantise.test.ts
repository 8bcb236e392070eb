import { describe, expect, it } from 'vitest';
import { TINY, TINY_SAM, TINY_SAMUS, tinyWeights } from '../../test/support/tinyModel.js';
import { asFloat32, type TensorData } from '../graph/tensorData.js';
import { scaleName } from '../nn/parameters.js';
import { detectConfig } from './configFile.js';
import { parametersOf } from './graphs.js';
import { checkStateDict } from './model.js';
import { quantise } from './quantise.js';
import { architectureOf } from './registry.js';
import { SAMUS } from './samus/index.js';
import { startOf } from './startFrom.js';

const QKV = 'image_encoder.blocks.0.attn.qkv.weight';

function asInt8(tensor: TensorData | undefined): TensorData<'int8'> {
  if (tensor?.dtype !== 'int8') throw new Error('this is not int8');
  return tensor;
}

describe.each([TINY_SAMUS, TINY_SAM])('a model in 8 bits ($architecture)', (config) => {
  const weights = tinyWeights(config);
  const { config: rounded, tensors } = quantise(config, weights);

  it('has the tensors that its graphs declare, of their types', () => {
    const declared = parametersOf(rounded).map(({ name, shape, dtype }) => [name, `${dtype} ${shape}`]);
    const made = [...tensors].map(([name, { shape, dtype }]) => [name, `${dtype} ${shape}`]);
    expect(Object.fromEntries(made)).toEqual(Object.fromEntries(declared));
    expect(checkStateDict(rounded, tensors).unexpected).toEqual([]);
  });

  it('rounds each row within half a step, with its largest number at the end of the range', () => {
    const large = [...weights].filter(([name]) => architectureOf(rounded).isQuantisable?.(name));
    expect(large.length).toBeGreaterThan(4);
    for (const [name, weight] of large) {
      const original = asFloat32(weight).data;
      const { data, shape } = asInt8(tensors.get(name));
      const scales = asFloat32(tensors.get(scaleName(name))!).data;
      const width = original.length / shape[0]!;
      for (const [i, value] of original.entries()) {
        const step = scales[Math.floor(i / width)]!;
        expect(Math.abs(data[i]! * step - value)).toBeLessThanOrEqual(step * 0.5001);
      }
      for (let row = 0; row < shape[0]!; row++) {
        expect(Math.max(...data.subarray(row * width, (row + 1) * width).map(Math.abs))).toBe(127);
      }
    }
  });

  it('is recognised by its scales', () => {
    expect(detectConfig(tensors)).toEqual(rounded);
  });

  it('keeps every other weight unchanged', () => {
    for (const [name, weight] of weights) {
      if (!architectureOf(rounded).isQuantisable?.(name)) expect(tensors.get(name)).toBe(weight);
    }
  });

  it('is not rounded twice', () => {
    expect(() => quantise(rounded, tensors)).toThrow(
      expect.objectContaining({ kind: 'input', code: 'MODEL_QUANTISED' }),
    );
  });
});

it('leaves rows of zeros at zero', () => {
  const weights = tinyWeights(TINY_SAM);
  const { shape } = weights.get(QKV)!;
  const zeros: TensorData = { dtype: 'float32', shape, data: new Float32Array(shape[0]! * shape[1]!) };
  const { tensors } = quantise(TINY_SAM, weights.set(QKV, zeros));
  expect(asInt8(tensors.get(QKV)).data.every((value) => value === 0)).toBe(true);
  expect(asFloat32(tensors.get(scaleName(QKV))!).data.every((value) => value === 1)).toBe(true);
});

it('refuses weights whose type is not the one of the configuration', () => {
  const { config, tensors } = quantise(TINY_SAM, tinyWeights(TINY_SAM));
  const mistyped = (name: string) =>
    expect.objectContaining({ code: 'CHECKPOINT_TENSOR_DTYPE', message: expect.stringContaining(name) });
  const floats = tinyWeights(TINY_SAM).get(QKV)!;
  expect(() => checkStateDict(config, new Map(tensors).set(QKV, floats))).toThrow(mistyped(`${QKV} (float32)`));
  expect(() => checkStateDict(TINY_SAM, tensors)).toThrow(mistyped(`${QKV} (int8)`));
});

it('is no start for SAMUS', () => {
  const { config } = quantise(TINY_SAM, tinyWeights(TINY_SAM));
  expect(() => startOf(SAMUS, config)?.config()).toThrow(expect.objectContaining({ code: 'MODEL_QUANTISED' }));
});

it('a model without such weights is refused, not given a configuration that no reader accepts', () => {
  const config = TINY.unet!;
  const refused = expect.objectContaining({ code: 'MODEL_NOT_QUANTISABLE', details: { architecture: 'unet' } });
  expect(() => quantise(config, tinyWeights(config))).toThrow(refused);
});
