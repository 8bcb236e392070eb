/**
 * DICOM files made by the test that needs them.
 */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dataSet, encodeFile, type Value } from '../../src/formats/dicom/writeDataSet.js';
import type { ImageSource } from '../../src/formats/imageSource.js';

type Element = readonly [tag: number, value: Value];

export interface MadeImage {
  readonly width?: number;
  readonly height?: number;
  /** Default: a file of the class for single frames. */
  readonly frames?: number;
  /** Grey, frame by frame; by default a pattern that differs from frame to frame. */
  readonly pixels?: Uint8Array;
  readonly elements?: readonly Element[];
}

/** What objects about an image refer to and copy. */
export const identity = (uid: string, patient = 'PHANTOM'): readonly Element[] => [
  [0x0008_0018, uid],
  [0x0010_0010, 'Phantom^Samus'],
  [0x0010_0020, patient],
  [0x0020_000d, '1.2.3'],
  [0x0020_000e, '1.2.3.5'],
];

/** A grey image, natively coded, without UIDs, patient and spacing unless `elements` has them. */
export function dicomImage({ width = 50, height = 40, frames, pixels, elements = [] }: MadeImage = {}): Uint8Array {
  const size = width * height;
  const bytes = pixels ?? new Uint8Array(size * (frames ?? 1)).map((_, i) => (i * 7 + Math.floor(i / size) * 31) % 251);
  return encodeFile(
    dataSet(
      [0x0008_0016, frames === undefined ? '1.2.840.10008.5.1.4.1.1.6.1' : '1.2.840.10008.5.1.4.1.1.3.1'],
      ...greyPixels(width, height, frames),
      [0x7fe0_0010, { vr: 'OB', bytes: bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0) }],
      ...elements,
    ),
  );
}

/** A native clip of squares of `side` on disk: all frames are holes of the file, but those that are bright in their middle. */
export function writeSparseClip(
  path: string,
  side: number,
  frames: number,
  bright: readonly number[],
  uid: string,
): void {
  const head = encodeFile(
    dataSet([0x0008_0016, '1.2.840.10008.5.1.4.1.1.3.1'], ...identity(uid), ...greyPixels(side, side, frames)),
  );
  const pixels = Buffer.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  pixels.writeUInt32LE(side * side * frames, 8);
  const file = openSync(path, 'w');
  const start = writeSync(file, Buffer.concat([head, pixels]));
  ftruncateSync(file, start + side * side * frames);
  const row = Buffer.alloc(side / 2, 200);
  for (const frame of bright) {
    for (let y = side / 4; y < (3 * side) / 4; y++) {
      writeSync(file, row, 0, row.length, start + (frame - 1) * side * side + y * side + side / 4);
    }
  }
  closeSync(file);
}

/** The elements of 8-bit grey pixels, but the pixels. */
function greyPixels(width: number, height: number, frames?: number): readonly Element[] {
  return [
    [0x0028_0002, 1],
    [0x0028_0004, 'MONOCHROME2'],
    ...(frames === undefined ? [] : ([[0x0028_0008, String(frames)]] as const)),
    [0x0028_0010, height],
    [0x0028_0011, width],
    [0x0028_0100, 8],
    [0x0028_0101, 8],
    [0x0028_0102, 7],
    [0x0028_0103, 0],
  ];
}

/** SHA-256 of the pixels of each frame. */
export async function frameHashes({ frames, read }: Pick<ImageSource, 'frames' | 'read'>): Promise<string[]> {
  const hashes: string[] = [];
  for (let frame = 1; frame <= frames; frame++) {
    hashes.push(
      createHash('sha256')
        .update((await read(frame)).data)
        .digest('hex'),
    );
  }
  return hashes;
}
