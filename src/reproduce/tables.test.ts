import { expect, it } from 'vitest';
import { splitCsv } from '../formats/csv.js';
import { csvTable, latexTable, markdownTable } from './tables.js';

const TABLE = {
  caption: 'Dice, 95 % interval',
  header: ['', 'A_1'],
  rows: [
    ['AutoSAMUS⁻', '0.5 ± 0.1'],
    ['a|b', '{x}'],
  ],
};

it('writes Markdown', () => {
  expect(markdownTable(TABLE).split('\n')).toEqual([
    '**Dice, 95 % interval**',
    '',
    '|  | A_1 |',
    '| --- | ---: |',
    '| AutoSAMUS⁻ | 0.5 ± 0.1 |',
    '| a\\|b | {x} |',
  ]);
});

it('writes LaTeX with its special characters escaped', () => {
  const tex = latexTable(TABLE);
  expect(tex).toContain('\\caption{Dice, 95 \\% interval}');
  expect(tex).toContain(' & A\\_1 \\\\');
  expect(tex).toContain('AutoSAMUS$^-$ & 0.5 $\\pm$ 0.1 \\\\');
  expect(tex).toContain('a|b & \\{x\\} \\\\');
});

it('writes CSV that reads back', () => {
  const text = csvTable([
    { model: 'a,"b"', dice: 0.5 },
    { model: 'c', dice: null, seen: true },
  ]);
  expect(splitCsv(text).map(({ fields }) => fields)).toEqual([
    ['model', 'dice', 'seen'],
    ['a,"b"', '0.5', ''],
    ['c', '', 'true'],
  ]);
});
