/**
 * The smallest model that does arithmetic, y = x + x over two numbers: what a provider is tried with.
 */
import { encodeModel, type OnnxModel } from '../graph/onnxProto.js';

export function tinyModel(): OnnxModel {
  const value = (name: string) => ({ name, dtype: 'float32', shape: [2] }) as const;
  const bytes = encodeModel({
    irVersion: 8,
    opsets: { '': 17 },
    graph: {
      name: 'tiny',
      nodes: [{ opType: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
      initializers: [],
      inputs: [value('x')],
      outputs: [value('y')],
    },
  });
  return { bytes, external: [] };
}
