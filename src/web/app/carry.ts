/** Carries prompts to the image or frame that was opened next. */
import { addObject, carried } from '../document/edit.js';
import { record } from '../document/history.js';
import type { ImageDocument } from '../document/types.js';
import { text } from '../text/en.js';
import { newId } from './edits.js';
import { say } from './messages.js';
import { continued, history } from './state.js';

/**
 * Copies names, classes and prompts to the open frame if it has no objects.
 * @param words what to say of that many objects
 */
export function carryFrom(before: ImageDocument, words: (objects: number) => string): void {
  const now = history.peek();
  if (!now || now.present.objects.length > 0) return;
  const { seeds, outside } = carried(before, now.present, newId);
  if (seeds.length + outside === 0) return;
  if (seeds.length > 0) {
    history.value = record(now, seeds.reduce<ImageDocument>(addObject, now.present));
    continued.value = null;
  }
  say(words(seeds.length), text.list.outside(outside));
}
