/**
 * The work of `samus data table`.
 */
import { openDataset } from '../data/dataset.node.js';
import { type TableRow, tableOfDataset } from '../data/tableDataset.node.js';
import { Progress } from './progress.js';
import type { Outcome } from './run.js';

const USUAL_LISTS = ['train', 'val', 'test'];

/** The table of a folder of datasets, as Markdown. @throws SamusError what reading lists and labels throws */
export async function tableData(root: string, wanted?: readonly string[]): Promise<Outcome> {
  const data = await openDataset(root);
  const there = await data.listNames();
  const lists = wanted ?? USUAL_LISTS.filter((list) => there.includes(list));
  const progress = new Progress('reading labels');
  try {
    const onProgress = (done: number, total: number, image: string): void =>
      progress.update(done, `${done + 1} of ${total}, ${image}`);
    const rows = await tableOfDataset(data, { lists, onProgress });
    return {
      document: { lists, rows: rows.map((row) => ({ ...row, sizes: { ...row.sizes } })) },
      lines: markdown(rows, lists),
    };
  } finally {
    progress.end();
  }
}

function markdown(rows: readonly TableRow[], lists: readonly string[]): string[] {
  const cells = [
    ['dataset', 'object', 'images', ...lists, 'patients', 'area', 'size'],
    ...rows.map((row) => [
      row.dataset,
      `${row.class} ${row.className}`,
      String(row.images),
      ...lists.map((list) => String(row.lists[list] ?? 0)),
      row.patients === null ? '–' : String(row.patients),
      `${(100 * row.area).toFixed(1)} %`,
      sizes(row),
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  const lines = cells.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines;
}

function sizes({ sizes: { least, most } }: TableRow): string {
  const [a, b] = [least.join('x'), most.join('x')];
  return a === b ? a : `${a} to ${b}`;
}
