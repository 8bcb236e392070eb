/** Judged by the examples of PS3.5 annexes H to K, and by what pydicom 3.0 decodes of the others. */
import { describe, expect, it } from 'vitest';
import { inUtf8, textIn, textReader } from './characterSets.js';
import type { DataSet, DicomElement } from './dataSet.js';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
const read = (set: string, bytes: Uint8Array): string =>
  textReader(new Map([[0x0008_0005, { vr: 'CS', bytes: latin1(set) }]]))(bytes);
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/g) ?? [], (one) => Number.parseInt(one, 16));

describe('text of DICOM files', () => {
  it.each([
    ['ISO_IR 100', 'Gefäß', 'Gef\xe4\xdf'],
    ['ISO_IR 101', 'Żołądek', '\xafo\xb3\xb1dek'],
    ['ISO_IR 144', 'Люкceмбypг', '\xbb\xee\xdace\xdc\xd1yp\xd3'],
    ['ISO_IR 126', 'Διονυσιος', '\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2'],
    ['ISO_IR 127', 'قباني^لنزار', '\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1'],
    ['ISO_IR 138', 'שרון^דבורה', '\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4'],
    ['ISO_IR 148', 'Çavuşoğlu', '\xc7avu\xfeo\xf0lu'],
    ['ISO_IR 166', 'นามสกุล', '\xb9\xd2\xc1\xca\xa1\xd8\xc5'],
    ['ISO_IR 13', 'ﾔﾏﾀﾞ^ﾀﾛｳ', '\xd4\xcf\xc0\xde^\xc0\xdb\xb3'],
    ['ISO_IR 192', 'Wang^XiaoDong=王^小东', 'Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe4\xb8\x9c'],
    ['GB18030', 'Wang^XiaoDong=王^小东', 'Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab'],
    ['GBK', '小东', '\xd0\xa1\xb6\xab'],
    // PS3.5 H.3.1 and H.3.2
    [
      '\\ISO 2022 IR 87',
      'Yamada^Tarou=山田^太郎=やまだ^たろう',
      'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B',
    ],
    [
      'ISO 2022 IR 13\\ISO 2022 IR 87',
      'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう',
      '\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J',
    ],
    // PS3.5 I.2
    [
      '\\ISO 2022 IR 149',
      'Hong^Gildong=洪^吉洞=홍^길동',
      'Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf',
    ],
    // PS3.5 K.2
    ['\\ISO 2022 IR 58', 'Zhang^XiaoDong=张^小东', 'Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab'],
    ['ISO 2022 IR 100\\ISO 2022 IR 144', 'Gefäß Ж', 'Gef\xe4\xdf \x1b-L\xb6'],
    ['\\ISO 2022 IR 159', '丂', '\x1b$(D0!\x1b(B'],
    // Without the escape sequence, as some devices write it
    ['\\ISO 2022 IR 149', '홍^길동', '\xc8\xab^\xb1\xe6\xb5\xbf'],
    // No set, a wrong one, and bytes that the set does not have
    ['', 'Gefäß', 'Gef\xe4\xdf'],
    ['', 'Gefäß', 'Gef\xc3\xa4\xc3\x9f'],
    ['nothing', 'Gefäß', 'Gef\xe4\xdf'],
    ['ISO_IR 192', 'Gefäß', 'Gef\xe4\xdf'],
  ])('in %s: %s', (set, text, bytes) => {
    expect(read(set, latin1(bytes))).toBe(text);
    expect(read(set, latin1(`${bytes} `))).toBe(text);
  });

  it('in GB18030 may have the byte of a backslash in its characters', () => {
    expect(read('GB18030', hex('815c41'))).toBe('乗A'.replace('乗', new TextDecoder('gb18030').decode(hex('815c'))));
    expect(read('GB18030', hex('815c'))).toHaveLength(1);
  });

  it('becomes UTF-8, also in items, which may have a set of their own', () => {
    const text = (bytes: string): DicomElement => ({ vr: 'LO', bytes: latin1(bytes) });
    const own: DataSet = new Map([
      [0x0008_0005, { vr: 'CS', bytes: latin1('ISO_IR 144') }],
      [0x0008_1030, text('\xbb')],
    ]);
    const sequence: DicomElement = { vr: 'SQ', items: [own, new Map([[0x0008_1030, text('\xe4')]])] };
    const reader = textReader(new Map([[0x0008_0005, { vr: 'CS', bytes: latin1('ISO_IR 100') }]]));
    const found = inUtf8(sequence, reader);
    const utf8 = textReader(new Map([[0x0008_0005, { vr: 'CS', bytes: latin1('ISO_IR 192') }]]));
    expect(found.vr === 'SQ' && found.items.map((item) => [item.size, textIn(item, 0x0008_1030, utf8)])).toEqual([
      [1, 'Л'],
      [1, 'ä'],
    ]);
    const code: DicomElement = { vr: 'UI', bytes: latin1('\xe4') };
    expect(inUtf8(code, reader)).toBe(code);
  });
});
