import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvLine, splitCsv } from './csv.js';

it('splits rows and quoted fields, with line numbers', () => {
  const text = 'a,b\r\n\r\n"x, ""y""\nz",2\n 3 ,"4"\n';
  expect(splitCsv(text)).toEqual([
    { line: 1, fields: ['a', 'b'] },
    { line: 3, fields: ['x, "y"\nz', '2'] },
    { line: 5, fields: [' 3 ', '4'] },
  ]);
});

it('returns nothing for an empty text', () => {
  expect(splitCsv('')).toEqual([]);
  expect(splitCsv('\n\n  \n')).toEqual([]);
});

it('reads back any quoted fields', () => {
  const field = fc.string();
  const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 5 }), { maxLength: 5 });
  fc.assert(
    fc.property(rows, (table) => {
      const text = table.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join('\n');
      expect(splitCsv(text).map(({ fields }) => fields)).toEqual(table);
    }),
  );
});

it('writes lines that read back', () => {
  expect(csvLine(['a', 'b "c", d', 2.5, null, undefined, true])).toBe('a,"b ""c"", d",2.5,,,true');
  // Blanks before a quote do not count, so such a field is no round trip.
  const field = fc.string().filter((text) => !/^[ \t]/.test(text));
  fc.assert(
    fc.property(fc.array(field, { minLength: 2, maxLength: 5 }), (fields) => {
      expect(splitCsv(csvLine(fields)).map((row) => row.fields)).toEqual([fields]);
    }),
  );
});
