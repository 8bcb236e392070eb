/**
 * A table of a report from columns, and what many tables have in common.
 */
import { escapeText, formatNumber } from '../../formats/svg.js';
import type { GroupSummary } from '../summary.js';

/** A column: its head, what it means (shown on hover), and its cell, which is HTML. */
export interface Column<Row> {
  readonly head: string;
  readonly hint?: string;
  readonly text?: boolean;
  readonly cell: (row: Row) => string;
}

/** HTML of a table; rows with `total` stand out. */
export function table<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const kind = (column: Column<Row>): string => (column.text ? ' class="text"' : '');
  const head = columns.map(
    (column) =>
      `<th${kind(column)}${column.hint ? ` title="${escapeText(column.hint)}"` : ''}>${escapeText(column.head)}</th>`,
  );
  const body = rows.map((row) => {
    const total = 'total' in row && row.total === true ? ' class="total"' : '';
    return `<tr${total}>${columns.map((column) => `<td${kind(column)}>${column.cell(row)}</td>`).join('')}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

/** How the rows of a group are called. */
export function groupName({ dataset, className }: Pick<GroupSummary, 'dataset' | 'className'>): string {
  return `${dataset} · ${className}`;
}

/** Columns of model, where there are several, and dataset with class. */
export function groupColumns<Row extends { readonly model: string; readonly group: GroupSummary }>(
  named: boolean,
): Column<Row>[] {
  return [
    ...(named ? [{ head: 'Model', text: true, cell: ({ model }: Row) => escapeText(model) }] : []),
    { head: 'Dataset', text: true, cell: ({ group }) => escapeText(groupName(group)) },
  ];
}

/** Lower and upper end of a 95 % interval. */
export function intervalText({ ci95 }: { readonly ci95?: readonly [number, number] }, digits: number): string {
  return ci95 ? `${formatNumber(ci95[0], digits)} – ${formatNumber(ci95[1], digits)}` : '–';
}

/** A p-value or a probability, as HTML. */
export function pText(p: number | undefined): string {
  return p === undefined ? '–' : p < 0.001 ? '&lt; 0.001' : formatNumber(p, 3);
}
