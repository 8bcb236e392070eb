import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundaryOf, onePartBody, onlyPart } from './multipart.js';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

async function* pieces(content: Uint8Array, sizes: readonly number[]) {
  for (let at = 0, i = 0; at < content.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield content.subarray(at, at + size);
    at += size;
  }
}

async function read(content: Uint8Array, boundary = 'b', sizes: readonly number[] = [content.length], most = 1e6) {
  const parts: number[] = [];
  for await (const piece of onlyPart(pieces(content, sizes), boundary, most)) parts.push(...piece);
  return Uint8Array.from(parts);
}

describe('boundaryOf', () => {
  it.each([
    ['multipart/related; type="application/dicom"; boundary=a-b', 'a-b'],
    ['multipart/related; boundary="a b;c"; type="application/dicom"', 'a b;c'],
    ['multipart/related;BOUNDARY = x', 'x'],
  ])('%s', (type, boundary) => expect(boundaryOf(type)).toBe(boundary));

  it.each(['multipart/related', 'multipart/related; boundary=', `multipart/related; boundary=${'x'.repeat(201)}`])(
    'refuses %.60s',
    (type) => expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ code: 'PACS_ANSWER' })),
  );
});

describe('onlyPart', () => {
  it('gives the content, however the answer is cut', async () => {
    // Content that resembles boundaries.
    const content = fc
      .array(fc.constantFrom('\r', '\n', '\r\n', '--', '\r\n--', '\r\n--boundar', '\0', 'x'), { minLength: 1 })
      .map((parts) => bytes(parts.join('')));
    await fc.assert(
      fc.asyncProperty(content, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (part, sizes) => {
        const head = bytes('ignored\r\n--boundary\r\nContent-Type: application/dicom\r\n\r\n');
        const whole = Uint8Array.from([...head, ...part, ...bytes('\r\n--boundary--\r\nignored')]);
        expect(await read(whole, 'boundary', sizes)).toEqual(part);
      }),
    );
  });

  it('reads back what a request is made of', async () => {
    const { type, body } = onePartBody(new Blob([bytes('DICM')]));
    expect(type).toMatch(/^multipart\/related; type="application\/dicom"; boundary="[\w-]+"$/);
    expect(await read(new Uint8Array(await body.arrayBuffer()), boundaryOf(type))).toEqual(bytes('DICM'));
  });

  it.each([
    ['another boundary', '--a\r\n\r\nx\r\n--a--', 'PACS_ANSWER'],
    ['no part', '--b--\r\n', 'PACS_ANSWER'],
    ['a part without end', '--b\r\n\r\nxxxxxx', 'PACS_ANSWER'],
    ['headers without end', `--b\r\n${'a: b\r\n'.repeat(4000)}`, 'PACS_ANSWER'],
    ['a preamble without end', 'x'.repeat(70_000), 'PACS_ANSWER'],
    ['two parts', '--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--', 'PACS_ANSWER'],
    ['nothing', '', 'PACS_ANSWER'],
    ['a part that announces too much', '--b\r\nContent-Length: 10000000000\r\n\r\nx', 'PACS_LIMIT'],
    ['a part that is too long', `--b\r\n\r\n${'x'.repeat(2000)}\r\n--b--`, 'PACS_LIMIT'],
  ])('refuses %s', async (_, text, code) => {
    await expect(read(bytes(text), 'b', [700], 1000)).rejects.toMatchObject({ code });
  });
});
