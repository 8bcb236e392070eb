import { describe, expect, it } from 'vitest';
import { prepared, run, runtime } from '../../test/support/evaluate.js';
import { readOnnx } from '../../test/support/onnxReader.js';
import { computeConstants } from '../nn/compile.js';
import { foldConstants } from './fold.js';
import { add, exp, mul } from './ops/elementwise.js';
import { matmul } from './ops/matrix.js';
import { sum } from './ops/reduce.js';
import { split, transpose } from './ops/shape.js';
import { apply, constant, input, integers, parameter, type Tensor } from './tensor.js';
import { asFloat32, float32, type StateDict } from './tensorData.js';
import { toOnnx } from './toOnnx.js';

const WEIGHTS: StateDict = new Map([
  ['w', float32([1, 2, 3, 4, 5, 6], [2, 3])],
  ['s', float32([0.5], [1])],
]);
const x = input('x', [1, 2]);
const w = parameter('w', [2, 3]);
const s = parameter('s', [1]);

const fold = (outputs: readonly Tensor[], isConstant = (name: string) => WEIGHTS.has(name)) =>
  foldConstants(outputs, isConstant, (tensors) => computeConstants(runtime, tensors, WEIGHTS));

describe('folding', () => {
  const doubled = mul(exp(w), add(s, 1));
  const y = matmul(x, doubled);

  it('does not change the results', async () => {
    const feeds = { x: float32([0.3, -2], [1, 2]) };
    const plain = await run({ y }, feeds, WEIGHTS);
    const session = await runtime.createSession(toOnnx({ y }, { parameters: WEIGHTS, folded: await fold([y]) }));
    expect((await session.run(feeds)).y).toEqual(plain.y);
    await session.dispose();
  });

  it('computes large values a few at a time', async () => {
    const large = ['a', 'b', 'c'].map((name) => exp(parameter(name, [3000, 3000])));
    const small = exp(s);
    const calls: number[] = [];
    const folded = await foldConstants(
      [...large, small],
      () => true,
      async (tensors) => {
        calls.push(tensors.length);
        return tensors.map(() => float32([], [0]));
      },
    );
    expect(calls).toEqual([1, 1, 2]);
    expect([...folded.keys()]).toEqual([...large, small]);
  });

  it('folds everything that no input reaches, and nothing else', async () => {
    const folded = await fold([y]);
    expect([...folded.keys()]).toEqual([doubled]);
    const { nodes } = readOnnx(toOnnx({ y }, { parameters: WEIGHTS, folded }).bytes);
    expect(nodes.map(({ opType }) => opType)).toEqual(['MatMul', 'Identity']);
  });

  it('leaves zeros to each run', async () => {
    const zeros = apply('ConstantOfShape', [integers([2, 3])], [2, 3]);
    expect((await fold([matmul(x, zeros)])).size).toBe(0);
    expect([...(await fold([matmul(x, add(zeros, w))])).values()]).toEqual([WEIGHTS.get('w')]);
  });

  it('stops at parameters that are not constant', async () => {
    const folded = await fold([y], (name) => name !== 's');
    expect([...folded.values()].map(({ shape }) => shape)).toEqual([[2, 3]]);
    expect(folded.has(doubled)).toBe(false);
  });

  it('evaluates one of several results of a node, and a result that is constant itself', async () => {
    const [, right] = split(transpose(w, [1, 0]), 0, [1, 2]);
    const total = sum(w);
    const folded = await fold([matmul(right!, transpose(x, [1, 0])), total]);
    expect(asFloat32(folded.get(right!)!).data).toEqual(Float32Array.of(2, 5, 3, 6));
    expect(asFloat32(folded.get(total)!).data).toEqual(Float32Array.of(21));
  });

  it('does nothing if everything depends on inputs', async () => {
    const evaluateNothing = () => Promise.reject(new Error('nothing was to be computed'));
    const z = add(x, constant(float32([1], [1])));
    expect(await foldConstants([z], () => true, evaluateNothing)).toEqual(new Map());
    await (await prepared({ z })).dispose();
  });
});
