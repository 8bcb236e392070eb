/**
 * Removes free text from compressed frames: comments and application segments of JPEG and JPEG-LS, comments of JPEG 2000,
 * boxes of JP2, but for names of encoders. They are overwritten with zeros at their place, so lengths, offsets and pixels stay.
 */

const SOI = 0xd8;
const EOI = 0xd9;

/** The fragments of a frame without free text. */
export function withoutComments(fragments: readonly Uint8Array[]): readonly Uint8Array[] {
  const frame = new Uint8Array(fragments.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of fragments) {
    frame.set(part, at);
    at += part.length;
  }
  if (frame[0] === 0xff && frame[1] === SOI) blankJpeg(frame);
  else if (frame[0] === 0xff && frame[1] === 0x4f) blankJpeg2000(frame);
  else if (String.fromCharCode(...frame.subarray(4, 8)) === 'jP  ') blankBoxes(frame);
  else return fragments;
  at = 0;
  return fragments.map(({ length }) => {
    at += length;
    return frame.subarray(at - length, at);
  });
}

/** Segments of JFIF, Adobe and HP, which decoders need, and nothing else behind their fixed part. */
const NEEDED: readonly (readonly [marker: number, name: string, length: number])[] = [
  [0xe0, 'JFIF\0', 14],
  [0xee, 'Adobe', 12],
  [0xe8, 'mrfx', 5],
];

function blankJpeg(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let at = 2; at + 2 <= frame.length; ) {
    const marker = frame[at + 1]!;
    // Fill bytes, coded data with its stuffing, restarts.
    if (frame[at] !== 0xff || marker < 0x80 || marker === 0xff || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 1;
      continue;
    }
    if (marker === EOI) {
      blankTail(frame, at + 2);
      return;
    }
    if (at + 4 > frame.length) return;
    const end = Math.min(frame.length, at + 2 + Math.max(2, view.getUint16(at + 2)));
    const name = String.fromCharCode(...frame.subarray(at + 4, at + 9));
    const needed = NEEDED.find(([own, start]) => own === marker && name.startsWith(start));
    if (needed) blankThumbnail(frame, at + 4, end, needed[2]);
    else if (marker === 0xfe || (marker >= 0xe0 && marker <= 0xef)) frame.fill(0, at + 4, end);
    at = end;
  }
}

/** What follows the fixed part of a segment: the small picture of JFIF. */
function blankThumbnail(frame: Uint8Array, start: number, end: number, length: number): void {
  if (start + length < end) frame.fill(0, start + length, end);
}

/** Comments that name an encoder and nothing else. */
const ENCODER = /^(Created by OpenJPEG version |OpenJPH Ver |Kakadu-v?)[\d.]{1,12}$/;

/** What follows the end of a frame, but for a byte of padding. */
function blankTail(frame: Uint8Array, end: number): void {
  if (frame.length - end > 1) frame.fill(0, end);
}

/** Main header, then tile parts with their headers. */
function blankJpeg2000(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  let tileEnd = 0;
  for (let at = 2; at + 2 <= frame.length && frame[at] === 0xff; ) {
    const marker = frame[at + 1]!;
    if (marker === EOI) {
      blankTail(frame, at + 2);
      return;
    }
    if (marker === 0x93) {
      // Coded data up to the end of the tile part.
      if (tileEnd <= at) return;
      at = tileEnd;
      continue;
    }
    if (at + 4 > frame.length) return;
    const end = at + 2 + view.getUint16(at + 2);
    if (marker === 0x90 && at + 12 <= frame.length) {
      const length = view.getUint32(at + 6);
      tileEnd = length === 0 ? 0 : at + length;
    }
    // Behind the registration, which says binary or Latin text.
    if (marker === 0x64 && !ENCODER.test(String.fromCharCode(...frame.subarray(at + 6, Math.min(end, at + 80))))) {
      frame.fill(0, at + 6, Math.min(end, frame.length));
    }
    at = end;
  }
}

/** Boxes of JP2 that hold the image stay. */
const IMAGE_BOXES = ['jP  ', 'ftyp', 'jp2h', 'jp2c'];

function blankBoxes(frame: Uint8Array): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let at = 0; at + 8 <= frame.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...frame.subarray(at + 4, at + 8));
    const end = length === 0 ? frame.length : Math.min(frame.length, at + length);
    if (end < at + 8) return;
    if (type === 'jp2c') blankJpeg2000(frame.subarray(at + 8, end));
    else if (!IMAGE_BOXES.includes(type)) frame.fill(0, at + 8, end);
    at = end;
  }
}
