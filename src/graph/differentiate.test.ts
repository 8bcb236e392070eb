/**
 * How gradients are combined; gradients.test.ts has the rules of the operations.
 */
import { describe, expect, it } from 'vitest';
import { run } from '../../test/support/evaluate.js';
import { readOnnx } from '../../test/support/onnxReader.js';
import { differentiate } from './differentiate.js';
import { add, exp, mul, sin, stopGradient, sub } from './ops/elementwise.js';
import { gather } from './ops/gather.js';
import { linearInt8 } from './ops/quantised.js';
import { sum } from './ops/reduce.js';
import { split } from './ops/shape.js';
import { apply, constant, input, parameter, type Tensor, withGradient } from './tensor.js';
import { asFloat32, float32 } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

const x = input('x', [3]);
const VALUES = [0.3, -1.2, 2];
const feeds = { x: float32(VALUES, [3]) };

async function expectValues(tensor: Tensor | undefined, expected: readonly number[]): Promise<void> {
  const { y } = await run({ y: tensor! }, feeds);
  for (const [i, value] of asFloat32(y!).data.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
}

describe('differentiate', () => {
  it('adds the gradients of all paths from a variable to the result', async () => {
    const [gradient] = differentiate(sum(add(mul(x, x), sin(x))), [x]);
    await expectValues(
      gradient,
      VALUES.map((v) => 2 * v + Math.cos(v)),
    );
  });

  it('returns gradients that have gradients', async () => {
    const [first] = differentiate(sum(mul(mul(x, x), exp(x))), [x]);
    const [second] = differentiate(sum(first!), [x]);
    await expectValues(
      second,
      VALUES.map((v) => (v * v + 4 * v + 2) * Math.exp(v)),
    );
  });

  it('combines the gradients of all results of a node', async () => {
    const [left, right] = split(mul(x, 2), 0, [1, 2]);
    const y = add(sum(mul(left!, left!)), sum(mul(right!, 3)));
    await expectValues(differentiate(y, [x])[0], [8 * VALUES[0]!, 6, 6]);
  });

  it('returns undefined for variables without influence, or only behind stopGradient', () => {
    const other = input('other', [1]);
    expect(differentiate(sum(x), [other])).toEqual([undefined]);
    expect(differentiate(sum(stopGradient(x)), [x])).toEqual([undefined]);
  });

  it('differentiates a gather over more places than a call takes arguments', async () => {
    const places = 300_000;
    const long = input('long', [places]);
    const [gradient] = differentiate(sum(gather(long, [places - 1, 7, 7], 0)), [long]);
    const { y } = await run({ y: gradient! }, {});
    expect([y!.data[7], y!.data[8], y!.data[places - 1]]).toEqual([2, 0, 1]);
  });

  it('stops at the variables', () => {
    const frozen = parameter('frozen', [3]);
    const [gradient] = differentiate(sum(mul(sub(exp(frozen), x), 2)), [x]);
    const { nodes } = readOnnx(toOnnx({ gradient: gradient! }).bytes);
    expect(nodes.map(({ opType }) => opType)).not.toContain('Exp');
  });

  it('refuses results that are not scalars', () => {
    expect(() => differentiate(x, [x])).toThrow(
      expect.objectContaining({ code: 'GRAPH_SHAPE', message: 'differentiate expected a scalar, got [3]' }),
    );
  });

  it.each([
    ['of another shape', [3, 1], 'float32', 'float32[3, 1] for its input 0, float32[3]'],
    ['that only broadcasts', [1], 'float32', 'float32[1] for its input 0, float32[3]'],
    ['of another type', [3], 'float16', 'float16[3] for its input 0, float32[3]'],
  ] as const)('refuses a rule that returns a gradient %s, and names the operation', (_, shape, dtype, found) => {
    const wrong = apply('Softsign', [x], x.shape, { gradient: () => [input('g', shape, dtype)] });
    expect(() => differentiate(sum(wrong), [x])).toThrow(
      expect.objectContaining({
        code: 'GRAPH_GRADIENT',
        message: `the gradient rule of Softsign returned ${found}`,
        details: { operation: 'Softsign', input: 0 },
      }),
    );
  });

  it('refuses a rule with more gradients than inputs, also one written with withGradient', () => {
    const wrong = withGradient(exp(x), [x], (dy) => [dy, dy]);
    expect(() => differentiate(sum(wrong), [x])).toThrow('float32[3] for an input 2, which it does not have');
    const other = withGradient(exp(x), [x], (dy) => [sum(dy)]);
    expect(() => differentiate(sum(other), [x])).toThrow(
      'the gradient rule of Alias (of Exp) returned float32[] for its input 1, float32[3]',
    );
  });

  it('refuses a path through an operation without a derivative, and names it', () => {
    const weight = constant({ dtype: 'int8', shape: [1, 2], data: new Int8Array(2) });
    const rows = input('rows', [4, 2]);
    const y = sum(linearInt8(rows, weight, constant(float32([1], [1]))));
    expect(() => differentiate(y, [rows])).toThrow(
      expect.objectContaining({
        code: 'GRAPH_NO_GRADIENT',
        message: expect.stringContaining('MatMulIntegerToFloat'),
      }),
    );
  });
});
