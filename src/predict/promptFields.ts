/** Prompts as JSON writes them, for all documents that hold some. Each gives undefined for what is none. */
import { isFields, isNumber, isNumbers } from '../formats/jsonFields.js';
import type { PixelBox, Rle } from '../formats/rle.js';
import type { PointPrompt } from './types.js';

const LABELS: ReadonlyMap<unknown, 0 | 1> = new Map<unknown, 0 | 1>([
  [undefined, 1],
  [1, 1],
  [0, 0],
  ['fg', 1],
  ['bg', 0],
]);

/** `[x, y]`, or with a label: 1 or `fg` on the object, 0 or `bg` beside it. */
export function pointOf(value: unknown): PointPrompt | undefined {
  const [x, y, label, ...rest]: unknown[] = Array.isArray(value) ? value : [];
  const known = LABELS.get(label);
  return isNumber(x) && isNumber(y) && known !== undefined && rest.length === 0 ? [x, y, known] : undefined;
}

/** `[x0, y0, x1, y1]`. */
export function boxOf(value: unknown): PixelBox | undefined {
  if (!isNumbers(value) || value.length !== 4) return undefined;
  return [value[0]!, value[1]!, value[2]!, value[3]!];
}

/** Run lengths, packed or not, which are not unpacked: they may still be wrong (RLE_INVALID). */
export function rleOf(value: unknown): Rle | undefined {
  if (!isFields(value) || !isNumbers(value.size) || value.size.length !== 2) return undefined;
  const { size, counts } = value;
  if (typeof counts !== 'string' && !isNumbers(counts)) return undefined;
  return { size: [size[0]!, size[1]!], counts };
}
