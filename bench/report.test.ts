import { describe, expect, it } from 'vitest';
import { verdicts } from './goals.js';
import { entriesOf, problemsOf, type Results } from './report.js';
import { table } from './table.js';
import type { Samples } from './turns.js';

function samples(numbers: Record<string, number[]>): Samples {
  return { numbers: new Map(Object.entries(numbers)) };
}

const RESULTS: Results = new Map([
  [
    'encoders',
    new Map([
      ['matmul', samples({ gflops: [190, 200, 180] })],
      [
        'samus_b.encode',
        samples({ ms: [1600, 2000, 1700], gflop: [280], peak_mb: [900, 950], session_ms: [800, 700] }),
      ],
      ['reference.torch_fp32.encode', samples({ ms: [2600, 2400, 3000], peak_mb: [1000] })],
      ['reference.torch_bf16.encode', { numbers: new Map(), error: 'no PyTorch' }],
    ]),
  ],
  ['decoders', new Map([['samus_b.decode', samples({ ms: [9, 11, 10, 14], session_ms: [50] })]])],
  [
    'training',
    new Map([
      ['samus_b.train', samples({ ms: [4500], peak_mb: [2900] })],
      ['samus_b.encode', samples({ ms: [1500] })],
    ]),
  ],
  ['whole training', new Map([['sam_b.train', samples({ ms: [30000], peak_mb: [9900, 10000] })]])],
  [
    'page',
    new Map([
      ['page', samples({ first_mask_ms: [5200, 10_400, 6100], first_load_mb: [26.3, 26.4], later_load_mb: [0.005] })],
    ]),
  ],
]);

const values = new Map(entriesOf(RESULTS).map(({ name, value }) => [name, value]));

describe('entriesOf', () => {
  it('gives best and median', () => {
    expect(values.get('samus_b.encode_ms')).toBe(1600);
    expect(values.get('samus_b.encode_median_ms')).toBe(1700);
    expect(values.get('samus_b.decode_median_ms')).toBe(10.5);
    expect(values.get('matmul.gflops')).toBe(200);
  });

  it('compares the best with the best and the median with the median', () => {
    expect(values.get('samus_b.gemm_share')).toBeCloseTo(280 / 1.6 / 200, 12);
    expect(values.get('samus_b.gemm_share_median')).toBeCloseTo(280 / 1.7 / 190, 12);
    expect(values.get('ratio.torch_fp32_to_samus_b.encode')).toBeCloseTo(1.5, 12);
    expect(values.get('ratio.torch_fp32_to_samus_b.encode_median')).toBeCloseTo(2600 / 1700, 12);
  });

  it('compares a training step with the encoder that ran in turns with it', () => {
    expect(values.get('ratio.samus_b.train_to_encode')).toBe(3);
  });

  it("gives SAMUS's memory of training as a share of SAM's", () => {
    expect(values.get('sam_b.train_peak_mb')).toBe(10000);
    expect(values.get('ratio.samus_b_to_sam_b.train_peak')).toBeCloseTo(0.29, 12);
  });

  it('takes the highest memory and the start of both parts', () => {
    expect(values.get('samus_b.encode_peak_mb')).toBe(950);
    expect(values.get('samus_b.session_ms')).toBe(750);
  });

  it('reports every start of the annotator, and the slowest as the result', () => {
    const starts = [1, 2, 3].map((i) => values.get(`page.first_mask_start_${i}_ms`));
    expect(starts).toEqual([5200, 10_400, 6100]);
    expect(values.get('page.first_mask_ms')).toBe(10_400);
    expect(values.get('page.first_load_mb')).toBe(26.4);
    expect(values.get('page.later_load_mb')).toBe(0.005);
  });

  it('leaves out what was not measured', () => {
    expect([...values.keys()].filter((name) => /sam_b_to_samus|bf16|int8|samus_s/.test(name))).toEqual([]);
    expect([...values.values()].every(Number.isFinite)).toBe(true);
    expect(problemsOf(RESULTS)).toEqual(['reference.torch_bf16.encode: no PyTorch']);
  });
});

describe('verdicts', () => {
  it('judges each goal whose number is there', () => {
    const judged = new Map(verdicts(entriesOf(RESULTS)).map(({ name, reached }) => [name, reached]));
    expect(Object.fromEntries(judged)).toEqual({
      'samus_b.gemm_share': false,
      'ratio.torch_fp32_to_samus_b.encode': false,
      'samus_b.decode_ms': true,
      'ratio.samus_b.train_to_encode': true,
      'samus_b.train_peak_mb': true,
      'ratio.samus_b_to_sam_b.train_peak': false,
      'page.first_mask_ms': false,
      'page.first_load_mb': true,
      'page.later_load_mb': true,
    });
  });

  it('compares the memory of training with what the published code took in the same run', () => {
    const own = { name: 'samus_b.train_peak_mb', value: 3200, unit: 'MB' } as const;
    const published = { name: 'reference.torch_fp32.train_peak_mb', value: 3300, unit: 'MB' } as const;
    expect(verdicts([own])).toMatchObject([{ limit: 3100, reached: false }]);
    expect(verdicts([own, published])).toMatchObject([{ limit: 3300, reached: true }]);
  });

  it('stand under the numbers in the table', () => {
    const text = table(entriesOf(RESULTS), verdicts(entriesOf(RESULTS)), 'a machine');
    expect(text).toMatch(/^a machine\n/);
    expect(text).toMatch(/NOT REACHED +1\.50 +at least 1\.6 +times as fast as PyTorch/);
    expect(text).toMatch(/reached +9\.00 +at most 15/);
  });
});
