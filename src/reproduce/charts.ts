/**
 * Charts for a paper, described as Vega-Lite specifications and drawn by Vega-Lite.
 */
import sharp from 'sharp';
import type { TopLevelSpec } from 'vega-lite';
import type { Row } from './results.js';
import { columnTitle, type Efficiency, lineTitle } from './resultTables.js';
import type { SurveyedDataset } from './survey.js';

/** Colours that colour-blind readers can distinguish, also in print (Okabe and Ito). */
const SEEN = { domain: ['seen', 'unseen'], range: ['#0072b2', '#d55e00'] };
const DICE = {
  field: 'dice' as const,
  type: 'quantitative' as const,
  title: 'Dice',
  scale: { domain: [0, 1] },
};
/** Pixels of a PNG for each of an SVG: 300 dots per inch for a figure two columns wide. */
const DENSITY = 2;

/** What all charts look like. */
const STYLE = {
  background: '#ffffff',
  config: {
    font: 'sans-serif',
    view: { stroke: '#bbbbbb' },
    axis: { grid: true, gridColor: '#eeeeee', labelLimit: 260 },
  },
};

/** The SVG of a chart. */
export async function drawChart(spec: TopLevelSpec): Promise<string> {
  // Only a command that draws loads them.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

/** The PNG of an SVG. */
export function drawPng(svg: string): Promise<Buffer> {
  return sharp(Buffer.from(svg), { density: 72 * DENSITY })
    .flatten({ background: '#ffffff' })
    .png()
    .toBuffer();
}

/** Mean Dice with its interval, a small chart for each dataset and class; the paper's value is a tick. */
export function diceChart(rows: readonly Row[]): TopLevelSpec {
  const values = rows.map((row) => ({
    system: lineTitle(row, rows),
    dataset: columnTitle(row, rows),
    role: row.seen ? 'seen' : 'unseen',
    dice: row.dice.mean,
    low: row.dice.ci95?.[0] ?? row.dice.mean,
    high: row.dice.ci95?.[1] ?? row.dice.mean,
    paper: row.paper?.dice ?? null,
  }));
  const systems = [...new Set(values.map(({ system }) => system))];
  const y = { field: 'system', type: 'nominal', sort: systems, title: null } as const;
  const color = { field: 'role', type: 'nominal', scale: SEEN, title: null } as const;
  return {
    ...STYLE,
    data: { values },
    facet: { field: 'dataset', type: 'nominal', title: null, sort: [...new Set(values.map(({ dataset }) => dataset))] },
    columns: 3,
    spec: {
      width: 180,
      height: { step: 16 },
      layer: [
        {
          mark: { type: 'rule' },
          encoding: { y, color, x: { field: 'low', type: 'quantitative', title: 'Dice' }, x2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, size: 40 }, encoding: { y, color, x: DICE } },
        {
          transform: [{ filter: 'datum.paper !== null' }],
          mark: { type: 'tick', thickness: 2, color: '#000000' },
          encoding: { y, x: { field: 'paper', type: 'quantitative', title: 'Dice' } },
        },
      ],
    },
  };
}

/** Seen beside unseen: a bar for each system and dataset. */
export function seenUnseenChart(rows: readonly Row[]): TopLevelSpec {
  const values = rows.map((row) => ({
    system: lineTitle(row, rows),
    dataset: columnTitle(row, rows),
    role: row.seen ? 'seen' : 'unseen',
    dice: row.dice.mean,
  }));
  return {
    ...STYLE,
    data: { values },
    mark: { type: 'bar' },
    width: { step: 14 },
    height: 220,
    encoding: {
      x: { field: 'dataset', type: 'nominal', title: null, sort: { field: 'role' }, axis: { labelAngle: -40 } },
      xOffset: { field: 'system', type: 'nominal', sort: [...new Set(values.map(({ system }) => system))] },
      y: DICE,
      color: { field: 'system', type: 'nominal', title: null, sort: [...new Set(values.map(({ system }) => system))] },
      column: { field: 'role', type: 'nominal', title: null },
    },
    resolve: { scale: { x: 'independent' } },
  };
}

const COSTS = [
  ['parameters_m', 'parameters (millions)'],
  ['gflop', 'GFLOP per image'],
  ['train_peak_mb', 'training memory (MB)'],
  ['answer_ms', 'answer (ms)'],
] as const;

/** What accuracy on seen and unseen datasets costs. */
export function efficiencyChart(systems: readonly Efficiency[]): TopLevelSpec {
  const values = systems.flatMap(({ parameters, ...one }) =>
    (['seen', 'unseen'] as const).flatMap((role) => {
      const dice = role === 'seen' ? one.dice_seen : one.dice_unseen;
      return dice === null ? [] : [{ ...one, parameters_m: parameters / 1e6, role, dice }];
    }),
  );
  return {
    ...STYLE,
    data: { values },
    columns: 2,
    concat: COSTS.map(([field, title]) => ({
      width: 240,
      height: 180,
      transform: [{ filter: `datum.${field} !== null` }],
      mark: { type: 'point' as const, filled: true, size: 70 },
      encoding: {
        x: { field, type: 'quantitative' as const, title, scale: { type: 'log' as const } },
        y: DICE,
        color: { field: 'title', type: 'nominal' as const, title: null, sort: systems.map((one) => one.title) },
        shape: {
          field: 'role',
          type: 'nominal' as const,
          title: null,
          scale: { domain: SEEN.domain, range: ['circle', 'triangle'] },
        },
      },
    })),
  };
}

/** Samples of each dataset and split. */
export function datasetChart(datasets: readonly SurveyedDataset[]): TopLevelSpec {
  const values = datasets.flatMap(({ name, samples }) =>
    Object.entries(samples).map(([split, count]) => ({ name, split, count })),
  );
  return {
    ...STYLE,
    data: { values },
    mark: { type: 'bar' },
    width: 320,
    height: { step: 18 },
    encoding: {
      y: { field: 'name', type: 'nominal', title: null },
      x: { field: 'count', type: 'quantitative', title: 'samples' },
      color: { field: 'split', type: 'nominal', title: null, sort: ['train', 'val', 'test'] },
    },
  };
}
