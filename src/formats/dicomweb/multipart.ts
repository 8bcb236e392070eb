/**
 * `multipart/related` of DICOMweb (PS3.18 8.6.1.2): the one part of an answer as a stream, so that no more than a chunk
 * of it is in memory, and the body of a request with one part.
 */
import { SamusError } from '../../errors.js';
import { pacsAnswer } from './pacsErrors.js';

const CR = 13;
/** Most bytes before the first boundary, and of the headers of a part. */
const MOST_PREAMBLE = 65_536;
const MOST_HEADERS = 16_384;
/** RFC 2046 allows 70 characters. */
const MOST_BOUNDARY = 200;

/** The boundary that a content type names, with or without quotes. @throws SamusError PACS_ANSWER if there is none */
export function boundaryOf(contentType: string): string {
  const [, quoted, bare] = /;\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? bare ?? '';
  if (boundary !== '' && boundary.length <= MOST_BOUNDARY) return boundary;
  throw pacsAnswer('expected a multipart answer with a boundary, got none');
}

/**
 * The content of the only part.
 * @param most bytes of the part
 * @throws SamusError PACS_ANSWER for a part without end, several parts, or another boundary; PACS_LIMIT
 */
export async function* onlyPart(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
  most: number,
): AsyncGenerator<Uint8Array> {
  const delimiter = latin1(`\r\n--${boundary}`);
  // The first boundary may begin the body: it then lacks the line break.
  let rest: Uint8Array = Uint8Array.of(CR, 10);
  let state: 'preamble' | 'headers' | 'part' | 'end' = 'preamble';
  let taken = 0;
  for await (const chunk of chunks) {
    rest = joined(rest, chunk);
    if (state === 'preamble') {
      const at = find(rest, delimiter);
      if (at < 0 && rest.length > MOST_PREAMBLE) throw noBoundary();
      if (at < 0) continue;
      rest = rest.subarray(at + delimiter.length);
      state = 'headers';
    }
    if (state === 'headers') {
      const end = find(rest, HEADERS_END);
      if (end < 0 && rest.length > MOST_HEADERS) throw pacsAnswer('expected the headers of a part to end, got more');
      if (end < 0) continue;
      checkLength(rest.subarray(0, end), most);
      rest = rest.subarray(end + HEADERS_END.length);
      state = 'part';
    }
    if (state === 'part') {
      const at = find(rest, delimiter);
      // A boundary may have begun at the end of the chunk.
      const ready = at < 0 ? Math.max(0, rest.length - delimiter.length + 1) : at;
      taken += ready;
      if (taken > most) throw tooLong(most);
      if (ready > 0) yield rest.subarray(0, ready);
      rest = rest.subarray(ready);
      if (at < 0) continue;
      rest = rest.subarray(delimiter.length);
      state = 'end';
    }
    if (rest.length < 2) continue;
    if (rest[0] === 0x2d && rest[1] === 0x2d) return;
    throw pacsAnswer('expected one part in the answer, got several');
  }
  if (state === 'preamble') throw noBoundary();
  throw pacsAnswer('expected the end of a part, got the end of the answer');
}

/** A request with one part, and its content type. */
export function onePartBody(content: Blob): { readonly type: string; readonly body: Blob } {
  const boundary = `samus-${crypto.randomUUID()}`;
  const head = `--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`;
  return {
    // dcmjs#113: servers split the header at a slash that is not in quotes.
    type: `multipart/related; type="application/dicom"; boundary="${boundary}"`,
    body: new Blob([head, content, `\r\n--${boundary}--\r\n`]),
  };
}

const HEADERS_END = latin1('\r\n\r\n');

/** Rejects a body that announces too many bytes before it is received. @throws SamusError PACS_LIMIT */
function checkLength(headers: Uint8Array, most: number): void {
  const [, length] = /(?:^|\n)content-length:\s*(\d+)/i.exec(new TextDecoder('latin1').decode(headers)) ?? [];
  if (Number(length ?? 0) > most) throw tooLong(most);
}

/** The error for more bytes than are taken. */
export function tooLong(most: number): SamusError {
  const message = `expected at most ${most} bytes from the PACS, got more`;
  return new SamusError('PACS_LIMIT', message, 'fetch this instance by other means', { most });
}

function noBoundary(): SamusError {
  return pacsAnswer('expected the boundary that the answer names, got none');
}

/** The place of a pattern that begins with CR; -1 where there is none. */
function find(bytes: Uint8Array, pattern: Uint8Array): number {
  for (let at = bytes.indexOf(CR); at >= 0 && at + pattern.length <= bytes.length; at = bytes.indexOf(CR, at + 1)) {
    let i = 1;
    while (i < pattern.length && bytes[at + i] === pattern[i]) i++;
    if (i === pattern.length) return at;
  }
  return -1;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const result = new Uint8Array(first.length + second.length);
  result.set(first);
  result.set(second, first.length);
  return result;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
