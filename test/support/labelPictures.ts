/**
 * Labels for tests of prompts: drawn as text, or any.
 */
import fc from 'fast-check';

/** Digits to a label; a dot is 0. */
export function picture(...rows: readonly string[]): { readonly label: Uint8Array; readonly width: number } {
  return { label: Uint8Array.from(rows.join('').replaceAll('.', '0'), Number), width: rows[0]!.length };
}

/** Any label of up to two classes with a mask of its size. */
export const labels = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      label: fc.uint8Array({ min: 0, max: 2, minLength: width * height, maxLength: width * height }),
      mask: fc.uint8Array({ min: 0, max: 1, minLength: width * height, maxLength: width * height }),
      seed: fc.nat(),
    }),
  );
