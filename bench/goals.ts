/**
 * The project's goals on a machine with two cores, and whether a measurement reaches them.
 */
import type { Entry } from './report.js';

interface Goal {
  readonly name: string;
  readonly text: string;
  readonly limit: number;
  /** Whether the limit is a minimum or a maximum. */
  readonly side: 'least' | 'most';
}

export interface Verdict extends Goal {
  readonly value: number;
  readonly reached: boolean;
}

/** Peak memory of a training step of the published code, used if the run does not measure it. */
const PUBLISHED_TRAIN_MB = 3100;
const MEASURED_TRAIN_MB = 'reference.torch_fp32.train_peak_mb';

/** Later loads transfer only headers: the page asks whether it and its model are up to date. */
const QUESTIONS_MB = 0.02;

const GOALS: readonly Goal[] = [
  { name: 'samus_b.gemm_share', text: "share of the matrix-product rate, SAMUS's encoder", limit: 0.9, side: 'least' },
  { name: 'ratio.torch_fp32_to_samus_b.encode', text: 'times as fast as PyTorch, float32', limit: 1.6, side: 'least' },
  {
    name: 'ratio.onnx_export_to_samus_b.encode',
    text: 'times as fast as the plain export',
    limit: 1.15,
    side: 'least',
  },
  {
    name: 'ratio.torch_bf16_to_samus_b_int8.encode',
    text: 'times as fast in int8 as PyTorch in bf16 (the aim is 1.8)',
    limit: 1.3,
    side: 'least',
  },
  { name: 'samus_b.decode_ms', text: 'ms for one click', limit: 15, side: 'most' },
  { name: 'ratio.samus_b.train_to_encode', text: 'encoder times for a training step', limit: 3, side: 'most' },
  {
    name: 'ratio.torch_fp32_to_samus_b.train',
    text: 'times as fast at training as PyTorch',
    limit: 1.6,
    side: 'least',
  },
  {
    name: 'samus_b.train_peak_mb',
    text: 'MB for training, less than PyTorch takes',
    limit: PUBLISHED_TRAIN_MB,
    side: 'most',
  },
  {
    name: 'ratio.samus_b_to_sam_b.train_peak',
    text: "of SAM's memory for training SAMUS, as in the paper",
    limit: 0.28,
    side: 'most',
  },
  { name: 'server.encode_ms', text: 'ms for an image on the server, samus-s', limit: 60, side: 'most' },
  { name: 'server.decode_ms', text: 'ms for a click on the server', limit: 8, side: 'most' },
  { name: 'page.encode_ms', text: 'ms for an image in the browser, samus-s on WebAssembly', limit: 400, side: 'most' },
  { name: 'page.decode_ms', text: 'ms for a click in the browser', limit: 60, side: 'most' },
  {
    name: 'page.first_mask_ms',
    text: 'ms from the start of the server to the first mask on the page, slowest start',
    limit: 10_000,
    side: 'most',
  },
  { name: 'page.first_load_mb', text: 'MB for the first load of the page', limit: 40, side: 'most' },
  {
    name: 'page.later_load_mb',
    text: 'MB for a later one: questions whether anything has changed, and nothing else',
    limit: QUESTIONS_MB,
    side: 'most',
  },
];

/** The goals that have a measured number. */
export function verdicts(entries: readonly Entry[]): Verdict[] {
  const values = new Map(entries.map(({ name, value }) => [name, value]));
  return GOALS.flatMap((stated): Verdict[] => {
    const value = values.get(stated.name);
    const limit = stated.name === 'samus_b.train_peak_mb' ? values.get(MEASURED_TRAIN_MB) : undefined;
    const goal = { ...stated, limit: limit ?? stated.limit };
    if (value === undefined) return [];
    return [{ ...goal, value, reached: goal.side === 'least' ? value >= goal.limit : value <= goal.limit }];
  });
}
