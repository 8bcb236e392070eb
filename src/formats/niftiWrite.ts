/**
 * Writes class indices as NIfTI-1, packed (`.nii.gz`), for programs of medical imaging. Reading is in nifti.ts. Layout:
 * nifti1.h of the NIfTI data format working group.
 */
import { gzipSync } from 'fflate';
import { SamusError } from '../errors.js';

const HEADER_BYTES = 348;
/** Samples begin after the header and four bytes that say that no extension follows. */
const SAMPLES_AT = 352;
const UINT8 = 2;
const UNIT_MM = 2;
/** Codes for "a scanner's coordinates", which is what programs take spacing and directions from. */
const SCANNER = 1;
const MAX_SIDE = 32_767;

/**
 * The bytes of a `.nii.gz` file: uint8, width x height x 1 (some programs read nothing of two dimensions). Rows are
 * stored from the top, and the directions are those that ITK gives a picture (x to the right, y down), so that ITK-SNAP, 3D
 * Slicer and SimpleITK lay the classes over the PNG that they belong to.
 * @param classes row-major, width · height values
 * @param spacingMm width and height of a pixel; without it a pixel is 1, of no unit
 * @throws SamusError NIFTI_SIZE, NIFTI_SPACING
 */
export function encodeNifti(
  classes: Uint8Array,
  width: number,
  height: number,
  spacingMm?: readonly [x: number, y: number],
): Uint8Array {
  check(classes, width, height, spacingMm);
  const [stepX, stepY] = spacingMm ?? [1, 1];
  const bytes = new Uint8Array(SAMPLES_AT + classes.length);
  const view = new DataView(bytes.buffer);
  const int16s = (at: number, values: readonly number[]): void => {
    for (const [i, value] of values.entries()) view.setInt16(at + 2 * i, value, true);
  };
  const floats = (at: number, values: readonly number[]): void => {
    for (const [i, value] of values.entries()) view.setFloat32(at + 4 * i, value, true);
  };
  view.setInt32(0, HEADER_BYTES, true);
  // An empty extent that old programs (Analyze) expect: "r", regular.
  bytes[38] = 'r'.charCodeAt(0);
  int16s(40, [3, width, height, 1, 1, 1, 1, 1]);
  int16s(70, [UINT8, 8]);
  // The first number is the handedness that goes with the quaternion.
  floats(76, [1, stepX, stepY, 1, 0, 0, 0, 0]);
  floats(108, [SAMPLES_AT, 1, 0]);
  bytes[123] = spacingMm ? UNIT_MM : 0;
  int16s(252, [SCANNER, SCANNER]);
  // NIfTI's x grows to the left of a picture as ITK sees it, and y upwards: half a turn around z, as a quaternion
  // (b, c, d), an offset, and the rows of the matrix.
  floats(256, [0, 0, 1, 0, 0, 0]);
  floats(280, [-stepX, 0, 0, 0, 0, -stepY, 0, 0, 0, 0, 1, 0]);
  bytes.set([0x6e, 0x2b, 0x31, 0], 344);
  bytes.set(classes, SAMPLES_AT);
  // No time stamp: the same classes give the same bytes.
  return gzipSync(bytes, { mtime: 0 });
}

function check(classes: Uint8Array, width: number, height: number, spacing: readonly number[] | undefined): void {
  const sides = [width, height].every((side) => Number.isInteger(side) && side > 0 && side <= MAX_SIDE);
  if (!sides || classes.length !== width * height) {
    throw new SamusError(
      'NIFTI_SIZE',
      `expected classes of ${width}x${height} pixels, at most ${MAX_SIDE} per side, got ${classes.length} values`,
      'give width * height values',
      { width, height, values: classes.length },
    );
  }
  if (!spacing || spacing.every((step) => Number.isFinite(step) && step > 0)) return;
  throw new SamusError(
    'NIFTI_SPACING',
    `expected the width and height of a pixel in millimetres, got ${spacing.join(' and ')}`,
    'give two numbers above 0, or none',
  );
}
