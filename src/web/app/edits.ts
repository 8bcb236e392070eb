/**
 * Changes the open document, either as a step that can be undone, or quietly where the user decided nothing (selection,
 * answers, visibility).
 */
import { addObject, freeName, type ObjectSeed, unanswered, withHiddenOf } from '../document/edit.js';
import { amend, type History, record, redo, undo } from '../document/history.js';
import type { Annotation, ImageDocument } from '../document/types.js';
import {
  active,
  cleanMasks,
  continued,
  currentClass,
  history,
  hover,
  objectsElsewhere,
  opened,
  playing,
} from './state.js';

export type Edit = (document: ImageDocument) => ImageDocument;

export function step(edit: Edit): void {
  const before = history.peek();
  if (!before) return;
  playing.value = false;
  hover.value = null;
  history.value = record(before, edit(before.present));
}

export function quietly(edit: Edit): void {
  const before = history.peek();
  if (before) history.value = amend(before, edit(before.present));
}

export const undoStep = (): void => travel(undo);
export const redoStep = (): void => travel(redo);

function travel(go: (steps: History<ImageDocument>) => History<ImageDocument>): void {
  const before = history.peek();
  playing.value = false;
  hover.value = null;
  if (!before) return;
  const after = go(before);
  history.value = amend(after, withHiddenOf(after.present, before.present));
}

/** `crypto.randomUUID` exists on secure origins only. */
export const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** The beginning of a new object of the current class, whose name no object of the file has. */
export function newSeed(document: ImageDocument): ObjectSeed & { readonly name: string } {
  const elsewhere = (opened.peek()?.file.frames ?? 1) > 1 ? objectsElsewhere.peek().map(({ name }) => name) : [];
  return { id: newId(), classId: currentClass.peek(), name: freeName(document, elsewhere) };
}

/**
 * Edits the selected object as one step. Without a selection, the step goes on with an object of another frame, or starts
 * a new one.
 */
export function stepOnActive(edit: (document: ImageDocument, id: string) => ImageDocument): void {
  const object = active.peek();
  if (object) {
    step((document) => edit(document, object.id));
    return;
  }
  step((document) => {
    const before = continued.peek();
    const isHere = document.objects.some(({ name }) => name === before?.name);
    const raw = !cleanMasks.peek() && { raw: true as const };
    const seed = { ...newSeed(document), ...(!isHere && before), ...raw };
    return edit(addObject(document, seed), seed.id);
  });
}

/** The next object to ask the model for. */
export function nextQuestion(mayAsk: (object: Annotation) => boolean): Annotation | undefined {
  const present = history.peek()?.present;
  return present && unanswered(present).find(mayAsk);
}
