/**
 * The JSON with every prompt, in the words of `samus segment --json`: what was asked, what was drawn by hand, and the
 * masks that came, with all that decides them, so that a mask can be made again and corrected elsewhere.
 * `samus segment --prompts` reads it too.
 */
import type { Json } from '../../errors.js';
import { rleArea, rleBox } from '../../formats/rle.js';
import { hasPrompts, promptKey } from '../document/promptKey.js';
import type { Annotation, Answer, ClassEntry, ImageDocument, PackedMask } from '../document/types.js';

const NOTICE = 'Research use only, not for diagnosis.';

export interface NamedDocument {
  readonly path: string;
  readonly content: string;
  readonly document: ImageDocument;
}

export function promptsDocument(images: readonly NamedDocument[], classes: readonly ClassEntry[]): Json {
  const answers = images.flatMap(({ document }) => document.objects.flatMap((one) => currentAnswer(one)?.model ?? []));
  const [model = null, ...others] = new Set(answers);
  return {
    // Where several models answered, each object names its own.
    model: others.length === 0 ? model : null,
    notice: NOTICE,
    classes: classes.map(({ id, name, color }) => ({ id, name, color })),
    images: images.map(({ path, content, document }) => ({
      image: path,
      content,
      width: document.width,
      height: document.height,
      ...(document.scale && { spacing_mm: [...document.scale.mm] }),
      objects: document.objects.map((object) => objectEntry(object, classes)),
    })),
  };
}

function objectEntry(object: Annotation, classes: readonly ClassEntry[]): Json {
  const { name, classId, color, committed, points, box, start, multimask, strokes } = object;
  const answer = currentAnswer(object);
  // A mask beside prompts is read as their answer: one from before them is left out, and made again where it is read.
  const shape = answer || !hasPrompts(object) ? object.shape : null;
  const clicks = points.map(([x, y, label = 1]) => [x, y, label]);
  return {
    name,
    class: classId,
    className: classes.find(({ id }) => id === classId)?.name ?? null,
    ...(color !== null && { color }),
    committed,
    ...(answer && { model: answer.model }),
    points: clicks,
    prompt: {
      points: clicks,
      ...(!answer?.atOnce && { oneByOne: true }),
      ...(multimask !== undefined && { multimask }),
      ...(box && { box: [...box] }),
      ...(start && { start: { ...plain(start.mask), origin: start.origin, score: start.score } }),
    },
    ...(strokes.added && { added: plain(strokes.added) }),
    ...(strokes.erased && { erased: plain(strokes.erased) }),
    // The model's mask before strokes; where there are none and it is not empty, `rle` is it.
    ...(answer && (strokes.added || strokes.erased || !shape) && { answer: plain(answer.mask) }),
    score: answer?.score ?? (shape && start?.score) ?? null,
    area: shape ? rleArea(shape) : 0,
    box: shape ? [...(rleBox(shape) ?? [])] : null,
    rle: shape && plain(shape),
  };
}

/** The answer to the prompts as they are now. */
function currentAnswer(object: Annotation): Answer | null {
  return object.answer?.key === promptKey(object) ? object.answer : null;
}

function plain({ size, counts }: PackedMask): { size: number[]; counts: string } {
  return { size: [...size], counts };
}
