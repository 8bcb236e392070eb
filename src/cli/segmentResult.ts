/**
 * The result of one image in the forms that `samus segment` gives it: the entry of the JSON document, a line for
 * people, the picture with the masks drawn in.
 */
import type { AnnotatedImage, AnnotatedObject } from '../formats/annotation.js';
import type { Image } from '../formats/image.js';
import { drawOverlay } from '../formats/overlay.js';
import { encodeRle } from '../formats/rle.js';
import type { Found } from '../jobs/askObjects.js';
import type { JobObject, SegmentJob } from '../jobs/segmentJob.js';

/** One object found, what was asked, and where its mask is written, if it is. */
export interface SegmentedObject {
  readonly prompt: JobObject;
  readonly result: Found;
  readonly maskPath?: string;
  /** Of an object that was found without being asked for. */
  readonly stability?: number;
}

/** Far apart for most kinds of colour blindness (Okabe and Ito, without black and grey). */
const COLORS = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;

/** The entry of an image in the document. */
export function annotatedImage(
  { image: ref }: SegmentJob,
  { width, height }: Image,
  objects: readonly SegmentedObject[],
  files: NonNullable<AnnotatedImage['files']>,
): AnnotatedImage {
  return { image: ref, width, height, objects: objects.map(annotatedObject), files };
}

function annotatedObject({ prompt, result, maskPath, stability }: SegmentedObject): AnnotatedObject {
  // The model that answered before; the document names the one that answers now.
  const { model, ...prompted } = prompt;
  const { score, mask, width, height, answer } = result;
  return {
    ...prompted,
    score,
    ...(stability !== undefined && { stability }),
    ...(answer && { answer: encodeRle(answer, width, height) }),
    ...(maskPath !== undefined && { maskFile: maskPath }),
    mask: encodeRle(mask, width, height),
  };
}

/** One line for each object. */
export function resultLines(path: string, objects: readonly SegmentedObject[]): string[] {
  if (objects.length === 0) return [`${path}: nothing found`];
  return objects.map(({ result, maskPath }) => {
    const { name, score, area, box, parts } = result;
    const several = parts > 1 ? `${parts} parts, ` : '';
    const found = box ? `${several}area ${area} px, box ${box.join(',')}` : 'nothing found';
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
