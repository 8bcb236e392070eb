import { describe, expect, it } from 'vitest';
import { TINY_SAMUS } from '../../../test/support/tinyModel.js';
import { float32 } from '../../graph/tensorData.js';
import { writeInferAnswer } from './inferAnswer.js';
import { oipModels } from './tensors.js';

const served = { name: 'tiny', source: '', config: TINY_SAMUS, parameters: 0, files: new Map<string, string>() };
const [encoder] = oipModels(served);

function answer(values: Float32Array, binary: boolean) {
  const outputs = [{ name: 'image_embeddings', binary }];
  return writeInferAnswer(
    encoder,
    { id: 'a', feeds: {}, outputs },
    { image_embeddings: float32(values, [values.length]) },
  );
}

describe('an answer', () => {
  it('has bytes after its JSON, if they were asked for', () => {
    const { body, jsonLength } = answer(Float32Array.of(1.5, -2), true);
    expect(JSON.parse(body.subarray(0, jsonLength).toString())).toEqual({
      model_name: 'tiny-encoder',
      model_version: '1',
      id: 'a',
      outputs: [{ name: 'image_embeddings', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }],
    });
    expect([body.readFloatLE(jsonLength!), body.readFloatLE(jsonLength! + 4)]).toEqual([1.5, -2]);
  });

  it('is refused as JSON where JSON cannot hold it, or would be endless', () => {
    expect(() => answer(Float32Array.of(1, Number.NaN), false)).toThrow(
      expect.objectContaining({ code: 'INFER_NOT_FINITE' }),
    );
    expect(answer(Float32Array.of(Number.NaN), true).jsonLength).toBeGreaterThan(0);
    expect(() => answer(new Float32Array(2e6 + 1), false)).toThrow(expect.objectContaining({ code: 'INFER_OUTPUT' }));
  });
});
