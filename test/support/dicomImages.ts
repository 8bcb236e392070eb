/**
 * Small DICOM files made by the test that needs them.
 */
import { dataSet, encodeFile, type Value } from '../../src/formats/dicom/writeDataSet.js';

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
      [0x0028_0002, 1],
      [0x0028_0004, 'MONOCHROME2'],
      ...(frames === undefined ? [] : ([[0x0028_0008, String(frames)]] as const)),
      [0x0028_0010, height],
      [0x0028_0011, width],
      [0x0028_0100, 8],
      [0x0028_0101, 8],
      [0x0028_0102, 7],
      [0x0028_0103, 0],
      [0x7fe0_0010, { vr: 'OB', bytes: bytes.length % 2 === 0 ? bytes : Uint8Array.of(...bytes, 0) }],
      ...elements,
    ),
  );
}
