/**
 * From samples to the report: named numbers and ratios. A number is the best of all runs, because other programs can only
 * make a run slower; the medians are reported beside them.
 */
import type { Phase } from './plan.js';
import type { Samples } from './turns.js';

export interface Entry {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
}

/** `1`: a share or a ratio. */
type Unit = 'ms' | 'MB' | 'GFLOP' | 'GFLOP/s' | '1';

export type Results = ReadonlyMap<Phase['name'], ReadonlyMap<string, Samples>>;

const MODELS = ['samus_b', 'samus_s', 'sam_b', 'samus_b_int8'] as const;
const REFERENCES = ['torch_fp32', 'torch_bf16', 'onnx_export'] as const;

/** Ratios of the times of two subjects that were measured in turn. */
const RATIOS: readonly { name: string; phase: Phase['name']; slow: string; fast: string }[] = [
  { name: 'sam_b_to_samus_b.encode', phase: 'encoders', slow: 'sam_b.encode', fast: 'samus_b.encode' },
  {
    name: 'torch_fp32_to_samus_b.encode',
    phase: 'encoders',
    slow: 'reference.torch_fp32.encode',
    fast: 'samus_b.encode',
  },
  {
    name: 'onnx_export_to_samus_b.encode',
    phase: 'encoders',
    slow: 'reference.onnx_export.encode',
    fast: 'samus_b.encode',
  },
  {
    name: 'torch_bf16_to_samus_b_int8.encode',
    phase: 'encoders',
    slow: 'reference.torch_bf16.encode',
    fast: 'samus_b_int8.encode',
  },
  { name: 'samus_b_to_samus_b_int8.encode', phase: 'encoders', slow: 'samus_b.encode', fast: 'samus_b_int8.encode' },
  {
    name: 'torch_fp32_to_samus_b.decode',
    phase: 'decoders',
    slow: 'reference.torch_fp32.decode',
    fast: 'samus_b.decode',
  },
  { name: 'samus_b.train_to_encode', phase: 'training', slow: 'samus_b.train', fast: 'samus_b.encode' },
  { name: 'torch_fp32_to_samus_b.train', phase: 'training', slow: 'reference.torch_fp32.train', fast: 'samus_b.train' },
];

/** All measured numbers, in a fixed order. */
export function entriesOf(results: Results): Entry[] {
  return [
    ...matmul(results),
    ...MODELS.flatMap((model) => ofModel(results, model)),
    ...references(results),
    ...ratios(results),
    ...trainingMemory(results),
    ...page(results),
  ];
}

/** The subjects that could not be measured, with reasons. */
export function problemsOf(results: Results): string[] {
  const all = [...results.values()].flatMap((phase) => [...phase]);
  return all.flatMap(([name, { error }]) => (error === undefined ? [] : [`${name}: ${error}`]));
}

function values(results: Results, phase: Phase['name'], subject: string, number: string): readonly number[] {
  return results.get(phase)?.get(subject)?.numbers.get(number) ?? [];
}

function matmul(results: Results): Entry[] {
  const rates = values(results, 'encoders', 'matmul', 'gflops');
  if (rates.length === 0) return [];
  return [
    { name: 'matmul.gflops', value: Math.max(...rates), unit: 'GFLOP/s' },
    { name: 'matmul.median_gflops', value: median(rates), unit: 'GFLOP/s' },
  ];
}

function ofModel(results: Results, model: string): Entry[] {
  const encoder = (number: string) => values(results, 'encoders', `${model}.encode`, number);
  const decoder = (number: string) => values(results, 'decoders', `${model}.decode`, number);
  const phase = model === 'sam_b' ? 'whole training' : 'training';
  const training = (number: string) => values(results, phase, `${model}.train`, number);
  const [first] = encoder('gflop');
  const rates = values(results, 'encoders', 'matmul', 'gflops');
  const share = (pick: (list: readonly number[]) => number, rate: number, name: string): Entry[] =>
    first === undefined || rates.length === 0 || encoder('ms').length === 0
      ? []
      : [{ name: `${model}.${name}`, value: (first / pick(encoder('ms'))) * (1000 / rate), unit: '1' }];
  return [
    ...timed(`${model}.encode`, encoder('ms')),
    ...(first === undefined ? [] : [{ name: `${model}.encode_gflop`, value: first, unit: 'GFLOP' } as const]),
    ...share(least, Math.max(...rates), 'gemm_share'),
    ...share(median, median(rates), 'gemm_share_median'),
    ...peak(`${model}.encode`, encoder('peak_mb')),
    ...encoder('int8_products')
      .slice(0, 1)
      .map((value): Entry => ({ name: `${model}.int8_products`, value, unit: '1' })),
    ...session(model, encoder('session_ms'), decoder('session_ms')),
    ...timed(`${model}.decode`, decoder('ms')),
    ...timed(`${model}.train_step`, training('ms')),
    ...peak(`${model}.train`, training('peak_mb')),
  ];
}

/** Encoder plus decoder; the 8-bit variant has the decoder of the original model. */
function session(model: string, encoder: readonly number[], decoder: readonly number[]): Entry[] {
  if (encoder.length === 0 || decoder.length === 0) return [];
  return [{ name: `${model}.session_ms`, value: least(encoder) + least(decoder), unit: 'ms' }];
}

function references(results: Results): Entry[] {
  return REFERENCES.flatMap((how) => {
    const name = `reference.${how}`;
    const encoder = (number: string) => values(results, 'encoders', `${name}.encode`, number);
    const training = (number: string) => values(results, 'training', `${name}.train`, number);
    return [
      ...timed(`${name}.encode`, encoder('ms')),
      ...peak(`${name}.encode`, encoder('peak_mb')),
      ...timed(`${name}.decode`, values(results, 'decoders', `${name}.decode`, 'ms')),
      ...timed(`${name}.train_step`, training('ms')),
      ...peak(`${name}.train`, training('peak_mb')),
    ];
  });
}

function ratios(results: Results): Entry[] {
  return RATIOS.flatMap(({ name, phase, slow, fast }): Entry[] => {
    const [above, below] = [values(results, phase, slow, 'ms'), values(results, phase, fast, 'ms')];
    if (above.length === 0 || below.length === 0) return [];
    return [
      { name: `ratio.${name}`, value: least(above) / least(below), unit: '1' },
      { name: `ratio.${name}_median`, value: median(above) / median(below), unit: '1' },
    ];
  });
}

/** The training memory of SAMUS divided by that of training all of SAM; 28 % in the paper. */
function trainingMemory(results: Results): Entry[] {
  const samus = values(results, 'training', 'samus_b.train', 'peak_mb');
  const sam = values(results, 'whole training', 'sam_b.train', 'peak_mb');
  if (samus.length === 0 || sam.length === 0) return [];
  const value = Math.max(...samus) / Math.max(...sam);
  return [{ name: 'ratio.samus_b_to_sam_b.train_peak', value, unit: '1' }];
}

/** The annotator: a first visit, its engine in a browser, and the server. */
function page(results: Results): Entry[] {
  const numbers = (name: string) => values(results, 'page', 'page', name);
  const first = numbers('first_mask_ms');
  const loads = ['first_load_mb', 'later_load_mb'] as const;
  return [
    // A user waits for one start, not for the best of several, so the slowest counts.
    ...(first.length === 0 ? [] : [{ name: 'page.first_mask_ms', value: Math.max(...first), unit: 'ms' } as const]),
    ...first.map((value, i): Entry => ({ name: `page.first_mask_start_${i + 1}_ms`, value, unit: 'ms' })),
    ...loads.flatMap((name): Entry[] =>
      numbers(name).length === 0 ? [] : [{ name: `page.${name}`, value: Math.max(...numbers(name)), unit: 'MB' }],
    ),
    ...timed('page.encode', numbers('ms')),
    ...timed('page.decode', numbers('decode_ms')),
    ...timed('server.encode', numbers('server_encode_ms')),
    ...timed('server.decode', numbers('server_decode_ms')),
  ];
}

function timed(name: string, ms: readonly number[]): Entry[] {
  if (ms.length === 0) return [];
  return [
    { name: `${name}_ms`, value: least(ms), unit: 'ms' },
    { name: `${name}_median_ms`, value: median(ms), unit: 'ms' },
  ];
}

function peak(name: string, mb: readonly number[]): Entry[] {
  return mb.length === 0 ? [] : [{ name: `${name}_peak_mb`, value: Math.max(...mb), unit: 'MB' }];
}

function least(list: readonly number[]): number {
  return Math.min(...list);
}

/** @returns NaN for an empty list */
function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
