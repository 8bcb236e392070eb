/**
 * The JSON with every prompt, in the words of `samus segment --json`: what was asked, what was drawn by hand, and the
 * masks that came, so that a mask can be made again and corrected elsewhere. `samus segment --prompts` reads it too.
 */
import type { Json } from '../../errors.js';
import { rleArea, rleBox } from '../../formats/rle.js';
import type { Annotation, ClassEntry, ImageDocument, PackedMask } from '../document/types.js';

const NOTICE = 'Research use only, not for diagnosis.';

export interface NamedDocument {
  readonly path: string;
  readonly document: ImageDocument;
}

export function promptsDocument(images: readonly NamedDocument[], classes: readonly ClassEntry[]): Json {
  const models = images.flatMap(({ document }) => document.objects.flatMap(({ answer }) => answer?.model ?? []));
  return {
    model: models[0] ?? null,
    notice: NOTICE,
    classes: classes.map(({ id, name, color }) => ({ id, name, color })),
    images: images.map(({ path, document }) => ({
      image: path,
      width: document.width,
      height: document.height,
      ...(document.scale && { spacing_mm: [...document.scale.mm] }),
      objects: document.objects.map((object) => objectEntry(object, classes)),
    })),
  };
}

function objectEntry(object: Annotation, classes: readonly ClassEntry[]): Json {
  const { name, classId, color, committed, points, box, start, strokes, answer, shape } = object;
  const clicks = points.map(([x, y, label = 1]) => [x, y, label]);
  return {
    name,
    class: classId,
    className: classes.find(({ id }) => id === classId)?.name ?? null,
    ...(color !== null && { color }),
    committed,
    points: clicks,
    prompt: {
      points: clicks,
      ...(box && { box: [...box] }),
      ...(start && { start: { ...plain(start.mask), origin: start.origin, score: start.score } }),
    },
    ...(strokes.added && { added: plain(strokes.added) }),
    ...(strokes.erased && { erased: plain(strokes.erased) }),
    // The model's mask before strokes; where there are none, `rle` is it.
    ...(answer && (strokes.added || strokes.erased) && { answer: plain(answer.mask) }),
    score: answer?.score ?? start?.score ?? null,
    area: shape ? rleArea(shape) : 0,
    box: shape ? [...(rleBox(shape) ?? [])] : null,
    rle: shape && plain(shape),
  };
}

function plain({ size, counts }: PackedMask): { size: number[]; counts: string } {
  return { size: [...size], counts };
}
