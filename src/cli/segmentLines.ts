/**
 * What `samus segment` prints: a line for each object and file.
 */
import type { AnnotatedImage, AnnotatedObject, AnnotationClass, MaskMillimetres } from '../formats/annotation.js';
import { rleArea, rleBox } from '../formats/rle.js';
import { partCount } from '../formats/runs.js';
import { DICOM_FORMATS } from '../jobs/segmentJob.js';

/** The DICOM objects of an image. */
export function dicomLines({ image, files = {} }: AnnotatedImage): string[] {
  return DICOM_FORMATS.flatMap((format) => {
    const file = files[format];
    return file === undefined ? [] : [`${image.path}: ${format} -> ${file}`];
  });
}

/** One line for each object, and for each file of the image. @param classes those of a model without prompts */
export function resultLines(
  path: string,
  { objects, files = {} }: AnnotatedImage,
  classes?: readonly AnnotationClass[],
): string[] {
  const lines = objects.map((object) => objectLine(path, object, classes));
  if (objects.length === 0) lines.push(`${path}: nothing found`);
  return [...lines, ...Object.entries(files).map(([what, file]) => `${path}: ${what} -> ${file}`)];
}

function objectLine(path: string, object: AnnotatedObject, classes?: readonly AnnotationClass[]): string {
  const { name, classId, score = null, presence, absent, mask, maskFile, millimetres } = object;
  const box = mask && rleBox(mask);
  const parts = mask ? partCount(mask) : 0;
  const several = parts > 1 ? `${parts} parts, ` : '';
  const lengths = millimetres ? `, ${inMillimetres(millimetres)}` : '';
  const found =
    mask && box
      ? `${several}area ${rleArea(mask)} px, box ${box.join(',')}${lengths}`
      : absent
        ? 'no object here'
        : 'nothing found';
  const className = classes?.find(({ id }) => id === classId)?.name;
  const title = className === undefined ? name : `${name} (${className})`;
  // Models without prompts predict no score.
  const there = presence === undefined ? '' : ` presence ${presence.toFixed(3)},`;
  const origin = classes ? '' : score === null ? ' drawn by hand,' : ` score ${score.toFixed(3)},${there}`;
  return `${path}: ${title},${origin} ${found}${maskFile === undefined ? '' : ` -> ${maskFile}`}`;
}

function inMillimetres(found: MaskMillimetres): string {
  if ('why' in found) return `no millimetres (${found.why})`;
  const { areaMm2, longAxisMm, shortAxisMm, perimeterMm } = found;
  const lengths = `${shown(longAxisMm)} x ${shown(shortAxisMm)} mm, perimeter ${shown(perimeterMm)} mm`;
  return `${shown(areaMm2)} mm2, ${lengths}`;
}

const shown = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
