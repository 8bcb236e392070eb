/**
 * The masks of a result as the objects of DICOM segmentations and reports: one object for each name, over all segmented
 * frames of an image. The command line and the server share this code; what the objects contain is known in
 * formats/dicom/.
 */
import type { AnnotatedImage, AnnotatedObject, AnnotationClass } from '../formats/annotation.js';
import { codeOfName } from '../formats/dicom/codes.js';
import type { DicomSegMask, DicomSegObject } from '../formats/dicom/segments.js';
import type { DrawnFrame } from '../formats/dicom/writeSc.js';
import type { Image } from '../formats/image.js';
import type { ImageSource } from '../formats/imageSource.js';
import { drawOverlay, OVERLAY_COLORS } from '../formats/overlay.js';
import { decodeRle, rleBox } from '../formats/rle.js';
import { measureMask } from '../predict/measure.js';

/** How the masks were made. */
export interface ObjectRequest {
  readonly classes: readonly AnnotationClass[];
  /** How masks come about that have a score or a class: from prompts or without. */
  readonly automatic: boolean;
  /** Whether names hold over frames; those of `--everything` are numbers within a frame. */
  readonly named: boolean;
}

/** The objects over all frames, by their names. */
export function dicomObjects(
  entries: readonly AnnotatedImage[],
  source: Pick<ImageSource, 'frames' | 'spacingMm'>,
  { classes, automatic, named }: ObjectRequest,
): DicomSegObject[] {
  const found = new Map<string, { readonly first: AnnotatedObject; byModel: boolean; masks: DicomSegMask[] }>();
  for (const { image, objects } of entries) {
    const { frame = 1 } = image;
    const taken = new Set<string>();
    for (const object of objects) {
      if (!object.mask) continue;
      const title = titleOf(object, classes);
      const name = freeName(named || source.frames === 1 ? title : `${title} of frame ${frame}`, taken);
      const box = rleBox(object.mask);
      const spacingMm = box && source.spacingMm(frame, box);
      const one = found.get(name) ?? { first: object, byModel: false, masks: [] };
      one.masks.push({ frame, mask: decodeRle(object.mask), ...(spacingMm && { spacingMm }) });
      one.byModel ||= automatic || typeof object.score === 'number';
      found.set(name, one);
    }
  }
  return [...found].map(([name, { first, byModel, masks }], i) => ({
    name,
    code: codeOfName(titleOf(first, classes)),
    algorithm: !byModel ? 'MANUAL' : automatic ? 'AUTOMATIC' : 'SEMIAUTOMATIC',
    color:
      first.color ??
      classes.find(({ id }) => id === first.classId)?.color ??
      OVERLAY_COLORS[i % OVERLAY_COLORS.length]!,
    masks,
  }));
}

/** The name of an object, or of its class where it has no name but the number of the class. */
function titleOf({ name = '', classId }: AnnotatedObject, classes: readonly AnnotationClass[]): string {
  const ofClass = classes.find(({ id }) => id === classId)?.name;
  return ofClass !== undefined && (name === '' || name === `class-${classId}`) ? ofClass : name || 'object';
}

/** Two objects of one name on one frame are two objects. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let n = 2; taken.has(free); n++) free = `${name} ${n}`;
  taken.add(free);
  return free;
}

/** A frame with its masks drawn in, for a secondary capture. */
export function drawnFrame(frame: number, image: Image, objects: readonly DicomSegObject[]): DrawnFrame {
  const shown = objects.flatMap(({ masks, color = OVERLAY_COLORS[0] }) =>
    masks.filter((one) => one.frame === frame).map(({ mask }) => ({ mask: mask.data, color })),
  );
  return { frame, image: drawOverlay(image, shown) };
}

/** Measurements of an object on each of its frames, for a report. */
export function objectMeasurements({ masks }: DicomSegObject, object: number) {
  return masks.map(({ frame, mask, spacingMm }) => {
    const found = measureMask(mask, spacingMm);
    return {
      object,
      frame,
      unit: spacingMm ? ('mm' as const) : ('px' as const),
      area: found.areaMm2 ?? found.areaPx,
      longAxis: found.longestDiameterMm ?? found.longestDiameterPx,
      shortAxis: found.shortestDiameterMm ?? found.shortestDiameterPx,
      perimeter: found.perimeterMm ?? found.perimeterPx,
    };
  });
}
