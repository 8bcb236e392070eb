import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, itemsOf, numberOf, numbersOf, shortOf, textOf } from './dataSet.js';
import { readDicomFile } from './dicomFile.js';

const u16 = (value: number): number[] => [value & 255, value >> 8];
const u32 = (value: number): number[] => [...u16(value % 0x10000), ...u16(Math.floor(value / 0x10000))];
const letters = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
const tagOf = (tag: number): number[] => [...u16(Math.floor(tag / 0x10000)), ...u16(tag % 0x10000)];

/** An element in explicit little endian. */
function element(tag: number, vr: string, value: readonly number[], length = value.length): number[] {
  const long = ['OB', 'OW', 'OV', 'SQ', 'UN', 'UT', 'UV', 'SV'].includes(vr);
  return [...tagOf(tag), ...letters(vr), ...(long ? [0, 0, ...u32(length)] : u16(length)), ...value];
}

const item = (content: readonly number[], length = content.length): number[] => [
  ...tagOf(0xfffee000),
  ...u32(length),
  ...content,
];
const ITEM_END = [...tagOf(0xfffee00d), ...u32(0)];
const SEQUENCE_END = [...tagOf(0xfffee0dd), ...u32(0)];
const OPEN = 0xffffffff;

const META = [...new Array<number>(128).fill(0), ...letters('DICM')];
/** A file in explicit little endian whose group length is wrong, as files of scanners have it. */
const file = (...elements: readonly number[][]): Uint8Array =>
  Uint8Array.from([
    ...META,
    ...element(0x00020000, 'UL', u32(4)),
    ...element(0x00020010, 'UI', letters('1.2.840.10008.1.2.1\0')),
    ...elements.flat(),
  ]);
const rows = (value: number): number[] => element(0x00280010, 'US', u16(value));

describe('a DICOM file is read', () => {
  it('whatever its group length says', async () => {
    const { data, transferSyntax } = await readDicomFile(file(rows(48), element(0x00180040, 'IS', letters('25 '))));
    expect(transferSyntax).toBe('1.2.840.10008.1.2.1');
    expect([shortOf(data, 0x00280010), numberOf(data, 0x00180040)]).toEqual([48, 25]);
  });

  it('without a header: explicit or implicit by its first element', async () => {
    const explicit = await readDicomFile(Uint8Array.from([...element(0x00080060, 'CS', letters('US')), ...rows(7)]));
    expect([textOf(explicit.data, 0x00080060), shortOf(explicit.data, 0x00280010)]).toEqual(['US', 7]);
    const implicit = [
      ...tagOf(0x00280010),
      ...u32(2),
      ...u16(9),
      ...tagOf(0x00280030),
      ...u32(8),
      ...letters('0.5\\0.25'),
    ];
    const { data, transferSyntax } = await readDicomFile(Uint8Array.from(implicit));
    expect(transferSyntax).toBe('1.2.840.10008.1.2');
    expect([shortOf(data, 0x00280010), numbersOf(data, 0x00280030)]).toEqual([9, [0.5, 0.25]]);
  });

  it('with sequences of any length, delimiters to spare and unknown representations', async () => {
    const delta = element(0x0018602c, 'FD', [0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
    const implicit = [...tagOf(0x00186012), ...u32(2), ...u16(1)];
    const { data } = await readDicomFile(
      file(
        element(0x00186011, 'SQ', [...item([...delta, ...ITEM_END], OPEN), ...item(delta), ...SEQUENCE_END], OPEN),
        SEQUENCE_END,
        element(0x00081140, 'UN', [...item(implicit, OPEN), ...ITEM_END, ...SEQUENCE_END], OPEN),
        element(0x00091001, 'SQ', [...item(rows(1), OPEN), ...ITEM_END, ...SEQUENCE_END], OPEN),
        rows(5),
      ),
    );
    expect(itemsOf(data, 0x00186011).map((region) => numberOf(region, 0x0018602c))).toEqual([0.5, 0.5]);
    expect(itemsOf(data, 0x00081140).map((region) => shortOf(region, 0x00186012))).toEqual([1]);
    expect([data.has(0x00091001), shortOf(data, 0x00280010)]).toEqual([false, 5]);
  });

  it('in big endian, with values in little endian', async () => {
    const big = [...[0x00, 0x28, 0x00, 0x10], ...letters('US'), ...[0, 2], ...[1, 2]];
    const meta = [...META, ...element(0x00020010, 'UI', letters('1.2.840.10008.1.2.2\0'))];
    const { data } = await readDicomFile(Uint8Array.from([...meta, ...big]));
    expect(shortOf(data, 0x00280010)).toBe(0x0102);
  });

  it('deflated, with padding behind the end', async () => {
    const meta = [...META, ...element(0x00020010, 'UI', letters('1.2.840.10008.1.2.1.99'))];
    const { data } = await readDicomFile(Uint8Array.from([...meta, ...deflateRawSync(Uint8Array.from(rows(33))), 0]));
    expect(shortOf(data, 0x00280010)).toBe(33);
  });

  it('with fragments, and with native pixels that are cut off', async () => {
    const fragments = [...item([]), ...item([1, 2]), ...item([3, 4]), ...SEQUENCE_END, ...SEQUENCE_END];
    const encapsulated = await readDicomFile(file(element(0x7fe00010, 'OB', fragments, OPEN)));
    expect(encapsulated.pixels?.content).toEqual([new Uint8Array(), Uint8Array.of(1, 2), Uint8Array.of(3, 4)]);
    const cut = await readDicomFile(file(element(0x7fe00010, 'OW', [1, 2, 3], 400)));
    expect(cut.pixels).toEqual({ content: Uint8Array.of(1, 2, 3), truncated: true, stated: 400 });
  });
});

describe('a DICOM file is refused', () => {
  const refused = (bytes: Uint8Array) => readDicomFile(bytes).then((found) => shortOf(found.data, 0x00280010));
  const nested = (depth: number): number[] =>
    depth === 0 ? [] : element(0x00081140, 'SQ', item(nested(depth - 1), OPEN), OPEN);

  it.each([
    ['a value beyond the end', file(element(0x00100010, 'PN', [65, 65], 400)), 'DICOM_CORRUPT'],
    ['a sequence that does not end', file(element(0x00081140, 'SQ', item(rows(1), OPEN), OPEN)), 'DICOM_CORRUPT'],
    ['rows of four bytes', file(element(0x00280010, 'UL', u32(4))), 'DICOM_CORRUPT'],
    ['sequences in sequences', file(nested(40)), 'DICOM_LIMIT'],
  ])('for %s', async (_, bytes, code) => {
    await expect(refused(bytes)).rejects.toMatchObject({ code });
  });

  it('for a million empty items, and for a deflated bomb', async () => {
    const items = new Uint8Array(8e6);
    for (let i = 0; i < items.length; i += 8) items.set(item([]), i);
    const head = file(element(0x00081140, 'SQ', [], OPEN));
    const bytes = new Uint8Array(head.length + items.length);
    bytes.set(head);
    bytes.set(items, head.length);
    await expect(refused(bytes)).rejects.toMatchObject({ code: 'DICOM_LIMIT' });
    const meta = [...META, ...element(0x00020010, 'UI', letters('1.2.840.10008.1.2.1.99'))];
    const bomb = Buffer.concat([Uint8Array.from(meta), deflateRawSync(Buffer.alloc(40e6))]);
    await expect(refused(bomb)).rejects.toMatchObject({ code: 'DICOM_LIMIT' });
  });

  it('without text of the file in the message', async () => {
    const error = await refused(file(element(0x00100010, 'PN', letters('Phantom^Samus'), 4000))).catch((e) => e);
    expect(error.message).toBe('expected 4000 bytes of (0010,0010), got 13');
  });
});

it('keeps the bytes of text as they are', async () => {
  const { data } = await readDicomFile(file(element(0x00100020, 'LO', letters('A1 '))));
  expect(bytesOf(data, 0x00100020)).toEqual(Uint8Array.from(letters('A1 ')));
});
