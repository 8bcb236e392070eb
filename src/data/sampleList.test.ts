import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVERY_CLASS, SampleList, sampleOrigin } from './sampleList.js';

const parse = (text: string) => [...SampleList.parse([{ name: 'l', text }])];
const coded = (code: string) => expect.objectContaining({ code });

describe('lists', () => {
  it('hold lines with and without a class', () => {
    expect(parse('1/Breast-BUSI/benign0001\nBreast-UDIAT/000001\n3/Echo-CAMUS/0055_2CH_000')).toEqual([
      { dataset: 'Breast-BUSI', name: 'benign0001', classId: 1, list: 'l', line: 1 },
      { dataset: 'Breast-UDIAT', name: '000001', classId: EVERY_CLASS, list: 'l', line: 2 },
      { dataset: 'Echo-CAMUS', name: '0055_2CH_000', classId: 3, list: 'l', line: 3 },
    ]);
  });

  it('may have Windows line ends, a byte order mark, empty lines and blanks around', () => {
    const samples = parse('\ufeff1/A/x\r\n\r\n  2/A/y z \t\r\n');
    expect(samples.map(({ classId, name, line }) => [classId, name, line])).toEqual([
      [1, 'x', 1],
      [2, 'y z', 3],
    ]);
  });

  it('keep spaces and slashes of names', () => {
    expect(parse('1/Artery-CCA/EM VASCULAR_slice_525')[0]).toMatchObject({ name: 'EM VASCULAR_slice_525' });
    expect(parse('1/A/sub/name')[0]).toMatchObject({ dataset: 'A', name: 'sub/name', classId: 1 });
    expect(parse('A/sub/name')[0]).toMatchObject({ dataset: 'A', name: 'sub/name', classId: EVERY_CLASS });
    // Two parts are a dataset and a name, even where the first looks like a class.
    expect(parse('12/name')[0]).toMatchObject({ dataset: '12', name: 'name', classId: EVERY_CLASS });
  });

  it('are read one after the other, each line known by its own list', () => {
    const list = SampleList.parse([
      { name: 'a', text: '1/A/x\n1/B/y\n' },
      { name: 'b', text: '\n2/B/z' },
    ]);
    expect(list.length).toBe(3);
    expect(list.datasets).toEqual(['A', 'B']);
    expect(list.at(2)).toEqual({ dataset: 'B', name: 'z', classId: 2, list: 'b', line: 2 });
    expect(sampleOrigin(list.at(2))).toBe('B/z (list b, line 2)');
  });

  it.each([
    ['', 'DATA_LIST_EMPTY'],
    ['\n \r\n', 'DATA_LIST_EMPTY'],
    ['name', 'DATA_LIST_LINE'],
    ['1//x', 'DATA_LIST_LINE'],
    ['1/A/', 'DATA_LIST_LINE'],
    ['1/../x', 'DATA_LIST_LINE'],
    ['1/A/../../etc', 'DATA_LIST_LINE'],
    ['1/A/..\\x', 'DATA_LIST_LINE'],
    ['0/A/x', 'DATA_CLASS_RANGE'],
    ['256/A/x', 'DATA_CLASS_RANGE'],
  ])('%j is refused', (text, code) => {
    expect(() => parse(text)).toThrow(coded(code));
  });

  it('one empty list among several is refused by its name', () => {
    const lists = [
      { name: 'a', text: '1/A/x' },
      { name: 'b', text: '' },
    ];
    expect(() => SampleList.parse(lists)).toThrow(expect.objectContaining({ details: { list: 'b' } }));
  });

  it('give back what was written, whatever the names', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_()ä-]([A-Za-z0-9 _.()ä-]{0,20}[A-Za-z0-9])?$/);
    const sample = fc.record({ classId: fc.integer({ min: 1, max: 255 }), dataset: name, name });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 20 }), fc.constantFrom('\n', '\r\n'), (samples, end) => {
        const text = samples.map((one) => `${one.classId}/${one.dataset}/${one.name}`).join(end);
        expect(parse(text)).toEqual(samples.map((one, i) => ({ ...one, list: 'l', line: i + 1 })));
      }),
    );
  });

  it('can be selected from, with other classes', () => {
    const list = SampleList.parse([{ name: 'l', text: '1/A/x\n1/B/y\n1/A/z' }]);
    expect([...list.select([2, 0, 0], [3, 1, 2])].map(({ name, classId }) => [name, classId])).toEqual([
      ['z', 3],
      ['x', 1],
      ['x', 2],
    ]);
    expect([...list.select([1])].map(({ name, classId }) => [name, classId])).toEqual([['y', 1]]);
    expect(() => list.at(3)).toThrow(RangeError);
  });

  it('can give their datasets one name', () => {
    const list = SampleList.parse([{ name: 'l', text: '1/A/x\n1/B/y\n1/C/z' }]);
    const renamed = list.renameDatasets((dataset) => (dataset === 'B' ? 'C' : dataset));
    expect(renamed.datasets).toEqual(['A', 'C']);
    expect([...renamed].map(({ dataset }) => dataset)).toEqual(['A', 'C', 'C']);
  });
});
