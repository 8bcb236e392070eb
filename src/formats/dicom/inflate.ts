/** Inflates the data set of a DICOM file that is stored deflated, within limits. */
import { corruptDicom, dicomLimit } from './dataSet.js';

/** Most bytes of the result, and how many times its compressed size. */
const MOST_INFLATED = 256 * 2 ** 20;
const MOST_RATIO = 1000;

/** Inflates twice, the first time to count: so no more memory is taken than the data set needs. */
export async function inflate(deflated: Uint8Array): Promise<Uint8Array> {
  const { Inflate } = await import('fflate');
  const most = Math.min(MOST_INFLATED, deflated.length * MOST_RATIO);
  const run = (take: (part: Uint8Array) => void): void => {
    const stream = new Inflate(take);
    for (let at = 0; at < deflated.length; at += 0x4000) {
      stream.push(deflated.subarray(at, at + 0x4000), at + 0x4000 >= deflated.length);
    }
  };
  let size = 0;
  try {
    run((part) => {
      size += part.length;
      if (size > most) throw dicomLimit(`expected at most ${most} bytes of the deflated data set, got more`);
    });
    const result = new Uint8Array(size);
    size = 0;
    run((part) => {
      result.set(part, size);
      size += part.length;
    });
    return result;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'DICOM_LIMIT') throw error;
    throw corruptDicom('expected a deflated data set, got damaged bytes');
  }
}
