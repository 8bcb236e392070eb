/**
 * The tables and figures that can be reproduced, as data: which systems each compares, how they are asked, and how the
 * result is drawn.
 */
import { SamusError } from '../errors.js';
import type { GROUPS } from './systems.js';

/** How a model is asked. */
export interface Asked {
  readonly id: string;
  readonly title: string;
  /** Options of `samus evaluate`. */
  readonly args: readonly string[];
}

/** One click in the middle of the object's pixels, as published. */
export const CLICK: Asked = { id: 'point', title: 'one click', args: ['--prompt', 'point'] };
/** Nothing: for networks that give a map of classes. */
export const NOTHING: Asked = { id: 'none', title: 'no prompt', args: ['--prompt', 'none'] };

/** The box of the object. */
export const BOX: Asked = { id: 'box', title: 'box', args: ['--prompt', 'box'] };

const at = (mode: string, title: string): Asked => ({
  id: mode,
  title,
  args: ['--prompt', 'point', '--click-mode', mode],
});
const points = (count: number): Asked => ({
  id: `points${count}`,
  title: `${count} clicks`,
  args: ['--prompt', `points:${count}`],
});

/** The paper's prompts: a single click at three positions, more clicks, and a box. */
const PROMPTS: readonly Asked[] = [
  CLICK,
  at('centre', 'one click, farthest from the border'),
  at('border', 'one click, at the border'),
  points(2),
  points(3),
  points(5),
  points(10),
  BOX,
];

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** Its place in the first and the second version of arXiv:2309.06824. */
  readonly source: string;
  readonly group?: keyof typeof GROUPS;
  /** Default: a click, or nothing for networks that take none. */
  readonly asked?: readonly Asked[];
  readonly drawn: 'datasets' | 'dice' | 'seen-unseen' | 'efficiency' | 'panels';
  /** Whether the paper trains each system on each dataset by itself. */
  readonly each?: boolean;
}

export const EXPERIMENTS: readonly Experiment[] = [
  { name: 'table1', title: 'Datasets and splits', source: 'v1 Table 1; v2 supplement', drawn: 'datasets' },
  {
    name: 'table2',
    title: 'SAMUS and networks for one task',
    source: 'v1 Table 2; v2 Figure 3',
    group: 'specialists',
    drawn: 'dice',
    each: true,
  },
  {
    name: 'table3',
    title: 'Foundation models',
    source: 'v1 Table 3; v2 Table 1',
    group: 'foundation',
    drawn: 'dice',
  },
  { name: 'table4', title: 'Parts of SAMUS', source: 'v1 Table 4; v2 Table 4', group: 'ablations', drawn: 'dice' },
  {
    name: 'table5',
    title: 'Prompts of SAMUS',
    source: 'v1 Table 5; not in v2',
    group: 'prompts',
    asked: PROMPTS,
    drawn: 'dice',
  },
  {
    name: 'figure3',
    title: 'Segmentations of SAMUS and networks for one task',
    source: 'v1 Figure 3',
    group: 'specialists',
    drawn: 'panels',
  },
  {
    name: 'figure4',
    title: 'Segmentations of foundation models',
    source: 'v1 Figure 4',
    group: 'foundation',
    drawn: 'panels',
  },
  {
    name: 'figure5',
    title: 'Segmentations without parts of SAMUS',
    source: 'v1 Figure 5',
    group: 'ablations',
    drawn: 'panels',
  },
  {
    name: 'figure6',
    title: 'Seen and unseen datasets',
    source: 'v1 Figure 6; v2 Table 2',
    group: 'foundation',
    drawn: 'seen-unseen',
  },
  {
    name: 'figure7',
    title: 'Memory, size, cost, speed, accuracy and generalisation',
    source: 'v1 Figure 7; not in v2',
    group: 'foundation',
    drawn: 'efficiency',
  },
  {
    name: 'autosamus',
    title: 'Segmentation without prompts',
    source: 'v2 Table 3; not in v1',
    group: 'automatic',
    drawn: 'dice',
  },
];

/** @throws SamusError REPRODUCE_NAME */
export function experimentsOf(names: readonly string[]): readonly Experiment[] {
  if (names.includes('all')) return EXPERIMENTS;
  return names.map((name) => {
    const found = EXPERIMENTS.find((experiment) => experiment.name === name);
    if (found) return found;
    const message = `expected a table or figure of the paper, got ${name}`;
    const hint = `choose from ${EXPERIMENTS.map((experiment) => experiment.name).join(', ')}, or all`;
    throw new SamusError('REPRODUCE_NAME', message, hint);
  });
}
