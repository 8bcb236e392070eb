/** Inflates the data set of a DICOM file that is stored deflated, within limits. */
import { corruptDicom, dicomLimit } from './dataSet.js';

/** Most bytes of the result, and how many times its compressed size. */
const MOST_INFLATED = 256 * 2 ** 20;
const MOST_RATIO = 1000;

/** What fflate throws where the stream goes on behind its last byte. */
const UNEXPECTED_END = 0;

/**
 * Inflates twice, the first time to count: so no more memory is taken than the data set needs.
 * @returns the data set, or its beginning where the stream is cut off
 * @throws SamusError DICOM_CORRUPT, DICOM_LIMIT
 */
export async function inflate(
  deflated: Uint8Array,
): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean }> {
  const { Inflate } = await import('fflate');
  let truncated = false;
  const most = Math.min(MOST_INFLATED, deflated.length * MOST_RATIO);
  const run = (take: (part: Uint8Array) => void): void => {
    const stream = new Inflate(take);
    try {
      for (let at = 0; at < deflated.length; at += 0x4000) stream.push(deflated.subarray(at, at + 0x4000), false);
      // Not with the last part: of a part that ends too early, nothing is taken.
      stream.push(new Uint8Array(0), true);
    } catch (error) {
      truncated = codeOf(error) === UNEXPECTED_END;
      if (!truncated) throw error;
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
    return { bytes: result, truncated };
  } catch (error) {
    if (codeOf(error) === 'DICOM_LIMIT') throw error;
    throw corruptDicom('expected a deflated data set, got damaged bytes');
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
