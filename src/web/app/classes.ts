/**
 * The classes of objects. Stored, exported or undone work may refer to a class number, so the number of a removed class
 * is never reused.
 */
import { effect } from '@preact/signals';
import { classColor } from '../document/palette.js';
import type { ClassEntry, ImageDocument } from '../document/types.js';
import { text } from '../text/en.js';
import { contentOf } from './entries.js';
import { say } from './messages.js';
import { documentsOf } from './persist.js';
import { classes, currentClass, document, entries, FIRST_CLASSES, nextClass, removedClasses } from './state.js';

/** Starts restoring the classes of the open image. */
export function followClasses(): void {
  effect(() => {
    if (document.value) bringBack(document.value);
  });
}

/** Restores removed classes that objects use, after Undo or from stored annotations. */
export function bringBack({ objects }: ImageDocument): void {
  const used = new Set(objects.map(({ classId }) => classId));
  for (const { id } of classes.value) used.delete(id);
  if (used.size > 0) classes.value = sorted([...classes.peek(), ...[...used].map(broughtBack)]);
}

/** @returns its number, or undefined if all numbers are taken */
export function addClass(): number | undefined {
  const id = nextClass.peek();
  if (id === undefined) return undefined;
  classes.value = sorted([...classes.peek(), fallback(id)]);
  currentClass.value = id;
  return id;
}

/**
 * The class of this name, which becomes one of the page if there is none. The first class, while it has its first name and
 * no object of the open image, gives way.
 */
export function useClass({
  name,
  color,
  id: wanted,
}: Pick<ClassEntry, 'id' | 'name'> & Partial<ClassEntry>): ClassEntry {
  const known = classes.peek().find((one) => one.name === name);
  if (known) return known;
  const first = FIRST_CLASSES[0];
  const unused = !document.peek()?.objects.some(({ classId }) => classId === first.id);
  const rest = unused ? classes.peek().filter((one) => one.id !== first.id || one.name !== first.name) : classes.peek();
  const taken = new Set([...rest, ...removedClasses.peek()].map(({ id }) => id));
  const id = taken.has(wanted) ? (nextClass.peek() ?? first.id) : wanted;
  const entry = { id, name, color: color ?? classColor(id) };
  classes.value = sorted([...rest.filter((one) => one.id !== id), entry]);
  if (!classes.peek().some((one) => one.id === currentClass.peek())) currentClass.value = id;
  return entry;
}

export function changeClass(id: number, fields: Partial<ClassEntry>): void {
  classes.value = classes.peek().map((one) => (one.id === id ? { ...one, ...fields } : one));
}

/**
 * Rejects the name of another class, because other programs would merge the two.
 * @returns the resulting name
 */
export function renameClass({ id, name }: ClassEntry, wanted: string): string {
  const next = wanted.trim() || name;
  if (classes.peek().some((one) => one.id !== id && one.name === next)) {
    say(text.classes.taken(next));
    return name;
  }
  changeClass(id, { name: next });
  return next;
}

/** Removes a class unless an image of the list uses it or it is the only one. */
export async function removeClass(entry: ClassEntry): Promise<void> {
  const { id, name } = entry;
  for (const image of entries.peek()) {
    const content = await contentOf(image.id);
    const works = content === null ? [] : [...(await documentsOf(content)).values()];
    if (works.some(({ objects }) => objects.some(({ classId }) => classId === id))) {
      say(text.classes.inUse(name, image.name));
      return;
    }
  }
  // Other classes may have been removed in the meantime.
  const rest = classes.peek().filter((one) => one.id !== id);
  if (rest.length === 0) return;
  removedClasses.value = [...removedClasses.peek().filter((one) => one.id !== id), entry];
  classes.value = rest;
  if (currentClass.peek() === id) currentClass.value = rest[0]!.id;
}

/** A restored class, with its old name and colour unless another class has taken the name. */
export function broughtBack(id: number): ClassEntry {
  const before = removedClasses.peek().find((one) => one.id === id);
  const taken = classes.peek().some(({ name }) => name === before?.name);
  return before && !taken ? before : fallback(id);
}

/** A class of which only the number is known. */
export const fallback = (id: number): ClassEntry => ({
  id,
  name: text.classes.fallback(id),
  color: classColor(id),
});

const sorted = (all: readonly ClassEntry[]): readonly ClassEntry[] => all.toSorted((a, b) => a.id - b.id);
