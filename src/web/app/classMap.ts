/**
 * "Segment all classes", with a model that takes no prompts: each class that it finds becomes an object, in one step. The
 * names and colours of the model's classes become classes of the page.
 */
import { addObject, select } from '../document/edit.js';
import type { EngineModel } from '../engine/engine.js';
import { text } from '../text/en.js';
import { useClass } from './classes.js';
import { newSeed, step } from './edits.js';
import { dropIfBroken, readyEngine } from './engineControl.js';
import { isSame } from './everything.js';
import { say, sayError } from './messages.js';
import { packed } from './predictions.js';
import { document, opened, thinking } from './state.js';

type ModelClass = EngineModel['classes'][number];

export async function segmentAllClasses(): Promise<void> {
  const [engine, open] = [readyEngine(), opened.peek()];
  if (!open || thinking.peek()) return;
  if (!engine) {
    say(text.engine.notReady);
    return;
  }
  thinking.value = true;
  try {
    const masks = await engine.classes(open.key);
    if (opened.peek() !== open) return;
    const objects = document.peek()?.objects ?? [];
    const found = masks
      .map((mask) => ({ mask: packed(mask), ...classOf(engine.model, mask.classId) }))
      .filter(
        ({ mask, id }) =>
          !objects.some(({ shape, classId }) => classId === id && shape !== null && isSame(mask, shape)),
      );
    if (found.length > 0) {
      step((before) => {
        const all = found.reduce((now, { mask, id, name }) => {
          const taken = now.objects.some((one) => one.name === name);
          const seed = { ...newSeed(now), classId: id, ...(!taken && { name }) };
          return addObject(now, { ...seed, start: { mask, origin: 'automatic', score: null } });
        }, before);
        return select(all, null);
      });
    }
    say(text.classMap.found(found.length), text.everything.known(masks.length - found.length));
  } catch (error) {
    dropIfBroken(error);
    sayError(error);
  } finally {
    thinking.value = false;
  }
}

/** The class of the page for a class of the model. */
function classOf({ classes }: EngineModel, number: number): { readonly id: number; readonly name: string } {
  const known: ModelClass = classes.find(({ id }) => id === number) ?? { id: number };
  return useClass({ ...known, name: known.name ?? text.classes.fallback(number) });
}
