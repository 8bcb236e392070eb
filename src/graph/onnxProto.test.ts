import { describe, expect, it } from 'vitest';
import { encodeModel } from './onnxProto.js';

const bytes = (array: Float32Array | BigInt64Array) => new Uint8Array(array.buffer);

/**
 * The model below as the Python package onnx 1.23 writes it (helper.make_node, make_tensor, make_graph, make_model;
 * SerializeToString), after onnx.checker accepted it and onnxruntime 1.30 ran it.
 */
const REFERENCE =
  'CAkSBXNhbXVzGgUwLjEuMDqDBAoaCgF4CgF3EgF5Ggdwcm9kdWN0IgZNYXRNdWwKJQoBeRIBcyIHU29mdG1heCoUCgRheGlzGP//' +
  '/////////wGgAQIKIAoBcxIBdCIJVHJhbnNwb3NlKg0KBHBlcm1AAUAAoAEHCiQKAXQSAWciBEdlbHUqFgoLYXBwcm94aW1hdGUi' +
  'BG5vbmWgAQMKMxIBYyIIQ29uc3RhbnQqJAoFdmFsdWUqGAgCEAdCAEoQ//////////8CAAAAAAAAAKABBAoSCgFnCgFjEgFyIgdS' +
  'ZXNoYXBlCioSAWsiCENvbnN0YW50KhsKDHZhbHVlX2Zsb2F0cz0AAAA/PQAAAMCgAQYKDgoBcgoBaxIBbSIDTXVsCkUKAW0KAXYS' +
  'AW8iC0Z1c2VkTWF0TXVsKg8KBWFscGhhFQAAAECgAQEqDQoGdHJhbnNCGAGgAQI6DWNvbS5taWNyb3NvZnQSAWcqOwgDCAQQAUIB' +
  'd0owAAAAAAAAAD4AAIA+AADAPgAAAD8AACA/AABAPwAAYD8AAIA/AACQPwAAoD8AALA/KjsIAggCEAFCAXZqEwoIbG9jYXRpb24S' +
  'B3dlaWdodHNqCwoGb2Zmc2V0EgE4agwKBmxlbmd0aBICMTZwAVoUCgF4Eg8KDQgBEgkKAxIBbgoCCANiFwoBbxISChAIARIMCgYS' +
  'BHJvd3MKAggCQgQKABAUQhEKDWNvbS5taWNyb3NvZnQQAXIMCgdncsO2w59lEgEx';

describe('encodeModel', () => {
  it('writes the bytes that the reference implementation of the format writes', () => {
    const model = encodeModel({
      irVersion: 9,
      opsets: { '': 20, 'com.microsoft': 1 },
      producerName: 'samus',
      producerVersion: '0.1.0',
      metadata: { größe: '1' },
      graph: {
        name: 'g',
        nodes: [
          { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['y'], name: 'product' },
          { opType: 'Softmax', inputs: ['y'], outputs: ['s'], attributes: { axis: { int: -1 } } },
          { opType: 'Transpose', inputs: ['s'], outputs: ['t'], attributes: { perm: { ints: [1, 0] } } },
          { opType: 'Gelu', inputs: ['t'], outputs: ['g'], attributes: { approximate: { string: 'none' } } },
          {
            opType: 'Constant',
            inputs: [],
            outputs: ['c'],
            attributes: {
              value: { tensor: { name: '', dtype: 'int64', shape: [2], data: bytes(BigInt64Array.of(-1n, 2n)) } },
            },
          },
          { opType: 'Reshape', inputs: ['g', 'c'], outputs: ['r'] },
          { opType: 'Constant', inputs: [], outputs: ['k'], attributes: { value_floats: { floats: [0.5, -2] } } },
          { opType: 'Mul', inputs: ['r', 'k'], outputs: ['m'] },
          {
            opType: 'FusedMatMul',
            domain: 'com.microsoft',
            inputs: ['m', 'v'],
            outputs: ['o'],
            attributes: { alpha: { float: 2 }, transB: { int: 1 } },
          },
        ],
        initializers: [
          {
            name: 'w',
            dtype: 'float32',
            shape: [3, 4],
            data: bytes(Float32Array.from({ length: 12 }, (_, i) => i / 8)),
          },
          { name: 'v', dtype: 'float32', shape: [2, 2], external: { location: 'weights', offset: 8, length: 16 } },
        ],
        inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 3] }],
        outputs: [{ name: 'o', dtype: 'float32', shape: ['rows', 2] }],
      },
    });
    expect(Buffer.from(model).toString('base64')).toBe(REFERENCE);
  });
});
