/**
 * Tables as Markdown, LaTeX (with booktabs) and CSV.
 */
import { csvLine } from '../formats/csv.js';

/** Cells are plain text; the first column holds names, the others are aligned to the right. */
export interface Table {
  readonly caption: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function markdownTable({ caption, header, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = `|${header.map((_, i) => (i === 0 ? ' --- |' : ' ---: |')).join('')}`;
  return [`**${caption}**`, '', line(header), rule, ...rows.map(line)].join('\n');
}

export function latexTable({ caption, header, rows }: Table): string {
  const line = (cells: readonly string[]): string => `    ${cells.map(latexText).join(' & ')} \\\\`;
  return [
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${latexText(caption)}}`,
    `  \\begin{tabular}{l${'r'.repeat(header.length - 1)}}`,
    '    \\toprule',
    line(header),
    '    \\midrule',
    ...rows.map(line),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
  ].join('\n');
}

const LATEX: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '–': '--',
  '⁻': '$^-$',
  '×': '$\\times$',
};

function latexText(text: string): string {
  return text.replace(/[\\~^±–⁻×]|[&%$#_{}]/g, (char) => LATEX[char] ?? `\\${char}`);
}

/** RFC 4180, with the names of the fields first. */
export function csvTable(records: readonly Readonly<Record<string, string | number | boolean | null>>[]): string {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return `${[csvLine(names), ...records.map((record) => csvLine(names.map((name) => record[name])))].join('\r\n')}\r\n`;
}
