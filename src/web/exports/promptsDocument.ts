/**
 * Writes annotations as an annotation document (formats/annotation.ts) with every prompt, stroke and mask, so that
 * masks can be recreated and corrected elsewhere.
 */
import type { Json } from '../../errors.js';
import { type AnnotatedObject, annotationJson, type PromptedObject } from '../../formats/annotation.js';
import { hasPrompts } from '../../predict/prompts.js';
import { promptKey } from '../document/promptKey.js';
import type { Annotation, Answer, ClassEntry, ImageDocument } from '../document/types.js';

export interface NamedDocument {
  readonly path: string;
  readonly content: string;
  /** From 1; default 1. */
  readonly frame?: number;
  /** Of the file; default 1. */
  readonly frames?: number;
  readonly document: ImageDocument;
}

export function promptsDocument(images: readonly NamedDocument[], classes: readonly ClassEntry[]): Json {
  const answers = images.flatMap(({ document }) => document.objects.flatMap((one) => currentAnswer(one)?.model ?? []));
  const [model = null, ...others] = new Set(answers);
  return annotationJson({
    model: others.length === 0 ? model : null,
    classes,
    images: images.map(({ path, content, frame = 1, frames = 1, document: { width, height, scale, objects } }) => ({
      image: { path, content, ...(frames > 1 && { frame }) },
      ...(frames > 1 && { frames }),
      width,
      height,
      ...(scale && { spacingMm: scale.mm }),
      objects: objects.map(annotatedObject),
    })),
  });
}

function annotatedObject(object: Annotation): AnnotatedObject {
  const { committed, start, strokes } = object;
  const answer = currentAnswer(object);
  // A mask beside prompts is read as their answer. One from before them is left out; the reader asks again.
  const shape = answer || !hasPrompts(object) ? object.shape : null;
  return {
    ...prompted(object, answer),
    committed,
    // Without strokes, the mask is the answer, unless that is empty.
    ...(answer && (strokes.added || strokes.erased || !shape) && { answer: answer.mask }),
    score: answer?.score ?? (shape && start?.score) ?? null,
    ...(answer?.presence !== undefined && { presence: answer.presence }),
    // What a person draws is there.
    ...(answer?.absent && !shape && { absent: true }),
    ...(shape && { mask: shape }),
  };
}

function prompted(object: Annotation, answer: Answer | null): PromptedObject {
  const { name, classId, color, points, box, start, multimask, raw, strokes } = object;
  return {
    name,
    classId,
    ...(color !== null && { color }),
    ...(answer && { model: answer.model }),
    points,
    ...(!answer?.atOnce && { oneByOne: true }),
    ...(multimask !== undefined && { multimask }),
    ...(raw && { clean: false }),
    ...(box && { box }),
    ...(start && { guess: { rle: start.mask, origin: start.origin, score: start.score } }),
    ...(strokes.added && { added: strokes.added }),
    ...(strokes.erased && { erased: strokes.erased }),
  };
}

/** The answer to the prompts as they are now. */
function currentAnswer(object: Annotation): Answer | null {
  return object.answer?.key === promptKey(object) ? object.answer : null;
}
