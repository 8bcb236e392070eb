/**
 * The result of one image in the forms that `samus segment` gives it: the entry of the JSON document, a line for
 * people, the picture with the masks drawn in.
 */
import type { Json } from '../errors.js';
import type { Image } from '../formats/image.js';
import { drawOverlay } from '../formats/overlay.js';
import { encodeRle, type Rle } from '../formats/rle.js';
import type { PromptSpec } from './promptOptions.js';
import type { Found } from './segmentAsk.js';

/** One object found, what was asked, and where its mask is written, if it is. */
export interface SegmentedObject {
  readonly prompt: PromptSpec;
  readonly result: Found;
  readonly maskPath?: string;
  /** Of an object that was found without being asked for. */
  readonly stability?: number;
}

/** Far apart for most kinds of colour blindness (Okabe and Ito, without black and grey). */
const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;

/**
 * The entry of an image in the document. `points` and `prompt` are what was asked, the rest what came: `box` is that
 * of the mask, or null if the mask is empty.
 */
export function imageEntry(path: string, image: Image, objects: readonly SegmentedObject[]): Record<string, Json> {
  return { image: path, width: image.width, height: image.height, objects: objects.map(objectEntry) };
}

function objectEntry({ prompt, result, maskPath, stability }: SegmentedObject): Json {
  const { name, score, area, box, mask, width, height, answer } = result;
  return {
    name,
    points: prompt.points.map(plain),
    prompt: {
      points: prompt.points.map(plain),
      ...(prompt.box && { box: [...prompt.box] }),
      ...(prompt.maskFile !== undefined && { mask: prompt.maskFile }),
      ...(prompt.maskRle && { start: packed(prompt.maskRle) }),
      ...(prompt.multimask !== undefined && { multimask: prompt.multimask }),
      ...(prompt.oneByOne !== undefined && { oneByOne: prompt.oneByOne }),
    },
    ...(prompt.added && { added: packed(prompt.added) }),
    ...(prompt.erased && { erased: packed(prompt.erased) }),
    ...(answer && { answer: packed(encodeRle(answer, width, height)) }),
    score,
    ...(stability !== undefined && { stability }),
    area,
    box: box && [...box],
    ...(maskPath !== undefined && { mask: maskPath }),
    rle: packed(encodeRle(mask, width, height)),
  };
}

function packed({ size, counts }: Rle): Json {
  return { size: [...size], counts: typeof counts === 'string' ? counts : [...counts] };
}

function plain([x, y, label = 1]: PromptSpec['points'][number]): Json {
  return [x, y, label];
}

/** One line for each object. */
export function resultLines(path: string, objects: readonly SegmentedObject[]): string[] {
  if (objects.length === 0) return [`${path}: nothing found`];
  return objects.map(({ result, maskPath }) => {
    const { name, score, area, box } = result;
    const found = box ? `area ${area} px, box ${box.join(',')}` : 'nothing found';
    const told = score === null ? 'made by hand' : `score ${score.toFixed(3)}`;
    return `${path}: ${name}, ${told}, ${found}${maskPath === undefined ? '' : ` -> ${maskPath}`}`;
  });
}

/**
 * The image with masks and clicks drawn over it. What was found without being asked for may lie within one another: it
 * is drawn from the largest to the smallest, without the clicks, which nobody made.
 */
export function overlayOf(image: Image, objects: readonly SegmentedObject[]): Image {
  const drawn = objects.map(({ prompt, result, stability }, i) => ({
    mask: result.mask,
    color: COLORS[i % COLORS.length]!,
    clicks: stability === undefined ? prompt.points.map(([x, y, label = 1]) => ({ x, y, positive: label === 1 })) : [],
    area: stability === undefined ? 0 : result.area,
  }));
  return drawOverlay(
    image,
    drawn.sort((a, b) => b.area - a.area),
  );
}
